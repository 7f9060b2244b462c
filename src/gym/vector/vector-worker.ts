import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { importOwnModule } from '../../own-module.ts';
import type { Env, RenderFrame, ResetOptions } from '../env.ts';
import type { EnvSpecFields } from '../env-spec.ts';
import { make } from '../registry.ts';
import { InfoCellWriter, type InfoMessage } from './info-cells.ts';
import { type LaneListener, Lanes } from './lanes.ts';
import { command, control, layOut } from './shared-memory.ts';
import type { AutoresetMode } from './vector-env.ts';
import { packError, type SentError } from './worker-error.ts';

/** What a worker is started with. */
export interface VectorWorkerData {
  /** Modules to import so that the environment is registered. */
  readonly modules: readonly string[];
  readonly spec: EnvSpecFields;
  readonly renderMode: string | null;
  readonly autoreset: AutoresetMode;
  /** Environments of the whole vector. */
  readonly numEnvs: number;
  /** Index of this worker's first environment. */
  readonly first: number;
  /** Environments of this worker. */
  readonly count: number;
  /** Memory of the whole vector. */
  readonly buffers: readonly SharedArrayBuffer[];
  /** This worker's control words. */
  readonly words: Int32Array<SharedArrayBuffer>;
  /** Commands that main thread and all workers have under way; shape [1]. */
  readonly pending: Int32Array<SharedArrayBuffer>;
  readonly port: MessagePort;
}

/** Arguments of a command, posted before it is given. */
export interface VectorWorkerRequest {
  readonly reset: readonly (ResetOptions | null)[];
}

/** What a worker posts. */
export type VectorWorkerMessage =
  | InfoMessage
  | { readonly kind: 'failure'; readonly env: number; readonly error: SentError }
  | { readonly kind: 'frames'; readonly frames: readonly RenderFrame[] }
  | { readonly kind: 'broken'; readonly error: SentError };

/** Whether the worker's environments are ready, the one message that its parent hears as an event. */
export type VectorWorkerReady = { readonly ready: true } | { readonly failed: SentError };

const parent = parentPort;
if (parent === null) throw new Error('vector-worker runs in a worker thread only');
const data = workerData as VectorWorkerData;

const { words } = data;
let busy = false;

/** Tells the main thread that this worker has done its part of the call. */
function done(): void {
  busy = false;
  if (Atomics.sub(data.pending, 0, 1) <= 1) Atomics.notify(data.pending, 0);
}

// whatever ends the thread, the main thread must not wait for it
process.on('exit', () => {
  Atomics.store(words, control.dead, 1);
  if (busy) done();
});

function post(message: VectorWorkerMessage): void {
  data.port.postMessage(message);
  Atomics.add(words, control.posted, 1);
}

/** Waits for commands and carries them out, until it is told to close. */
function serve(envs: readonly Env[], memory: ReturnType<typeof layOut>): void {
  const lanes = new Lanes(envs, memory.sets, { mode: data.autoreset, first: data.first });
  const infos = new InfoCellWriter(memory.cells[0], data, post);
  const listener: LaneListener = {
    info: (env, info) => infos.write(env, info),
    failure: (env, error) => post({ kind: 'failure', env, error: packError(error) }),
  };
  let sequence = 0;
  for (;;) {
    Atomics.wait(words, control.sequence, sequence);
    sequence = Atomics.load(words, control.sequence);
    busy = true;
    const which = words[control.which] === 0 ? 0 : 1;
    infos.begin(memory.cells[which]);
    switch (words[control.command]) {
      case command.reset: {
        const request = receiveMessageOnPort(data.port)?.message as VectorWorkerRequest;
        lanes.reset(which, request.reset, listener);
        break;
      }
      case command.step:
        lanes.step(which, memory.actions, listener);
        break;
      case command.render:
        try {
          post({ kind: 'frames', frames: lanes.render() });
        } catch (error) {
          post({ kind: 'broken', error: packError(error) });
        }
        break;
      default:
        lanes.close();
        done();
        return;
    }
    done();
  }
}

async function start(): Promise<void> {
  for (const module of data.modules) await importOwnModule(module);
  const options = data.renderMode === null ? {} : { renderMode: data.renderMode };
  const envs: Env[] = [];
  for (let i = 0; i < data.count; i++) envs.push(await make(data.spec, options));
  const [single] = envs as [Env];
  const spaces = { observation: single.observationSpace, action: single.actionSpace };
  const memory = layOut(spaces, data.numEnvs, data.buffers);
  parent?.postMessage({ ready: true } satisfies VectorWorkerReady);
  serve(envs, memory);
  data.port.close();
}

start().catch((error: unknown) => {
  parent.postMessage({ failed: packError(error) } satisfies VectorWorkerReady);
});
