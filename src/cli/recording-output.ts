import { closeSync, existsSync, lstatSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { Option } from 'commander';
import { OutputExistsError, UsageError } from '../errors.ts';
import { makeFolder } from '../make-folder.ts';
import type { RecordingWriter } from '../stream/recording-writer.ts';

/** First bytes of every MCAP file. */
const MAGIC = Buffer.from('\x89MCAP0\r\n', 'latin1');

/** The option `--record`, of `eval` and `watch`. */
export function recordOption(): Option {
  return new Option('--record <file>', 'keep what is shown as an MCAP recording: FILE.mcap');
}

/** The option `--force`, for `--record`. */
export function forceRecordOption(): Option {
  return new Option('--force', 'replace the recording that --record names').default(false);
}

/** Says whether a path names a recording rather than a run. */
export function isRecordingPath(path: string): boolean {
  return extname(path).toLowerCase() === '.mcap';
}

function isMcap(path: string): boolean {
  if (!lstatSync(path).isFile()) return false;
  const file = openSync(path, 'r');
  try {
    const found = Buffer.alloc(MAGIC.length);
    readSync(file, found);
    return found.equals(MAGIC);
  } finally {
    closeSync(file);
  }
}

/**
 * Decides whether a recording may be written to a path; touches nothing.
 *
 * @throws UsageError when the name does not end in `.mcap`; OutputExistsError when there is a file and `--force` was
 *   not given, or it is no MCAP file.
 */
export function checkRecordingPath(record: string, force: boolean): void {
  const path = resolve(record);
  if (!isRecordingPath(path)) {
    throw new UsageError({
      what: 'A recording is an MCAP file',
      where: `--record ${record}`,
      expected: 'a name that ends in .mcap',
    });
  }
  if (!existsSync(path)) return;
  if (!isMcap(path)) {
    throw new OutputExistsError({
      what: 'The output exists and is not an MCAP file: it is left alone',
      where: `--record ${record}`,
      remedy: 'choose another name',
    });
  }
  if (force) return;
  throw new OutputExistsError({
    what: 'The output exists already',
    where: `--record ${record}`,
    remedy: 'choose another name, or --force to replace it',
  });
}

/** An open recording at the place that `--record` names. */
export interface RecordingOutput {
  readonly writer: RecordingWriter;
  /** Ends the recording; what it replaces is deleted now if the recording is whole, and otherwise left beside it. */
  close(whole: boolean): Promise<void>;
}

/**
 * Begins a recording where {@link checkRecordingPath} has agreed.
 *
 * @throws what `checkRecordingPath` throws; RecordingError when the file cannot be made.
 */
export async function openRecording(
  record: string,
  { force, startMs = 0 }: { readonly force: boolean; readonly startMs?: number },
): Promise<RecordingOutput> {
  checkRecordingPath(record, force);
  const { RecordingWriter } = await import('../stream/recording-writer.ts');
  const path = resolve(record);
  const aside = join(dirname(path), `.${basename(path)}.replaced-${process.pid}`);
  makeFolder(dirname(path));
  if (existsSync(path)) renameSync(path, aside);
  const writer = new RecordingWriter({ path, startMs });
  return {
    writer,
    async close(whole) {
      await writer.close();
      if (whole) rmSync(aside, { force: true });
    },
  };
}
