import '../../envs/index.ts';
import { demonstratorFor } from '../../demos/demonstrator.ts';
import type { Task } from '../../envs/task.ts';
import { list, make } from '../../src/gym/registry.ts';
import type { Box } from '../../src/gym/spaces/box.ts';
import { Rng } from '../../src/random.ts';

/** Demonstrated modes of a task, spread over all of them; those of long tasks are enough at one. */
const demonstrations = 4;
const longTask = 500;
/** Seeds and steps of the episodes of random actions. */
const wanders = 4;
const wanderSteps = 100;

/**
 * Runs demonstrations of every registered task, and episodes of random actions that go on after contacts and successes, and
 * writes down the state hash and the bits of the observation after every step. Runs unchanged in Node, in a worker and in a
 * browser.
 */
export async function trajectories(): Promise<string[]> {
  const lines: string[] = [];
  for (const { id } of list()) lines.push(id, ...(await trajectoriesOf(id)));
  return lines;
}

async function trajectoriesOf(id: string): Promise<string[]> {
  const demonstrator = await demonstratorFor(id);
  const env = await make(id, { kwargs: demonstrator.envKwargs, maxEpisodeSteps: null });
  // below the wrappers, which would end an episode where this goes on
  const task = env.unwrapped as Task;
  const lines: string[] = [];
  const write = (observation: Float32Array) => {
    const bits = new Uint32Array(observation.slice().buffer);
    lines.push(`${task.stateHash()} ${[...bits].join(' ')}`);
  };
  const { length } = task.behavior.modes;
  const limit = list().find((spec) => spec.id === id)?.maxEpisodeSteps ?? longTask;
  const count = limit >= longTask ? 1 : demonstrations;
  for (let i = 0; i < Math.min(count, length); i++) {
    const mode = Math.floor(((2 * i + 1) * length) / (2 * Math.min(count, length)));
    let { observation } = task.reset({ seed: mode });
    const pilot = demonstrator.begin({ task, mode, rng: Rng.fromSeed(11).fork(mode), trunk: 1 });
    for (let ended = false, steps = 0; !ended && steps < limit; steps++) {
      const action = pilot.act(observation);
      if (action === null) break;
      const step = task.step(action);
      observation = step.observation;
      ended = step.terminated;
      write(observation);
    }
  }
  const { high, low, size } = task.actionSpace as Box;
  for (let seed = 0; seed < wanders; seed++) {
    task.reset({ seed });
    const rng = Rng.fromSeed(seed);
    // on and on after the first contact, pressed against what was hit
    for (let i = 0; i < wanderSteps; i++) {
      const action = Float32Array.from({ length: size }, (_, axis) =>
        rng.uniform(low[axis] as number, high[axis] as number),
      );
      // ahead, to where things are
      if (size === 2 && low[1] !== 0) action[1] = Math.abs(action[1] as number);
      write(task.step(action).observation);
    }
  }
  task.close();
  return lines;
}
