import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads';
import { UsageError, WorkerDiedError } from '../../errors.ts';
import { spawnWorker } from '../../spawn-worker.ts';
import type { Env, RenderFrame, ResetOptions } from '../env.ts';
import type { InfoBatch } from './info-batch.ts';
import { InfoCellReader } from './info-cells.ts';
import type { MemberBatch } from './member-batch.ts';
import { command, control, layOut, type SharedMemory } from './shared-memory.ts';
import { VectorBase } from './vector-base.ts';
import type { AutoresetMode } from './vector-env.ts';
import type {
  VectorWorkerData,
  VectorWorkerMessage,
  VectorWorkerReady,
  VectorWorkerRequest,
} from './vector-worker.ts';
import { unpackError } from './worker-error.ts';

/** How long the main thread sleeps before it looks whether a silent worker still runs, milliseconds. */
const LIVENESS_MILLISECONDS = 1000;

/** What a {@link WorkerVectorEnv} is made of. */
export interface WorkerVectorEnvOptions {
  readonly numEnvs: number;
  /** Number of threads; at most one per environment. */
  readonly workers: number;
  readonly autoreset: AutoresetMode;
  /** Modules that each worker imports so that the environment is registered there. */
  readonly modules: readonly string[];
}

/** A worker and the environments `first .. first + count - 1` that it runs. */
interface Crew {
  readonly worker: Worker;
  readonly first: number;
  readonly count: number;
  /** Control words; see `shared-memory.ts`. */
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly infos: InfoCellReader;
  readonly port: MessagePort;
  received: number;
}

/**
 * N environments divided among worker threads. Observations, actions, rewards, flags and infos lie in shared memory;
 * a call writes the actions, wakes the workers and sleeps until the last of them is done. Which worker runs which
 * environment changes no number.
 */
export class WorkerVectorEnv extends VectorBase {
  readonly #crews: readonly Crew[];
  readonly #pending: Int32Array<SharedArrayBuffer>;
  readonly #actions: MemberBatch;
  #died: WorkerDiedError | null = null;

  private constructor(
    single: Env,
    options: WorkerVectorEnvOptions & {
      readonly crews: readonly Crew[];
      readonly memory: SharedMemory;
      readonly pending: Int32Array<SharedArrayBuffer>;
    },
  ) {
    const { autoreset, crews, memory, numEnvs, pending } = options;
    super(single, { numEnvs, autoreset, sets: memory.sets });
    this.#crews = crews;
    this.#pending = pending;
    this.#actions = memory.actions;
    for (const [i, { worker }] of crews.entries()) {
      worker.on('error', (error) => this.#noteDeath(i, error));
      worker.on('exit', () => this.#noteDeath(i));
    }
  }

  /**
   * Starts the threads and makes the environments in them.
   *
   * @param single - an environment like them, made in this thread; it is closed.
   * @throws UsageError when a count or the mode is none, or the spaces have no fixed size; what `make` throws in a worker.
   */
  static async open(single: Env, options: WorkerVectorEnvOptions): Promise<WorkerVectorEnv> {
    const { numEnvs, workers } = options;
    const pending = new Int32Array(new SharedArrayBuffer(4));
    const crews: Crew[] = [];
    try {
      const spaces = { observation: single.observationSpace, action: single.actionSpace };
      const memory = layOut(spaces, numEnvs);
      for (let i = 0; i < workers; i++) {
        const first = Math.floor((i * numEnvs) / workers);
        const count = Math.floor(((i + 1) * numEnvs) / workers) - first;
        crews.push(hire(single, { ...options, first, count, memory, pending }));
      }
      const vector = new WorkerVectorEnv(single, { ...options, crews, memory, pending });
      await Promise.all(crews.map(({ worker }) => ready(worker)));
      for (const { worker } of crews) {
        // a script that forgets to close the vector may still end
        worker.unref();
        // the first reading keeps the loop's start, without which later ones tell nothing
        worker.performance.eventLoopUtilization();
      }
      return vector;
    } catch (error) {
      await Promise.all(crews.map(({ worker }) => worker.removeAllListeners().terminate()));
      throw error;
    } finally {
      single.close();
    }
  }

  #noteDeath(i: number, cause?: unknown): void {
    const { count, first } = this.#crews[i] as Crew;
    this.#died ??= new WorkerDiedError(
      {
        what: 'A worker thread of the vector has ended',
        where: `worker ${i}, environments ${first} to ${first + count - 1}`,
        ...(cause === undefined
          ? {}
          : { found: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) }),
        remedy:
          'close the vector and make a new one; a task must neither end the process nor exhaust its memory',
      },
      { cause },
    );
  }

  #requireAlive(): void {
    for (const [i, { words }] of this.#crews.entries()) {
      if (Atomics.load(words, control.dead) === 1) this.#noteDeath(i);
    }
    if (this.#died !== null) throw this.#died;
  }

  /** Gives all workers a command and sleeps until the last one is done. */
  #run(which: 0 | 1, code: number): void {
    this.#requireAlive();
    Atomics.store(this.#pending, 0, this.#crews.length);
    for (const { words } of this.#crews) {
      words[control.command] = code;
      words[control.which] = which;
      Atomics.add(words, control.sequence, 1);
      Atomics.notify(words, control.sequence);
    }
    for (;;) {
      const left = Atomics.load(this.#pending, 0);
      if (left <= 0) break;
      if (Atomics.wait(this.#pending, 0, left, LIVENESS_MILLISECONDS) === 'timed-out') this.#requireRunning();
    }
    this.#requireAlive();
  }

  /** A thread that was ended from outside, such as for lack of memory, says nothing; its loop's idle time is then -1. */
  #requireRunning(): void {
    for (const [i, { worker }] of this.#crews.entries()) {
      if (worker.performance.eventLoopUtilization().idle < 0)
        this.#noteDeath(i, 'the thread fell silent, as one does that runs out of memory');
    }
    this.#requireAlive();
  }

  /** Takes in what the workers have posted during a call. */
  #collect(which: 0 | 1): readonly RenderFrame[] {
    const frames: RenderFrame[] = [];
    for (const crew of this.#crews) {
      const posted = Atomics.load(crew.words, control.posted);
      for (; crew.received < posted; crew.received++) {
        const message = receiveMessageOnPort(crew.port)?.message as VectorWorkerMessage;
        if (message.kind === 'failure') this.failure(message.env, unpackError(message.error));
        else if (message.kind === 'frames') frames.push(...message.frames);
        else if (message.kind === 'broken') throw unpackError(message.error);
        else crew.infos.receive(which, message);
      }
    }
    return frames;
  }

  protected resetInto(which: 0 | 1, options: readonly (ResetOptions | null)[]): void {
    this.#requireAlive();
    for (const { count, first, infos, port } of this.#crews) {
      infos.begin(which);
      port.postMessage({ reset: options.slice(first, first + count) } satisfies VectorWorkerRequest);
    }
    this.#run(which, command.reset);
    this.#collect(which);
  }

  protected stepInto(which: 0 | 1, actions: unknown): void {
    for (const { infos } of this.#crews) infos.begin(which);
    this.#actions.writeAll(actions);
    this.#run(which, command.step);
    this.#collect(which);
  }

  /** Rebuilds the infos from the shared cells, when they are first looked at. */
  protected override gatherInfos(which: 0 | 1, batch: InfoBatch): void {
    for (const { count, first, infos } of this.#crews) {
      for (let env = first; env < first + count; env++) {
        const info = infos.read(which, env);
        if (info !== null) batch.set(env, info);
      }
    }
  }

  render(): readonly RenderFrame[] {
    this.requireOpen();
    this.#run(0, command.render);
    return this.#collect(0);
  }

  protected async release(): Promise<void> {
    for (const { worker } of this.#crews) {
      worker.removeAllListeners();
      // an error of a thread that is ending anyway concerns nobody
      worker.on('error', () => {});
    }
    try {
      this.#run(0, command.close);
    } catch {
      // a thread that has died cannot close its environments; what it held went with it
    }
    await Promise.all(this.#crews.map(({ worker }) => worker.terminate()));
    for (const { port } of this.#crews) port.close();
  }
}

function hire(
  single: Env,
  options: WorkerVectorEnvOptions & {
    readonly first: number;
    readonly count: number;
    readonly memory: SharedMemory;
    readonly pending: Int32Array<SharedArrayBuffer>;
  },
): Crew {
  const { autoreset, count, first, memory, modules, numEnvs, pending } = options;
  if (single.spec === null) {
    throw new UsageError({
      what: 'An environment without a spec cannot be made again in a worker',
      remedy: 'register it, and make the vector by its id',
    });
  }
  const words = new Int32Array(new SharedArrayBuffer(control.words * 4));
  const channel = new MessageChannel();
  const data: VectorWorkerData = {
    modules,
    spec: single.spec.toJSON(),
    renderMode: single.renderMode ?? null,
    autoreset,
    numEnvs,
    first,
    count,
    buffers: memory.buffers,
    words,
    pending,
    port: channel.port2,
  };
  const worker = spawnWorker('./vector-worker', import.meta.url, {
    workerData: data,
    transferList: [channel.port2],
  });
  const infos = new InfoCellReader(memory.cells);
  return { worker, first, count, words, infos, port: channel.port1, received: 0 };
}

/** Waits until a worker has made its environments. */
function ready(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('message', (message: VectorWorkerReady) => {
      if ('failed' in message) reject(unpackError(message.failed));
      else resolve();
    });
    worker.once('error', reject);
    worker.once('exit', (code) => {
      reject(new WorkerDiedError({ what: `A worker thread ended with code ${code} before it was ready` }));
    });
  });
}
