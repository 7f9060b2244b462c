import '../../envs/index.ts';
import { makeTask } from '../../envs/task.ts';
import type { Box } from '../../src/gym/spaces/box.ts';
import { Rng } from '../../src/random.ts';

/** What one thread did. */
export interface SimRun {
  readonly microsecondsPerStep: number;
  /** State after the last step: equal for equal numbers of steps, whichever thread ran them. */
  readonly stateHash: string;
}

/** Runs episodes of random actions, the last number of each not negative, resets included, for a number of steps. */
export async function simulate(steps: number, id = 'Avoiding-v0'): Promise<SimRun> {
  const { env, task } = await makeTask(id);
  const rng = Rng.fromSeed(0);
  const { high, size } = env.actionSpace as Box;
  const action = new Float32Array(size);
  env.reset({ seed: 0 });
  const start = performance.now();
  for (let i = 0; i < steps; i++) {
    for (let j = 0; j < size; j++) {
      const bound = high[j] as number;
      action[j] = rng.uniform(j === size - 1 ? 0 : -bound, bound);
    }
    const { terminated, truncated } = env.step(action);
    if (terminated || truncated) env.reset();
  }
  const microsecondsPerStep = ((performance.now() - start) * 1000) / steps;
  const stateHash = task.stateHash();
  env.close();
  return { microsecondsPerStep, stateHash };
}
