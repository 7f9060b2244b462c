import { beforeAll, describe, expect, it } from 'vitest';
import { Avoiding } from '../../../envs/avoiding/env.ts';
import { obstacles, rodRadius } from '../../../envs/avoiding/layout.ts';
import { modeNames } from '../../../envs/avoiding/modes.ts';
import { ConfigError, InvalidActionError } from '../../../src/errors.ts';
import { loadPhysics } from '../../../src/physics/planar-world.ts';
import { Rng } from '../../../src/random.ts';
import { fitResponse } from './fit-response.ts';

const bound = 0.0125;

/** Steps towards a point, both axes at full speed, until the command is there. */
function towards(env: Avoiding, x: number, y: number) {
  let result = env.step(new Float32Array(2));
  for (;;) {
    const [commandedX = 0, commandedY = 0] = result.observation;
    const dx = Math.max(-bound, Math.min(bound, x - commandedX));
    const dy = Math.max(-bound, Math.min(bound, y - commandedY));
    if (result.terminated || Math.hypot(dx, dy) < 1e-6) return result;
    result = env.step(new Float32Array([dx, dy]));
  }
}

function clearance(observation: Float32Array): number {
  const [, , x = 0, y = 0] = observation;
  return Math.min(...obstacles.map((o) => Math.hypot(x - o.x, y - o.y) - o.radius - rodRadius));
}

beforeAll(loadPhysics);

describe('Avoiding', () => {
  it('starts at rest at (0.525, -0.28), whatever the seed', () => {
    const env = new Avoiding();
    for (const seed of [0, 1, 99]) {
      const { info, observation } = env.reset({ seed });
      expect(observation).toEqual(new Float32Array([0.525, -0.28, 0.525, -0.28]));
      expect(info).toEqual({
        outcome: { success: false, mode: null, distance: expect.closeTo(0.63, 6) },
        touched: null,
      });
    }
    const { observation } = env.step(new Float32Array(2));
    expect(observation).toEqual(new Float32Array([0.525, -0.28, 0.525, -0.28]));
    env.close();
  });

  it('adds actions to the command, and observes after the physics', () => {
    const env = new Avoiding();
    env.reset();
    const { observation } = env.step(new Float32Array([0.0125, -0.005]));
    expect(observation[0]).toBeCloseTo(0.5375, 6);
    expect(observation[1]).toBeCloseTo(-0.285, 6);
    // the published recurrences from rest: 0.112 and 0.053 of the command's change
    expect(((observation[2] ?? 0) - 0.525) / 0.0125).toBeCloseTo(0.112, 2);
    expect(((observation[3] ?? 0) + 0.28) / -0.005).toBeCloseTo(0.053, 2);
    env.close();
  });

  it('keeps the command on the table', () => {
    const env = new Avoiding();
    env.reset();
    for (let i = 0; i < 40; i++) env.step(new Float32Array([0.0125, -0.0125]));
    const { observation } = env.step(new Float32Array([0.0125, -0.0125]));
    expect(observation.slice(0, 2)).toEqual(new Float32Array([0.9, -0.4]));
    expect(env.observationSpace.explain(observation)).toBeNull();
    env.close();
  });

  it('fails at a touch, and names the obstacle', () => {
    const env = new Avoiding();
    env.reset();
    towards(env, 0.5, -0.28);
    const result = towards(env, 0.5, 0.1);
    expect(result).toMatchObject({ terminated: true, truncated: false, reward: 0 });
    expect(result.info).toMatchObject({ touched: 'level 1', outcome: { success: false, mode: null } });
    env.close();
  });

  it('succeeds beyond the finish line, once, with the mode of the way taken', () => {
    const env = new Avoiding({ terminateOnSuccess: false });
    env.reset();
    towards(env, 0.58, -0.1);
    towards(env, 0.68, 0.08);
    towards(env, 0.72, 0.26);
    let rewards = 0;
    let crossedAt = 0;
    for (let i = 1; i <= 20; i++) {
      const { info, observation, reward, terminated } = env.step(new Float32Array([0, 0.008]));
      rewards += reward;
      expect(terminated).toBe(false);
      if (crossedAt === 0 && (observation[3] ?? 0) > 0.35) crossedAt = i;
      expect(info.outcome).toMatchObject({ success: crossedAt > 0 });
    }
    expect(crossedAt).toBeGreaterThan(0);
    expect(rewards).toBe(1);
    expect(env.outcome()).toEqual({ success: true, mode: modeNames.indexOf('R-right-4'), distance: 0 });
    env.close();
  });

  it('ends at success by default', () => {
    const env = new Avoiding();
    env.reset();
    towards(env, 0.58, -0.1);
    towards(env, 0.68, 0.08);
    towards(env, 0.72, 0.26);
    expect(towards(env, 0.72, 0.5)).toMatchObject({ terminated: true, reward: 1 });
    expect(env.outcome().success).toBe(true);
    env.close();
  });

  it('lets a success stand when the rod comes back and touches something', () => {
    const env = new Avoiding({ terminateOnSuccess: false });
    env.reset();
    towards(env, 0.58, -0.1);
    towards(env, 0.68, 0.08);
    towards(env, 0.72, 0.26);
    towards(env, 0.72, 0.45);
    towards(env, 0.65, 0.45);
    const result = towards(env, 0.65, 0.2);
    expect(result.terminated).toBe(false);
    expect(result.info).toMatchObject({ touched: null, outcome: { success: true } });
    env.close();
  });

  it('sees every touch in the step in which it happens, however the rod is driven', () => {
    const env = new Avoiding();
    const rng = Rng.fromSeed(5);
    let touches = 0;
    for (let episode = 0; episode < 60; episode++) {
      env.reset();
      const heading = rng.uniform(-0.7, 0.7);
      for (let i = 0; i < 80; i++) {
        const dx = bound * Math.max(-1, Math.min(1, heading + rng.normal(0, 0.8)));
        const { info, observation, terminated } = env.step(new Float32Array([dx, bound]));
        if (terminated) {
          touches += info.touched === null ? 0 : 1;
          break;
        }
        // what is missed is a graze between two sub-steps, a fraction of a millimetre deep
        expect(clearance(observation)).toBeGreaterThan(0);
      }
    }
    expect(touches).toBeGreaterThan(30);
    env.close();
  });

  it('answers its command with the frequencies and damping that were measured on the real arm, within 5 %', () => {
    const env = new Avoiding();
    const observations: Float32Array[] = [env.reset().observation];
    const rng = Rng.fromSeed(1);
    let dx = 0;
    for (let i = 0; i < 120; i++) {
      if (i % 8 === 0) dx = rng.uniform(-bound, bound);
      // in front of the obstacles, where nothing is touched
      const dy = i % 40 < 20 ? -0.004 : 0.004;
      const { observation, terminated } = env.step(new Float32Array([dx, dy]));
      expect(terminated).toBe(false);
      observations.push(observation);
    }
    const axis = (index: number) => observations.map((row) => row[index] as number);
    const x = fitResponse(axis(0), axis(2), env.dtSeconds);
    const y = fitResponse(axis(1), axis(3), env.dtSeconds);
    expect(Math.abs(x.naturalFrequency / 10.1 - 1)).toBeLessThan(0.05);
    expect(Math.abs(x.dampingRatio / 0.27 - 1)).toBeLessThan(0.05);
    expect(Math.abs(y.naturalFrequency / 6.7 - 1)).toBeLessThan(0.05);
    expect(Math.abs(y.dampingRatio / 0.21 - 1)).toBeLessThan(0.05);
    env.close();
  });

  it('repeats itself bit by bit, after whatever went before', () => {
    const env = new Avoiding();
    const run = () => {
      const rng = Rng.fromSeed(3);
      env.reset({ seed: 3 });
      const hashes = [env.stateHash()];
      for (let i = 0; i < 60; i++) {
        env.step(new Float32Array([rng.uniform(-bound, bound), rng.uniform(0, bound)]));
        hashes.push(env.stateHash());
      }
      return hashes;
    };
    const first = run();
    expect(run()).toEqual(first);
    expect(new Set(first).size).toBe(first.length);
    env.close();
  });

  it('ends in the recorded state, on every machine, after 60 actions that end pressed against an obstacle', () => {
    const env = new Avoiding();
    let { info } = env.reset();
    for (let i = 0; i < 60; i++) {
      // exact in single precision, so that nothing but the simulator decides
      info = env.step(new Float32Array([i % 8 < 4 ? -0.01171875 : 0.01171875, 0.0078125])).info;
    }
    expect(info.touched).toBe('level 1');
    expect(env.stateHash()).toBe('f92b1a26e7720d2f');
    env.close();
  });

  it('shows the rod where it is, among the parts of its scene', () => {
    const env = new Avoiding();
    env.reset();
    const { observation } = env.step(new Float32Array([0.01, 0.01]));
    const poses = new Float32Array(3 * env.scene.movingParts);
    env.poses(poses);
    expect(poses).toEqual(new Float32Array([observation[2] ?? 0, observation[3] ?? 0, 0]));
    expect(env.scene.parts.filter(({ role }) => role === 'obstacle')).toHaveLength(6);
    expect(env.scene.parts.filter(({ poseIndex }) => poseIndex === 0).map(({ name }) => name)).toEqual([
      'rod',
    ]);
    env.close();
  });

  it.each([
    [new Float32Array([0, Number.NaN]), /index 1: NaN/],
    [new Float32Array([0.013, 0]), /index 0: 0\.013.* is above the upper bound 0\.0125/],
    [new Float32Array([0, -Infinity]), /index 1: -Infinity is below/],
    [new Float32Array(3), /expected length 2/],
    [[0, 0] as unknown as Float32Array, /expected a Float32Array of length 2, found a plain array/],
  ])('refuses the action %o and leaves the episode as it was', (action, reason) => {
    const env = new Avoiding();
    env.reset();
    env.step(new Float32Array([0.01, 0.01]));
    const before = env.stateHash();
    expect(() => env.step(action)).toThrow(InvalidActionError);
    expect(() => env.step(action)).toThrow(reason);
    expect(env.stateHash()).toBe(before);
    env.close();
  });

  it('refuses arguments that it does not have', () => {
    expect(() => new Avoiding({ terminateOnSucces: false })).toThrow(ConfigError);
    expect(() => new Avoiding({ terminateOnSucces: false })).toThrow("did you mean 'terminateOnSuccess'?");
    expect(() => new Avoiding({ terminateOnSuccess: 'no' })).toThrow(/expected: a boolean/);
  });

  it.each([-1, 1.5, Number.NaN])('refuses the seed %d', (seed) => {
    const env = new Avoiding();
    expect(() => env.reset({ seed })).toThrow(/seed is not a whole number/);
    env.close();
  });
});
