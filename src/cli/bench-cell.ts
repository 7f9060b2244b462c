/** The process of one cell of `modewise bench`: takes a job from its parent, runs it, says how it ended. */
import { runCell } from '../benchmark/cell.ts';
import type { CellJob, CellMessage, CellRequest } from '../benchmark/processes.ts';
import { type ErrorReport, InterruptedError, ModewiseError } from '../errors.ts';
import { loadEnv } from './env-reference.ts';
import { packageVersions } from './project.ts';

const stop = new AbortController();

/** Time between two reports of progress, milliseconds. */
const REPORT_EVERY_MS = 500;

function send(message: CellMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, () => resolve());
  });
}

function reportOf(error: unknown): ErrorReport {
  if (error instanceof ModewiseError) return error.report;
  return { what: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

async function run(job: CellJob): Promise<CellMessage> {
  let reported = Number.NEGATIVE_INFINITY;
  const clock = () => performance.now();
  try {
    await loadEnv(job.reference);
    await runCell({
      ...job,
      versions: packageVersions(),
      clock,
      now: () => Date.now(),
      signal: stop.signal,
      onProgress(phase, share) {
        if (clock() - reported < REPORT_EVERY_MS) return;
        reported = clock();
        void send({ phase, share });
      },
    });
    return { ended: 'done' };
  } catch (error) {
    if (error instanceof InterruptedError) return { ended: 'stopped' };
    return { ended: 'failed', failure: reportOf(error) };
  }
}

// Ctrl-C reaches the whole group: the parent decides, and tells
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
// a parent that was killed tells nothing: what is unfinished goes on from its checkpoint another time
process.on('disconnect', () => process.exit(1));
process.on('message', async (request: CellRequest) => {
  if ('stop' in request) {
    stop.abort();
    return;
  }
  await send(await run(request.job));
  process.exit(0);
});
