import { makeVector } from '../../src/gym/vector/make-vector.ts';
import type { VectorEnv } from '../../src/gym/vector/vector-env.ts';

const numEnvs = 64;
/** Different batches of random actions, played in turns. */
const batches = 16;
const vectorSteps = 10;
const rounds = 20;

/** Environment steps per second of a task in vectors of 64, and two threads against one. */
export interface VectorRates {
  /** In the calling thread. */
  readonly vector: number;
  /** In two worker threads. */
  readonly workers: number;
  /** Throughput of two worker threads over that of one: the fastest rounds of each. */
  readonly workers2: number;
  /** The same as the median of rounds beside each other, which what else the machine does disturbs more. */
  readonly workers2Paired: readonly number[];
}

/** Measures a task by random actions, autoreset included; the three vectors take turns. */
export async function vectorRates(id: string): Promise<VectorRates> {
  const open = [
    await makeVector(id, { numEnvs }),
    await makeVector(id, { numEnvs, mode: 'workers', workers: 1 }),
    await makeVector(id, { numEnvs, mode: 'workers', workers: 2 }),
  ] as const;
  try {
    const times: [number[], number[], number[]] = [[], [], []];
    for (const vector of open) {
      vector.reset({ seed: 0 });
      vector.actionSpace.seed(0);
    }
    const actions = Array.from({ length: batches }, () => open[0].actionSpace.sample());
    for (const vector of open) timeSteps(vector, actions);
    for (let round = 0; round < rounds; round++) {
      for (const [i, vector] of open.entries()) times[i]?.push(timeSteps(vector, actions));
    }
    const [sync, one, two] = times;
    const rate = (durations: readonly number[]) => (1000 * numEnvs * vectorSteps) / Math.min(...durations);
    return {
      vector: rate(sync),
      workers: rate(two),
      workers2: Math.min(...one) / Math.min(...two),
      workers2Paired: one.map((duration, i) => duration / (two[i] as number)),
    };
  } finally {
    for (const vector of open) await vector.close();
  }
}

/** Steps a vector for a while; milliseconds. */
function timeSteps(vector: VectorEnv, actions: readonly unknown[]): number {
  const start = performance.now();
  for (let i = 0; i < vectorSteps; i++) vector.step(actions[i % batches]);
  return performance.now() - start;
}
