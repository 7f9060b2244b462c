import { BackendError } from '../../errors.ts';
import { tf } from '../tf.ts';
import type { KernelModule } from './kernel-module.ts';

/** Bytes of scratch memory that each thread has for packing. */
export const SCRATCH_BYTES = 2 << 20;
/** Bytes of the control block (the layout is in assembly/threads.ts). */
export const CONTROL_BYTES = 64;
/** Words of the control block that are touched from here. */
const BELL = 8;
const STOPPED = 9;

/** A region never has more tasks than fit beside the epoch in the ticket. */
const MOST_TASKS = 240;
/** Tasks per thread: enough that a thread that was descheduled does not hold up the others for long. */
const TASKS_PER_THREAD = 6;
/** Polls of a worker before it sleeps: about 2 ms. */
const WORKER_SPINS = 200_000;
/** Polls between two looks at the clock while the caller waits. */
const CALLER_SPINS = 50_000;

/**
 * The whole program of a worker thread. Kept as text, since a module would need a file of its own in every bundle;
 * everything else that a worker does is inside the WebAssembly module.
 */
const workerProgram = `
const run = async ({ module, memory, control, scratch, spins }, reply) => {
  const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
  reply('ready');
  exports.workerLoop(control, scratch, spins);
};
if (typeof self === 'undefined') {
  const { workerData, parentPort } = require('node:worker_threads');
  run(workerData, (message) => parentPort.postMessage(message));
} else {
  self.onmessage = ({ data }) => run(data, (message) => self.postMessage(message));
}
`;

interface Thread {
  terminate(): void;
}

/** What a worker is started with. */
interface WorkerStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: number;
  readonly scratch: number;
  readonly spins: number;
}

/** Starts a worker and resolves when it is ready for work; `onDeath` is called when it ends or fails later. */
async function startThread(start: WorkerStart, onDeath: (cause: unknown) => void): Promise<Thread> {
  if (typeof process !== 'undefined' && process.versions?.node) {
    const { Worker } = await import('node:worker_threads');
    // without an own environment or arguments: a thread must not inherit loaders that the parent was started with
    const worker = new Worker(workerProgram, { eval: true, workerData: start, execArgv: [], name: 'simd' });
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.on('error', (cause) => {
        reject(cause);
        onDeath(cause);
      });
      worker.on('exit', (code) => {
        reject(new Error(`the worker ended with code ${code}`));
        onDeath(new Error(`the worker ended with code ${code}`));
      });
    });
    worker.unref(); // only now: before its message nothing else might keep the process alive
    return { terminate: () => void worker.terminate() };
  }
  const url = URL.createObjectURL(new Blob([workerProgram], { type: 'text/javascript' }));
  const worker = new Worker(url, { name: 'simd' });
  await new Promise<void>((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = (event) => {
      const cause = new Error(event.message);
      reject(cause);
      onDeath(cause);
    };
    worker.postMessage(start);
  });
  URL.revokeObjectURL(url);
  return { terminate: () => worker.terminate() };
}

/**
 * Runs kernels, alone or together with worker threads. The calling thread always takes part and never sleeps, so
 * it may be a page. A worker that sleeps or is slow to wake delays nothing: it only takes tasks that are left.
 */
export class WorkerPool {
  readonly #kernels: KernelModule;
  readonly #control: number;
  readonly #scratch: number;
  readonly #words: Int32Array;
  readonly #patienceMs: number;
  readonly #threads: Thread[] = [];
  #failure: BackendError | undefined;
  #stopping = false;

  private constructor(kernels: KernelModule, control: number, scratch: number, patienceMs: number) {
    this.#kernels = kernels;
    this.#control = control;
    this.#scratch = scratch;
    this.#patienceMs = patienceMs;
    this.#words = new Int32Array(kernels.memory.buffer, control, CONTROL_BYTES / 4);
  }

  /**
   * Starts threads - 1 workers.
   *
   * @param place - offsets of the control block and of one scratch block per thread.
   * @param patienceMs - how long a worker may take to finish its part before it is taken for dead.
   * @throws BackendError when a worker cannot be started.
   */
  static async start(
    kernels: KernelModule,
    place: { readonly control: number; readonly scratch: readonly number[] },
    patienceMs = 60_000,
  ): Promise<WorkerPool> {
    const [first, ...others] = place.scratch;
    const pool = new WorkerPool(kernels, place.control, first as number, patienceMs);
    const { module, memory } = kernels;
    const onDeath = (cause: unknown) => {
      if (!pool.#stopping) pool.#fail('a worker thread of the simd backend died', cause);
    };
    try {
      const started = others.map((scratch) =>
        startThread({ module, memory, control: place.control, scratch, spins: WORKER_SPINS }, onDeath),
      );
      pool.#threads.push(...(await Promise.all(started)));
    } catch (cause) {
      pool.stop();
      throw new BackendError(
        {
          what: 'a worker thread of the simd backend could not be started',
          remedy: 'use fewer threads (1 needs no worker)',
        },
        { cause },
      );
    }
    return pool;
  }

  /** The number of threads that work, the calling one included. */
  get threads(): number {
    return this.#threads.length + 1;
  }

  /** The caller's scratch block, for kernels that are given one in their arguments. */
  get scratch(): number {
    return this.#scratch;
  }

  /**
   * Runs a kernel over units 0 .. units-1.
   *
   * @param argumentsAt - byte offset of its argument words.
   * @param shared - false keeps it on this thread: it is too small to be worth sharing.
   * @throws BackendError when a worker died; the numbers of this and later kernels would not be complete.
   */
  run(kernel: number, argumentsAt: number, units: number, shared: boolean): void {
    const { exports } = this.#kernels;
    const threads = this.#threads.length + 1;
    if (!shared || threads === 1 || units < 2) {
      exports.runHere(kernel, argumentsAt, units, this.#scratch);
      return;
    }
    if (this.#failure !== undefined) throw this.#failure;
    const chunk = Math.ceil(units / Math.min(units, threads * TASKS_PER_THREAD, MOST_TASKS));
    const tasks = Math.ceil(units / chunk);
    exports.runShared(this.#control, kernel, argumentsAt, units, chunk, tasks, this.#scratch);
    if (exports.finished(this.#control, CALLER_SPINS) === 0) this.#await();
  }

  #await(): void {
    const since = tf.util.now();
    while (this.#kernels.exports.finished(this.#control, CALLER_SPINS) === 0) {
      if (tf.util.now() - since < this.#patienceMs) continue;
      this.#fail(`a worker thread of the simd backend did not finish within ${this.#patienceMs / 1000} s`);
      throw this.#failure as BackendError;
    }
  }

  #fail(what: string, cause?: unknown): void {
    this.#failure ??= new BackendError(
      {
        what,
        ...(cause instanceof Error ? { found: cause.message } : {}),
        remedy: 'start again, with fewer threads if it was memory that ran out; results so far are complete',
      },
      { cause },
    );
  }

  /** Ends the workers; kernels then run on the calling thread alone. */
  stop(): void {
    this.#stopping = true;
    Atomics.store(this.#words, STOPPED, 1);
    Atomics.add(this.#words, BELL, 1);
    if (this.#kernels.shared) Atomics.notify(this.#words, BELL);
    for (const thread of this.#threads) thread.terminate();
    this.#threads.length = 0;
  }
}
