import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { DatasetError } from '../../errors.ts';

/** Name of the lock file in the dataset's folder. */
export const LOCK_NAME = '.modewise-lock';

/** Locks that this process holds: its own process id in a file is no proof of that after a restart. */
const held = new Set<string>();

/** Keeps two writers out of one dataset: a file that names the process that writes. */
export class DatasetLock {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Takes the lock; one left by a process that has ended is taken over.
   *
   * @throws DatasetError when another writer holds it.
   */
  static take(root: string): DatasetLock {
    const path = join(resolve(root), LOCK_NAME);
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        const file = openSync(path, 'wx');
        writeSync(file, `${process.pid} ${hostname()}\n`);
        closeSync(file);
        held.add(path);
        return new DatasetLock(path);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') {
          throw new DatasetError(
            { what: 'the dataset cannot be written to', where: root, found: String(cause) },
            { cause },
          );
        }
        const owner = readFileSync(path, 'utf8').trim();
        if (attempt > 0 || isAlive(owner, path)) throw taken(path, owner);
        rmSync(path, { force: true });
      }
    }
    throw taken(path, 'unknown');
  }

  /** Gives the lock back. */
  release(): void {
    if (held.delete(this.#path)) rmSync(this.#path, { force: true });
  }
}

function isAlive(owner: string, path: string): boolean {
  const [pid, host] = owner.split(' ');
  if (host !== undefined && host !== hostname()) return true;
  if (Number(pid) === process.pid) return held.has(path);
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function taken(path: string, owner: string): DatasetError {
  return new DatasetError({
    what: 'another process writes to this dataset',
    where: path,
    found: `process ${owner}`,
    remedy: 'wait for it to end; if there is no such process any more, remove the file',
  });
}
