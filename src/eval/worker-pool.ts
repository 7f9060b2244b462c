import type { Worker } from 'node:worker_threads';
import { type ErrorReport, ModewiseError } from '../errors.ts';
import type { EnvKwargs } from '../gym/registry.ts';
import { spawnWorker } from '../spawn-worker.ts';
import type { EpisodeRow, RolloutId } from './rollout.ts';

/** What a rollout worker is started with. */
export interface RolloutWorkerData {
  readonly runDirectory: string;
  readonly envId: string;
  readonly envKwargs: EnvKwargs;
  /** URL of the module that registers the environment; null where that is not known. */
  readonly module: string | null;
  readonly seed: number;
  readonly overrides: Readonly<Record<string, unknown>>;
}

/** Asks a worker for one episode. */
export interface RolloutWorkerRequest {
  readonly id: RolloutId;
}

/** A worker's answer. */
export type RolloutWorkerMessage =
  | { readonly row: EpisodeRow }
  | { readonly failure: { readonly report?: ErrorReport; readonly stack?: string } };

/** Episodes a worker holds at a time: one running, one waiting, so that it never idles for a message. */
const IN_FLIGHT = 2;

function toError(failure: { readonly report?: ErrorReport; readonly stack?: string }): Error {
  if (failure.report !== undefined) return new ModewiseError(failure.report);
  return new Error(`an evaluation worker failed:\n${failure.stack ?? 'no reason given'}`);
}

/**
 * Runs episodes on worker threads. Which worker runs which episode is left to chance and changes no number.
 *
 * @param plan - the episodes to run.
 * @param count - number of threads, at least 1.
 * @param options - `signal` stops handing out episodes: those begun are finished. `onRow` hears of each as it ends.
 * @throws the first error of a worker; all workers are ended then.
 */
export async function runOnWorkers(
  plan: readonly RolloutId[],
  count: number,
  options: {
    readonly data: RolloutWorkerData;
    readonly signal?: AbortSignal;
    onRow(row: EpisodeRow): void;
  },
): Promise<void> {
  let next = 0;
  const workers: Worker[] = [];
  const drive = (worker: Worker) =>
    new Promise<void>((resolve, reject) => {
      let inFlight = 0;
      const refill = () => {
        while (inFlight < IN_FLIGHT && next < plan.length && options.signal?.aborted !== true) {
          const id = plan[next++];
          if (id === undefined) break;
          inFlight++;
          worker.postMessage({ id } satisfies RolloutWorkerRequest);
        }
        if (inFlight === 0) resolve();
      };
      worker.on('message', (message: RolloutWorkerMessage) => {
        if ('failure' in message) {
          reject(toError(message.failure));
          return;
        }
        inFlight--;
        options.onRow(message.row);
        refill();
      });
      worker.on('error', reject);
      worker.on('exit', (code) => reject(new Error(`an evaluation worker ended early with code ${code}`)));
      refill();
    });
  try {
    for (let i = 0; i < count; i++) {
      workers.push(spawnWorker('./rollout-worker', import.meta.url, { workerData: options.data }));
    }
    await Promise.all(workers.map(drive));
  } finally {
    for (const worker of workers) worker.removeAllListeners('exit');
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
