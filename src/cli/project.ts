import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Finds the folder that holds modewise's own package.json, from the compiled tree as well as from source. */
export function projectRoot(): string {
  let folder = import.meta.dirname;
  // dist/ has no package.json, so the first one above is ours
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** Reads modewise's version from its package.json. */
export function projectVersion(): string {
  const manifest = JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
