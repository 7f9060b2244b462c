import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { ErrorReport, ModewiseError } from './errors.ts';

/** Name of the lock file in a folder. */
export const LOCK_NAME = '.modewise-lock';

/** Locks that this process holds: its own process id in a file is no proof of that after a restart. */
const held = new Set<string>();

/** What a lock keeps others out of, for messages, and the error that says so. */
export interface LockedThing {
  /** E.g. `dataset`. */
  readonly what: string;
  readonly error: new (report: ErrorReport, options?: ErrorOptions) => ModewiseError;
}

/** Keeps two writers out of one folder: a file that names the process that writes. */
export class FolderLock {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Takes the lock; one left by a process that has ended is taken over.
   *
   * @param folder - exists.
   * @throws the error of `thing` when another writer holds it, or the folder cannot be written to.
   */
  static take(folder: string, thing: LockedThing): FolderLock {
    const path = join(resolve(folder), LOCK_NAME);
    for (let attempt = 0; attempt < 2; attempt++) {
      try {
        const file = openSync(path, 'wx');
        writeSync(file, `${process.pid} ${hostname()}\n`);
        closeSync(file);
        held.add(path);
        return new FolderLock(path);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') {
          throw new thing.error(
            { what: `the ${thing.what} cannot be written to`, where: folder, found: String(cause) },
            { cause },
          );
        }
        const owner = readOwner(path);
        if (owner === undefined) continue;
        if (attempt > 0 || isAlive(owner, path)) throw taken(path, owner, thing);
        rmSync(path, { force: true });
      }
    }
    throw taken(path, 'unknown', thing);
  }

  /** Gives the lock back. */
  release(): void {
    if (held.delete(this.#path)) rmSync(this.#path, { force: true });
  }
}

/** Who holds a lock; undefined where it was given back just now. */
function readOwner(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
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

function taken(path: string, owner: string, { error: LockError, what }: LockedThing): ModewiseError {
  return new LockError({
    what: `another process writes to this ${what}`,
    where: path,
    found: `process ${owner}`,
    remedy: 'wait for it to end; if there is no such process any more, remove the file',
  });
}
