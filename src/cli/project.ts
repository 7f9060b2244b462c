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

/** Packages whose versions decide what a number came from. */
const NAMED_PACKAGES = ['@tensorflow/tfjs', '@dimforge/rapier2d-deterministic-compat'];

/** Collects the versions of modewise, Node and the packages that compute. */
export function packageVersions(): Readonly<Record<string, string>> {
  const versions: Record<string, string> = { modewise: projectVersion(), node: process.versions.node };
  for (const name of NAMED_PACKAGES) {
    const manifest = join(projectRoot(), 'node_modules', name, 'package.json');
    if (!existsSync(manifest)) continue;
    versions[name] = (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
  }
  return versions;
}
