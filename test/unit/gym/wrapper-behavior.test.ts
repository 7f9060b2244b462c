import { describe, expect, it } from 'vitest';
import { ConfigError, EnvCheckError, InvalidActionError, UsageError } from '../../../src/errors.ts';
import type { ResetOptions, ResetResult, StepResult } from '../../../src/gym/env.ts';
import type { Box } from '../../../src/gym/spaces/box.ts';
import { Autoreset } from '../../../src/gym/wrappers/autoreset.ts';
import { ClipAction } from '../../../src/gym/wrappers/clip-action.ts';
import { FilterObservation } from '../../../src/gym/wrappers/filter-observation.ts';
import { FrameStack } from '../../../src/gym/wrappers/frame-stack.ts';
import { NormalizeObservation } from '../../../src/gym/wrappers/normalize-observation.ts';
import { PassiveEnvChecker } from '../../../src/gym/wrappers/passive-env-checker.ts';
import { RecordEpisodeStatistics } from '../../../src/gym/wrappers/record-episode-statistics.ts';
import { RepeatAction } from '../../../src/gym/wrappers/repeat-action.ts';
import { RescaleAction } from '../../../src/gym/wrappers/rescale-action.ts';
import { StickyAction } from '../../../src/gym/wrappers/sticky-action.ts';
import { TimeAware } from '../../../src/gym/wrappers/time-aware.ts';
import { TimeLimit } from '../../../src/gym/wrappers/time-limit.ts';
import { TransformReward } from '../../../src/gym/wrappers/transform-reward.ts';
import { ToyEnv } from './toy-env.ts';

/** Starts at 0, moves by its action, and pays its position. */
class Line extends ToyEnv {
  readonly actions: number[] = [];

  override reset(options: ResetOptions = {}): ResetResult<Float32Array> {
    super.reset(options);
    this.position = 0;
    return { observation: new Float32Array([0]), info: { first: true } };
  }

  override step(action: Float32Array): StepResult<Float32Array> {
    this.actions.push(action[0] as number);
    const result = super.step(action);
    return { ...result, reward: this.position };
  }
}

const right = new Float32Array([0.1]);
const still = new Float32Array([0]);

describe('Autoreset', () => {
  it('answers the step after the end with the next first observation', () => {
    const env = new Autoreset(new TimeLimit(new Line(), 2));
    env.reset({ seed: 0 });
    env.step(right);
    expect(env.step(right)).toMatchObject({ truncated: true, observation: new Float32Array([0.2]) });
    expect(env.step(right)).toEqual({
      observation: new Float32Array([0]),
      reward: 0,
      terminated: false,
      truncated: false,
      info: { first: true },
    });
    expect(env.step(right).observation[0]).toBeCloseTo(0.1);
  });
});

describe('RecordEpisodeStatistics', () => {
  it('adds return and length to the last info, and keeps the latest', () => {
    let now = 0;
    const env = new RecordEpisodeStatistics(new TimeLimit(new Line(), 2), {
      bufferLength: 2,
      clock: () => now,
    });
    for (let episode = 0; episode < 3; episode++) {
      env.reset({ seed: episode });
      now += 5;
      expect(env.step(right).info.episode).toBeUndefined();
      const statistics = env.step(right).info.episode as { r: number; l: number; t: number };
      expect(statistics.r).toBeCloseTo(0.3);
      expect(statistics).toMatchObject({ l: 2, t: 5 });
    }
    expect(env.lengths).toEqual([2, 2]);
    expect(env.returns).toHaveLength(2);
    expect(env.episodeCount).toBe(3);
    expect(() => new RecordEpisodeStatistics(new Line(), { bufferLength: 0 })).toThrow(UsageError);
  });
});

describe('actions', () => {
  it('ClipAction clips to the bounds and leaves the given array alone', () => {
    const line = new Line();
    const env = new ClipAction(line);
    env.reset({ seed: 0 });
    const far = new Float32Array([7]);
    env.step(far);
    expect([...line.actions, ...far]).toEqual([Math.fround(0.1), 7]);
    expect(() => env.step(new Float32Array([Number.NaN]))).toThrow(InvalidActionError);
    for (const action of [undefined, null, 3, 'a', {}, [0], new Float64Array(1), new Float32Array(2)]) {
      expect(() => env.step(action as Float32Array)).toThrow(InvalidActionError);
    }
  });

  it('RescaleAction maps its range onto the bounds, ends on ends', () => {
    const line = new Line();
    const env = new RescaleAction(line, { minAction: -1, maxAction: 3 });
    env.reset({ seed: 0 });
    for (const value of [-1, 1, 3]) env.step(new Float32Array([value]));
    expect(line.actions[0]).toBe(Math.fround(-0.1));
    expect(line.actions[1]).toBeCloseTo(0, 7);
    expect(line.actions[2]).toBe(Math.fround(0.1));
    expect(() => env.step(new Float32Array([3.5]))).toThrow(InvalidActionError);
    expect(() => new RescaleAction(line, { minAction: 1, maxAction: 1 })).toThrow(UsageError);
    expect(() => new RescaleAction(new ClipAction(line))).toThrow(/bounded/);
  });

  it('RepeatAction repeats, adds the rewards and stops at the end', () => {
    const line = new Line();
    const env = new RepeatAction(new TimeLimit(line, 5), { repeats: 3 });
    env.reset({ seed: 0 });
    expect(env.step(right).reward).toBeCloseTo(0.1 + 0.2 + 0.3);
    expect(env.step(right)).toMatchObject({ truncated: true });
    expect(line.actions).toHaveLength(5);
    expect(() => new RepeatAction(line, { repeats: 1.5 })).toThrow(UsageError);
  });

  it('StickyAction repeats the action before at its rate, the same for one seed', () => {
    const taken = (seed: number) => {
      const line = new Line();
      const env = new StickyAction(line, { repeatActionProbability: 0.25 });
      env.reset({ seed });
      for (let i = 0; i < 400; i++) env.step(new Float32Array([i / 4000]));
      return line.actions;
    };
    const first = taken(1);
    const stuck = first.slice(1).filter((action, i) => action === first[i]).length / 399;
    expect(first).toEqual(taken(1));
    expect(first).not.toEqual(taken(2));
    // every given action is another one, so that each repeat shows; 0.25 within 4 standard errors
    expect(stuck).toBeGreaterThan(0.16);
    expect(stuck).toBeLessThan(0.34);
    expect(() => new StickyAction(new Line(), { repeatActionProbability: 1 })).toThrow(UsageError);
  });

  it('StickyAction goes on for its duration', () => {
    const line = new Line();
    const env = new StickyAction(line, { repeatActionProbability: 0.99, repeatActionDuration: 3 });
    env.reset({ seed: 0 });
    for (let i = 0; i < 4; i++) env.step(i === 0 ? right : still);
    expect(line.actions).toEqual(Array.from({ length: 4 }, () => Math.fround(0.1)));
  });
});

describe('observations', () => {
  it('NormalizeObservation keeps the running mean and variance, and freezes', () => {
    const env = new NormalizeObservation(new Line());
    env.reset({ seed: 0 });
    for (let i = 0; i < 4; i++) env.step(right);
    // observed: 0, 0.1, 0.2, 0.3, 0.4, and the prior's weight of 1e-4
    expect(env.statistics.mean[0]).toBeCloseTo(0.2, 4);
    expect(env.statistics.variance[0]).toBeCloseTo(0.02, 4);
    expect(env.statistics.count).toBeCloseTo(5.0001);
    env.updateRunningMean = false;
    const frozen = env.statistics;
    const expected = (0.5 - (frozen.mean[0] as number)) / Math.sqrt((frozen.variance[0] as number) + 1e-8);
    expect(env.step(right).observation[0]).toBeCloseTo(expected, 4);
    expect(env.statistics).toEqual(frozen);
    const again = new NormalizeObservation(new Line(), { statistics: frozen, updateRunningMean: false });
    expect(again.reset({ seed: 0 }).observation).toEqual(env.reset({ seed: 0 }).observation);
    const narrow = { mean: [0], variance: [-1], count: 1 };
    expect(() => new NormalizeObservation(new Line(), { statistics: narrow })).toThrow(ConfigError);
  });

  it('FrameStack stacks the latest, oldest first, padded by the first or by zeros', () => {
    const stack = (paddingType: 'reset' | 'zero') => {
      const env = new FrameStack(new ToyEnv(), { stackSize: 3, paddingType });
      const start = (env.reset({ seed: 3 }).observation as Float32Array).at(-1) as number;
      const after = env.step(right).observation as Float32Array;
      return { start, stack: [...after] };
    };
    const repeated = stack('reset');
    expect(repeated.stack.slice(0, 2)).toEqual([repeated.start, repeated.start]);
    expect(repeated.stack[2]).toBeCloseTo(repeated.start + 0.1);
    expect(stack('zero').stack[0]).toBe(0);
    expect(new FrameStack(new ToyEnv(), { stackSize: 3 }).observationSpace.shape).toEqual([3, 1]);
    expect(() => new FrameStack(new ToyEnv(), { stackSize: 0 })).toThrow(UsageError);
  });

  it('TimeAware tells the share of the time limit', () => {
    const limited = () => {
      const env = new TimeLimit(new Line(), 4);
      return Object.defineProperty(env, 'spec', {
        value: { id: 'Line-v0', maxEpisodeSteps: 4 },
      }) as typeof env;
    };
    const env = new TimeAware(limited());
    env.reset({ seed: 0 });
    env.step(right);
    expect([...(env.step(right).observation as Float32Array)]).toEqual([Math.fround(0.2), 0.5]);
    expect((env.observationSpace as Box).shape).toEqual([2]);
    const named = new TimeAware(limited(), { flatten: false, normalizeTime: false });
    named.reset({ seed: 0 });
    expect(named.step(right).observation).toEqual({ obs: right, time: new Int32Array([1]) });
    expect(() => new TimeAware(new Line())).toThrow(/time limit/);
  });

  it('FilterObservation refuses what it cannot filter', () => {
    expect(() => new FilterObservation(new Line() as never, { filterKeys: ['x'] })).toThrow(/needs a Dict/);
  });
});

describe('TransformReward', () => {
  it('transforms the reward only', () => {
    const env = new TransformReward(new Line(), { func: (reward) => 10 * reward });
    env.reset({ seed: 0 });
    const { observation, reward } = env.step(right);
    expect(reward).toBeCloseTo(1);
    expect(observation[0]).toBeCloseTo(0.1);
  });
});

describe('PassiveEnvChecker', () => {
  class Strays extends ToyEnv {
    override reset(): ResetResult<Float32Array> {
      return { observation: new Float32Array([5]), info: {} };
    }
  }
  class PaysNothing extends ToyEnv {
    override step(action: Float32Array): StepResult<Float32Array> {
      return { ...super.step(action), reward: Number.NaN };
    }
  }

  it('finds a breach at the first reset and the first step', () => {
    expect(() => new PassiveEnvChecker(new Strays()).reset({ seed: 0 })).toThrow(EnvCheckError);
    const env = new PassiveEnvChecker(new PaysNothing());
    env.reset({ seed: 0 });
    expect(() => env.step(right)).toThrow(/reward.*not a finite number/);
  });

  it('leaves the generators of the spaces alone', () => {
    const env = new ToyEnv();
    env.actionSpace.seed(7);
    const expected = env.actionSpace.sample();
    env.actionSpace.seed(7);
    expect(new PassiveEnvChecker(env).actionSpace.sample()).toEqual(expected);
  });

  it('looks at the first step only', () => {
    const env = new PassiveEnvChecker(new PaysNothing());
    env.reset({ seed: 0 });
    expect(() => env.step(right)).toThrow(EnvCheckError);
    expect(env.step(right).reward).toBeNaN();
  });

  it('refuses metadata that is incomplete', () => {
    const env = Object.assign(new ToyEnv(), { metadata: { renderModes: 'svg', renderFps: 10 } });
    expect(() => new PassiveEnvChecker(env as unknown as ToyEnv)).toThrow(/metadata/);
  });
});
