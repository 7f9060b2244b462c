import { describe, expect, it } from 'vitest';
import '../../../envs/index.ts';
import { demonstratedEnvs, demonstratorFor } from '../../../demos/demonstrator.ts';
import { makeTask } from '../../../envs/task.ts';
import { behaviorEntropy } from '../../../src/eval/metrics.ts';
import { list } from '../../../src/gym/registry.ts';
import { Rng } from '../../../src/random.ts';

/** Episodes of each task, shared by its modes; more are measured in demos/README.md. */
const episodes = 12;
/** Tasks whose demonstrator does not bring off every attempt; demos/README.md says how many. */
const needsSecondAttempt = new Set(['Aligning-v0']);

it('knows a demonstrator for every registered environment', () => {
  expect([...demonstratedEnvs()].sort()).toEqual(list().map(({ id }) => id));
});

describe.each([...demonstratedEnvs()])('the demonstrator of %s', (envId) => {
  it('solves the task in the mode asked for, from any start, within the time limit and the bounds', async () => {
    const demonstrator = await demonstratorFor(envId);
    const { env, task } = await makeTask(envId, { kwargs: demonstrator.envKwargs });
    const counts = new Array<number>(task.behavior.modes.length).fill(0);
    const startsPerMode = Math.ceil(episodes / task.behavior.modes.length);
    const attempt = (mode: number, seed: number, rng: Rng) => {
      let { observation } = env.reset({ seed });
      const pilot = demonstrator.begin({ task, mode, rng, trunk: 1 });
      for (let ended = false; !ended; ) {
        const action = pilot.act(observation);
        if (action === null) break;
        const step = env.step(action);
        observation = step.observation;
        ended = step.terminated || step.truncated;
      }
      return task.outcome();
    };
    for (let mode = 0; mode < task.behavior.modes.length; mode++) {
      for (let start = 0; start < startsPerMode; start++) {
        const rng = Rng.fromSeed(7).fork(mode).fork(start);
        const seed = rng.fork('env').seed();
        let outcome = attempt(mode, seed, rng.fork('pilot'));
        if (!outcome.success && needsSecondAttempt.has(envId)) {
          outcome = attempt(mode, seed, rng.fork('pilot').fork('again'));
        }
        expect(outcome, `mode ${task.behavior.modes[mode]}, start ${start}`).toMatchObject({
          success: true,
          mode,
        });
        counts[mode] = (counts[mode] ?? 0) + 1;
      }
    }
    // asked for in equal shares they come in equal shares
    expect(behaviorEntropy(counts)).toBeCloseTo(1, 9);
    env.close();
  });
});
