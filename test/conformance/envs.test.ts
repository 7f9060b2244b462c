import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import '../../envs/index.ts';
import { makeTask } from '../../envs/task.ts';
import { InvalidActionError, ResetNeededError, UsageError } from '../../src/errors.ts';
import { checkEnv } from '../../src/gym/check-env.ts';
import type { ResetOptions } from '../../src/gym/env.ts';
import { list, make } from '../../src/gym/registry.ts';
import type { Box } from '../../src/gym/spaces/box.ts';
import { spaceFromJSON } from '../../src/gym/spaces/from-json.ts';

/** What every registered environment owes: registering one gives it these tests. */
describe.each(list().map(({ id }) => id))('%s', (id) => {
  it('passes the checks of checkEnv without a warning', async () => {
    expect(checkEnv(await make(id), { seed: 1, steps: 100 }).warnings).toEqual([]);
  });

  it('gives the same trajectory in two copies, over 50 random steps and across resets', async () => {
    const copies = [await makeTask(id), await makeTask(id)] as const;
    const runs = copies.map(({ env, task }) => {
      env.actionSpace.seed(4);
      env.reset({ seed: 4 });
      const trajectory: unknown[] = [];
      for (let i = 0; i < 50; i++) {
        const result = env.step(env.actionSpace.sample());
        trajectory.push([...result.observation], result.reward, result.info, task.stateHash());
        if (result.terminated || result.truncated) trajectory.push([...env.reset().observation]);
      }
      env.close();
      return trajectory;
    });
    expect(runs[1]).toEqual(runs[0]);
  });

  it('is truncated at its time limit when nothing else ends it', async () => {
    const { env } = await makeTask(id, { maxEpisodeSteps: 5 });
    env.reset({ seed: 0 });
    const zero = new Float32Array((env.actionSpace as Box).size);
    const ends = Array.from({ length: 5 }, () => env.step(zero));
    expect(ends.map(({ truncated }) => truncated)).toEqual([false, false, false, false, true]);
    env.close();
  });

  it('describes itself: modes, contexts, names, scene, outcome, state', async () => {
    const { env, task } = await makeTask(id);
    expect(new Set(task.behavior.modes).size).toBe(task.behavior.modes.length);
    expect(task.contexts.length).toBeGreaterThan(0);
    for (const { options } of task.contexts) {
      const { observation, info } = env.reset({ seed: 0, options });
      expect(observation).toHaveLength(task.observationNames.length);
      expect(info.outcome).toEqual(task.outcome());
      expect(task.outcome()).toMatchObject({ success: false });
      expect(task.stateHash()).toMatch(/^[0-9a-f]{16}$/);
    }
    expect(env.actionSpace.sample()).toHaveLength(task.actionNames.length);
    expect(task.dtSeconds).toBeCloseTo(1 / task.metadata.renderFps, 9);
    const { parts, movingParts } = task.scene;
    const moving = parts.flatMap(({ poseIndex }) => (poseIndex === undefined ? [] : [poseIndex]));
    expect(moving.sort()).toEqual(Array.from({ length: movingParts }, (_, i) => i));
    const poses = new Float32Array(3 * movingParts);
    task.poses(poses);
    for (const { name, poseIndex, poseInWorld } of parts) {
      if (poseIndex === undefined) continue;
      // the engine keeps an angle as its sine and cosine, so that it comes back to single precision only
      poseInWorld.forEach((value, axis) => {
        expect(poses[3 * poseIndex + axis], `${name}, axis ${axis}`).toBeCloseTo(value, 6);
      });
    }
    env.close();
  });

  it('starts from an evaluation context by its number or name, and from no other', async () => {
    const { env, task } = await makeTask(id);
    const last = task.contexts.length - 1;
    const wanted = env.reset({ seed: 0, options: task.contexts[last]?.options ?? {} });
    for (const context of [last, task.contexts[last]?.name]) {
      expect(env.reset({ seed: 0, options: { context } })).toEqual(wanted);
    }
    for (const context of [last + 1, -1, 0.5, 'nowhere', null]) {
      expect(() => env.reset({ options: { context } }), String(context)).toThrow(UsageError);
    }
    expect(() => env.reset({ options: { context: 0, other: 1 } })).toThrow(
      /reset options\.context[\s\S]*other/,
    );
    expect(() => env.reset({ options: { contxt: 0 } })).toThrow(/'contxt'/);
    env.close();
  });

  it('refuses actions, seeds, arguments and calls that are none, by errors that name them', async () => {
    const { env } = await makeTask(id);
    const { high, size } = env.actionSpace as Box;
    const zero = new Float32Array(size);
    expect(() => env.step(zero)).toThrow(ResetNeededError);
    env.reset({ seed: 0 });
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      [undefined, /Float32Array of length/],
      [[...zero], /Float32Array.*plain array/],
      [new Float64Array(size), /Float32Array.*Float64Array/],
      [new Float32Array(size + 1), new RegExp(`length ${size}.*${size + 1}`)],
      [new Float32Array(size).fill(Number.NaN), /index 0.*NaN/],
      [new Float32Array(size).fill(Infinity), /index 0.*above the upper bound/],
      [Float32Array.from(high, (bound) => 1.01 * bound), /index 0.*above the upper bound/],
    ];
    for (const [action, message] of wrong) {
      expect(() => env.step(action as Float32Array), String(action)).toThrow(InvalidActionError);
      expect(() => env.step(action as Float32Array), String(action)).toThrow(message);
    }
    for (const seed of [-1, 0.5, Number.NaN, '1']) {
      expect(() => env.reset({ seed: seed as number }), String(seed)).toThrow(/seed[\s\S]*integer/);
    }
    for (const options of [null, 5, { sead: 1 }, { options: null }, { options: [1] }, { options: 'left' }]) {
      expect(() => env.reset(options as ResetOptions), JSON.stringify(options)).toThrow(UsageError);
    }
    // what was refused has changed nothing
    expect(env.step(zero).terminated).toBe(false);
    env.close();
    expect(() => env.step(zero)).toThrow(/after close/);
    await expect(makeTask(id, { kwargs: { nonsense: 1 } })).rejects.toThrow(/'nonsense'/);
    await expect(makeTask(id, { maxEpisodeSteps: 0 })).rejects.toThrow(UsageError);
  });

  it('has spaces and a spec that survive JSON', async () => {
    const env = await make(id);
    for (const space of [env.observationSpace, env.actionSpace]) {
      expect(spaceFromJSON(JSON.parse(JSON.stringify(space))).toJSON()).toEqual(space.toJSON());
    }
    const again = await make(JSON.parse(JSON.stringify(env.spec)));
    expect(again.spec).toEqual(env.spec);
    env.close();
    again.close();
  });

  it('has a README with the agreed sections in their order, and a line for its version', () => {
    const folder = id
      .replace(/\d*-v\d+$/, '')
      .replace(/(?<!^)([A-Z])/g, '-$1')
      .toLowerCase();
    const readme = readFileSync(new URL(`../../envs/${folder}/README.md`, import.meta.url), 'utf8');
    const sections = [
      'Description',
      'Action Space',
      'Observation Space',
      'Rewards',
      'Starting State',
      'Episode End',
      'Success',
      'Modes',
      'Arguments',
      'Version History',
    ];
    const headings = [...readme.matchAll(/^## (.+)$/gm)].map((match) => match[1] ?? '');
    expect(headings.filter((heading) => sections.includes(heading))).toEqual(sections);
    // a family in several sizes, such as Sorting2 and Sorting4, has one README
    expect(readme.split('\n')[0]).toMatch(new RegExp(`^# (.+, )?${id}(, .+)?$`));
    expect(readme).toContain(`- ${id.slice(id.lastIndexOf('v'))}:`);
  });
});
