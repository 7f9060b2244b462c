import '../../envs/index.ts';
import { makeTask } from '../../envs/task.ts';
import { Rng } from '../../src/random.ts';

/** What one thread did. */
export interface SimRun {
  readonly microsecondsPerStep: number;
  /** State after the last step: equal for equal numbers of steps, whichever thread ran them. */
  readonly stateHash: string;
}

/** Runs episodes of random actions in Avoiding-v0, resets included, for a number of steps. */
export async function simulate(steps: number): Promise<SimRun> {
  const { env, task } = await makeTask('Avoiding-v0');
  const rng = Rng.fromSeed(0);
  const action = new Float32Array(2);
  env.reset({ seed: 0 });
  const start = performance.now();
  for (let i = 0; i < steps; i++) {
    action[0] = rng.uniform(-0.0125, 0.0125);
    action[1] = rng.uniform(0, 0.0125);
    const { terminated, truncated } = env.step(action);
    if (terminated || truncated) env.reset();
  }
  const microsecondsPerStep = ((performance.now() - start) * 1000) / steps;
  const stateHash = task.stateHash();
  env.close();
  return { microsecondsPerStep, stateHash };
}
