import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ErrorReport } from '../errors.ts';
import type { BackendName } from '../tensor/backends/driver.ts';
import type { CellSpec } from './plan.ts';

/** What a process is asked to do: one cell. */
export interface CellJob {
  readonly spec: CellSpec;
  /** The environment as the suite names it. */
  readonly reference: string;
  readonly cell: string;
  readonly data: string;
  readonly backend: BackendName | 'auto';
  readonly threads: number;
}

/** What the parent sends to the process of a cell. */
export type CellRequest = { readonly job: CellJob } | { readonly stop: true };

/** What the process of a cell answers. */
export type CellMessage =
  | { readonly phase: string; readonly share: number }
  | { readonly ended: 'done' | 'stopped' }
  | { readonly ended: 'failed'; readonly failure: ErrorReport };

/** How a cell ended. */
export type CellEnd =
  | { readonly status: 'done' | 'stopped' }
  | { readonly status: 'failed'; readonly failure: ErrorReport };

/** How cells are run on processes. */
export interface ProcessOptions {
  /** Processes at a time. */
  readonly count: number;
  /** Module that each process runs: it takes a {@link CellRequest} and sends {@link CellMessage}s. */
  readonly entry: URL;
  /** Aborted: nothing new is begun, and what runs is asked to save and stop. */
  readonly signal: AbortSignal;
  readonly onProgress: (job: CellJob, phase: string, share: number) => void;
  readonly onEnd: (job: CellJob, end: CellEnd) => void;
}

/** Characters of a process's complaints that are kept for the case that it ends without an answer. */
const KEPT_CHARACTERS = 2000;

function diedOf(code: number | null, signal: string | null, complaints: string): CellEnd {
  const found = signal === null ? `exit code ${code}` : `signal ${signal}`;
  return {
    status: 'failed',
    failure: {
      what: 'The process of the cell ended before it was done',
      found: [found, complaints.trim()].filter((part) => part !== '').join(': '),
      remedy: 'look for a lack of memory; --resume tries it again',
    },
  };
}

/** Runs one cell in a process of its own. */
function runInProcess(job: CellJob, { entry, onProgress, signal }: ProcessOptions): Promise<CellEnd> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = fork(fileURLToPath(entry), [], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let complaints = '';
    let end: CellEnd | undefined;
    const send = (request: CellRequest) => {
      // a process that has just ended takes no messages, and needs none
      if (child.connected) child.send(request, () => {});
    };
    const stop = () => send({ stop: true });
    signal.addEventListener('abort', stop);
    child.stderr?.on('data', (chunk) => {
      complaints = (complaints + chunk).slice(-KEPT_CHARACTERS);
    });
    child.on('message', (message: CellMessage) => {
      if ('phase' in message) onProgress(job, message.phase, message.share);
      else if (message.ended === 'failed') end = { status: 'failed', failure: message.failure };
      else end = { status: message.ended };
    });
    child.on('error', reject);
    child.on('close', (code, killedBy) => {
      signal.removeEventListener('abort', stop);
      resolve(end ?? (signal.aborted ? { status: 'stopped' } : diedOf(code, killedBy, complaints)));
    });
    send({ job });
    if (signal.aborted) stop();
  });
}

/**
 * Runs cells, each in a process of its own, some at a time: one that runs out of memory or crashes takes no other with
 * it, and none inherits anything from the one before. Which process runs which cell changes no number.
 *
 * @throws the system's error when no process can be started, or what `onEnd` throws, such as of a full disk; the other
 *   processes have saved and ended then.
 */
export async function runOnProcesses(jobs: readonly CellJob[], options: ProcessOptions): Promise<void> {
  const failing = new AbortController();
  const signal = AbortSignal.any([options.signal, failing.signal]);
  let next = 0;
  const worker = async () => {
    for (;;) {
      const job = jobs[next++];
      if (job === undefined || signal.aborted) return;
      try {
        options.onEnd(job, await runInProcess(job, { ...options, signal }));
      } catch (error) {
        failing.abort();
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(options.count, jobs.length) }, worker));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
