import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and the parents that it lacks, one at a time: Node's own recursive form never returns where a
 * parent answers that it does not exist after it was looked at, as folders below `/proc` do.
 *
 * @throws the file system's error: no permission, a file in the way, disk full.
 */
export function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  try {
    mkdirSync(path);
  } catch (error) {
    // another process may have made it since
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}
