import { avoidingDemonstrator } from '../../demos/avoiding.ts';
import { blockPushDemonstrator } from '../../demos/block-push.ts';
import type { Demonstrator } from '../../demos/demonstrator.ts';
import { pushingDemonstrator } from '../../demos/pushing.ts';
import { reachDemonstrator } from '../../demos/reach.ts';
import { sortingDemonstrator } from '../../demos/sorting.ts';
import { loadAvoiding } from '../../envs/avoiding/env.ts';
import { loadBlockPush } from '../../envs/block-push/env.ts';
import { loadPushing } from '../../envs/pushing/env.ts';
import { loadReach } from '../../envs/reach/env.ts';
import { loadSorting } from '../../envs/sorting/env.ts';
import type { Task } from '../../envs/task.ts';
import { EnvSpec } from '../../src/gym/env-spec.ts';
import type { EnvFactory } from '../../src/gym/registry.ts';
import type { Box } from '../../src/gym/spaces/box.ts';
import { Rng } from '../../src/random.ts';

/** Which demonstrations are run: one per mode named here. */
const runs: readonly (readonly [() => Promise<EnvFactory>, Demonstrator, readonly number[]])[] = [
  [loadAvoiding, avoidingDemonstrator, [0, 5, 10, 13, 18, 23]],
  [loadReach, reachDemonstrator, [0, 1]],
  [loadPushing, pushingDemonstrator, [0, 1, 2, 3]],
  [() => loadSorting(1), sortingDemonstrator(1), [1]],
  [() => loadSorting(2), sortingDemonstrator(2), [3]],
  [() => loadSorting(3), sortingDemonstrator(3), [7]],
  [loadBlockPush, blockPushDemonstrator, [0, 2]],
];

/**
 * Runs demonstrations of every task, and episodes of random actions that go on after contacts and successes, and writes
 * down the state hash and the bits of the observation after every step. Runs unchanged in Node, in a worker and in a
 * browser.
 */
export async function trajectories(): Promise<string[]> {
  const lines: string[] = [];
  const write = (task: Task, observation: Float32Array) => {
    const bits = new Uint32Array(observation.slice().buffer);
    lines.push(`${task.stateHash()} ${[...bits].join(' ')}`);
  };
  for (const [load, demonstrator, modes] of runs) {
    const { envId, envKwargs } = demonstrator;
    const factory = await load();
    const task = factory(envKwargs, new EnvSpec({ id: envId }), null) as Task;
    for (const mode of modes) {
      let { observation } = task.reset({ seed: mode });
      const rng = Rng.fromSeed(11).fork(mode);
      const pilot = demonstrator.begin({ task, mode, rng, trunk: 1 });
      for (let ended = false; !ended; ) {
        const action = pilot.act(observation);
        if (action === null) break;
        const step = task.step(action);
        observation = step.observation;
        ended = step.terminated;
        write(task, observation);
      }
    }
    const { high } = task.actionSpace as Box;
    const [x = 0, y = 0] = high;
    for (const seed of [0, 1, 2, 3]) {
      task.reset({ seed });
      const rng = Rng.fromSeed(seed);
      // on and on after the first contact, pressed against what was hit
      for (let i = 0; i < 100; i++) {
        const action = new Float32Array([rng.uniform(-x, x), rng.uniform(-0.16 * y, y)]);
        write(task, task.step(action).observation);
      }
    }
    task.close();
  }
  return lines;
}
