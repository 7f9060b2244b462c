import type { Worker } from 'node:worker_threads';
import { UsageError, WorkerDiedError } from '../src/errors.ts';
import { registrationModule } from '../src/gym/registry.ts';
import { type SentError, unpackError } from '../src/gym/vector/worker-error.ts';
import { spawnWorker } from '../src/spawn-worker.ts';
import type { Demonstration, DemonstrationOrder } from './demonstration.ts';

/** What a demonstrating thread is started with. */
export interface DemonstrationWorkerData {
  readonly envId: string;
  /** URL of the module that registers the environment. */
  readonly module: string;
}

/** Asks a thread for one demonstration. */
export interface DemonstrationWorkerRequest {
  /** Its place among the orders. */
  readonly at: number;
  readonly order: DemonstrationOrder;
}

/** A thread's answer. */
export type DemonstrationWorkerMessage =
  | { readonly at: number; readonly made: Demonstration }
  | { readonly at: number; readonly failed: SentError };

/** Orders that a thread is ahead of what was taken, so that it does not wait for the next one, nor fill the memory. */
const ahead = 8;

/**
 * Makes demonstrations on worker threads and yields them in the order asked for, whichever thread made them.
 *
 * @param count - number of threads, at least 1.
 * @throws the error of the first demonstration that fails; WorkerDiedError when a thread ends. All threads are ended then, and
 * when the caller stops iterating.
 */
export async function* demonstrateOnWorkers(
  envId: string,
  orders: readonly DemonstrationOrder[],
  count: number,
): AsyncGenerator<Demonstration> {
  const module = registrationModule(envId);
  if (module === null) {
    throw new UsageError({
      what: `'${envId}' cannot be demonstrated in a worker: nothing says which module registers it`,
      remedy: 'register({ …, module: import.meta.url }), or collect with 1 worker',
    });
  }
  const finished = new Map<number, DemonstrationWorkerMessage>();
  let died: Error | null = null;
  let wake = () => {};
  let next = 0;
  let taken = 0;
  const give = (worker: Worker) => {
    const order = orders[next];
    if (order === undefined) return;
    worker.postMessage({ at: next, order } satisfies DemonstrationWorkerRequest);
    next++;
  };
  const workers = Array.from({ length: count }, (_, i) => {
    const workerData: DemonstrationWorkerData = { envId, module };
    const worker = spawnWorker('./demonstration-worker', import.meta.url, { workerData });
    const die = (cause: unknown) => {
      died ??= new WorkerDiedError(
        { what: 'A demonstrating thread has ended', where: `worker ${i}`, found: String(cause) },
        { cause },
      );
      wake();
    };
    worker.on('error', die);
    worker.on('exit', (code) => die(`exit code ${code}`));
    return worker;
  });
  const idle: Worker[] = [];
  const employ = () => {
    while (idle.length > 0 && next < orders.length && next - taken < ahead * count) {
      give(idle.pop() as Worker);
    }
  };
  for (const worker of workers) {
    worker.on('message', (message: DemonstrationWorkerMessage) => {
      finished.set(message.at, message);
      idle.push(worker);
      employ();
      wake();
    });
    idle.push(worker);
  }
  try {
    for (; taken < orders.length; taken++) {
      employ();
      while (!finished.has(taken)) {
        if (died !== null) throw died;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const message = finished.get(taken) as DemonstrationWorkerMessage;
      finished.delete(taken);
      if ('failed' in message) throw unpackError(message.failed);
      yield message.made;
    }
  } finally {
    for (const worker of workers) worker.removeAllListeners();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
