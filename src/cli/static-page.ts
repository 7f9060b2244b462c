import { copyFileSync, existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { writeDurably } from '../durable-file.ts';
import { ModewiseError, UsageError } from '../errors.ts';
import { list } from '../gym/registry.ts';
import { LiveRollouts } from '../live/live-rollouts.ts';
import type { PagePolicy } from '../live/page-messages.ts';
import { makeFolder } from '../make-folder.ts';
import { readPolicy } from '../policies/run-directory.ts';
import { encodeBase64 } from '../stream/floats.ts';
import { encodeSafetensors } from '../tensor/safetensors.ts';
import { claimOutput, fillOutput, type OutputKind } from './output-folder.ts';
import { projectRoot } from './project.ts';
import { loadWatched } from './watched-policies.ts';

/** The script that holds the policy; the page loads it before its own. */
const POLICY_FILE = 'policy.js';

const pageOutput: OutputKind = {
  name: 'page',
  option: '--static',
  recognize: (folder) => existsSync(join(folder, POLICY_FILE)) && existsSync(join(folder, 'page.js')),
};

/** What {@link writeStaticPage} needs. */
export interface StaticPageOptions {
  /** Folder of the run. */
  readonly directory: string;
  /** Folder to write. */
  readonly out: string;
  /** Replaces such a folder. */
  readonly force: boolean;
  /** Settings of acting that replace the saved ones. */
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly rollouts: number;
  readonly maxRollouts: number;
  readonly seed: number;
}

/** What was written. */
export interface StaticPage {
  readonly folder: string;
  readonly env: string;
  /** Bytes in all. */
  readonly bytes: number;
}

/**
 * Writes a folder that holds the viewer with the policy of a run and its environment inside: any server of static files
 * can serve it, and a browser can open its `index.html` as a file.
 *
 * @throws UsageError when the task is not one of the project's; OutputExistsError as `claimOutput` does; and what loading the
 *   policy throws.
 */
export async function writeStaticPage(options: StaticPageOptions): Promise<StaticPage> {
  const { directory, overrides, rollouts, seed } = options;
  await import('../../envs/index.ts');
  const { arrays, ...policy } = readPolicy(directory);
  requireOwnTask(policy.envId);
  const page = join(projectRoot(), 'dist', 'static');
  if (!existsSync(page)) {
    throw new ModewiseError({ what: 'The page is not built', where: page, remedy: 'run npm run build' });
  }
  const { policies } = await loadWatched([directory], overrides, async () => undefined);
  const [watched] = policies;
  if (watched === undefined) throw new RangeError('a run has one policy');
  // acts once, so that a policy that does not fit its task fails here
  const live = await LiveRollouts.create({ envId: policy.envId, policy: watched.policy, rollouts: 1, seed });
  live.step();
  live.close();
  const given: PagePolicy = {
    policy,
    weights: encodeBase64(encodeSafetensors(arrays)),
    overrides,
    description: watched.describe(live.facts.components),
    rollouts,
    maxRollouts: options.maxRollouts,
    seed,
  };
  const output = claimOutput(options.out, pageOutput, { force: options.force, resume: false });
  const files = readdirSync(page);
  await fillOutput(
    output,
    async () => {
      makeFolder(output.path);
      for (const file of files) copyFileSync(join(page, file), join(output.path, file));
      writeDurably(join(output.path, POLICY_FILE), `globalThis.modewisePolicy = ${JSON.stringify(given)};\n`);
    },
    { isComplete: () => true, isUseful: () => false, onKept: () => undefined },
  );
  const bytes = [...files, POLICY_FILE].reduce(
    (sum, file) => sum + statSync(join(output.path, file)).size,
    0,
  );
  return { folder: output.path, env: policy.envId, bytes };
}

/** Requires a task that the page has been built with. @throws UsageError */
function requireOwnTask(envId: string): void {
  if (list().some(({ id }) => id === envId)) return;
  throw new UsageError({
    what: 'The task of this run is not part of modewise, so no page can hold it',
    where: '--static',
    found: envId,
    expected: `one of: ${list()
      .map(({ id }) => id)
      .join(', ')}`,
    remedy: 'watch it without --static: then this machine simulates it',
  });
}
