import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../../durable-file.ts';
import { DatasetError } from '../../errors.ts';

/**
 * Writes a file of a dataset durably.
 *
 * @throws DatasetError when that fails: what was there before is still there.
 */
export function writeDatasetFile(root: string, path: string, content: string | Uint8Array): void {
  try {
    writeDurably(join(root, path), content);
  } catch (cause) {
    throw new DatasetError(
      {
        what: 'a dataset file could not be written; the episodes recorded before it are kept',
        where: join(root, path),
        found: cause instanceof Error ? cause.message : String(cause),
        remedy: 'free disk space or check the permissions, then go on with: --resume',
      },
      { cause },
    );
  }
}

/** Removes a file of a dataset, if it is there. */
export function removeDatasetFile(root: string, path: string): void {
  rmSync(join(root, path), { force: true });
}
