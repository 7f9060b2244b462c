import { makeVector } from '../../src/gym/vector/make-vector.ts';
import type { VectorEnv } from '../../src/gym/vector/vector-env.ts';

const numEnvs = 64;
const vectorSteps = 12;
const rounds = 40;

/** Environment steps per second of a task in vectors of 64, and two threads against one. */
export interface VectorRates {
  /** In the calling thread. */
  readonly vector: number;
  /** In two worker threads. */
  readonly workers: number;
  /** Throughput of two worker threads over that of one. */
  readonly workers2: number;
}

/**
 * Measures a task by random actions. The three vectors take turns and go through the same steps in every round, from the same
 * seed; of each step the fastest round counts, which leaves out what else the machine does. Resets are left out.
 */
export async function vectorRates(id: string): Promise<VectorRates> {
  const open = [
    await makeVector(id, { numEnvs }),
    await makeVector(id, { numEnvs, mode: 'workers', workers: 1 }),
    await makeVector(id, { numEnvs, mode: 'workers', workers: 2 }),
  ] as const;
  try {
    open[0].actionSpace.seed(0);
    const actions = Array.from({ length: vectorSteps }, () => open[0].actionSpace.sample());
    const fastest = open.map(() => new Float64Array(vectorSteps).fill(Infinity));
    for (let round = 0; round < rounds; round++) {
      for (const [i, vector] of open.entries()) timeSteps(vector, actions, fastest[i] as Float64Array);
    }
    const [sync = 0, one = 0, two = 0] = fastest.map((times) => times.reduce((sum, time) => sum + time, 0));
    const rate = (milliseconds: number) => (1000 * numEnvs * vectorSteps) / milliseconds;
    return { vector: rate(sync), workers: rate(two), workers2: one / two };
  } finally {
    for (const vector of open) await vector.close();
  }
}

/** Steps a vector from its first state on, and keeps the fastest time of each step, milliseconds. */
function timeSteps(vector: VectorEnv, actions: readonly unknown[], fastest: Float64Array): void {
  vector.reset({ seed: 0 });
  for (const [i, action] of actions.entries()) {
    const start = performance.now();
    vector.step(action);
    fastest[i] = Math.min(fastest[i] as number, performance.now() - start);
  }
}
