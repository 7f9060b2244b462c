import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { UsageError } from '../errors.ts';
import type { PolicyToCompare } from '../live/compared-rollouts.ts';
import { Pace } from '../live/pace.ts';
import type { Publisher } from '../stream/publisher.ts';
import type { EpisodeMessage } from '../stream/wire.ts';
import { envOption, loadEnv, requireSimulator } from './env-reference.ts';
import { actingOption, actingSettings, commitOption } from './eval.ts';
import { projectRoot } from './project.ts';
import {
  checkRecordingPath,
  isRecordingPath,
  openRecording,
  type RecordingOutput,
  recordOption,
} from './recording-output.ts';
import { defineVerb, type VerbResult, wholeNumber } from './verb.ts';

interface WatchOptions {
  readonly env?: string;
  readonly port: number;
  readonly host: string;
  readonly rollouts: number;
  readonly commit?: 'step' | 'episode' | number;
  /** Settings of acting, each `key=value`. */
  readonly set?: readonly string[];
  /** File to keep what is shown in. */
  readonly record?: string;
  /** Folder for a page that runs the policy itself. */
  readonly static?: string;
  /** Replaces that file or folder. */
  readonly force?: boolean;
}

interface WatchFlags extends WatchOptions {
  readonly verify: boolean;
}

/** Port of the viewer unless another is asked for. */
export const DEFAULT_PORT = 8137;
/** Rollouts shown at once unless another number is asked for. */
export const DEFAULT_ROLLOUTS = 24;
/** Most rollouts shown at once. */
const MAX_ROLLOUTS = 480;
/** Longest sleep of the loop, milliseconds: how soon it notices a Ctrl-C or a change from the page. */
const IDLE_MS = 30;

/** The option `--port`, shared by all that serve the page. */
export function portOption(): Option {
  return new Option('--port <n>', 'port of page and stream; 0 picks a free one')
    .argParser(wholeNumber(0, 65_535))
    .default(DEFAULT_PORT);
}

/** The option `--host`, shared with `quickstart`. */
export function hostOption(): Option {
  return new Option(
    '--host <address>',
    'address to listen on; any other than the default needs the token of the printed address',
  ).default('127.0.0.1');
}

/** What {@link watchRuns} needs. */
export interface WatchRunsOptions extends WatchOptions {
  /** Run folders: one, or several whose policies are compared. */
  readonly directories: readonly string[];
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Monotonic time, milliseconds. */
  clock(): number;
  /** Told the address once the page is served. */
  onServing(facts: { readonly url: string; readonly port: number; readonly env: string }): void;
}

/**
 * Serves the viewer with the policy of a run rolling out live, or those of several side by side, until the signal is aborted.
 *
 * @throws UsageError when the runs cannot be shown together.
 */
export async function watchRuns(options: WatchRunsOptions): Promise<void> {
  const { clock, directories, seed, signal } = options;
  await import('../../envs/index.ts');
  const { loadWatched } = await import('./watched-policies.ts');
  const { startStreamServer } = await import('../stream/server.ts');
  const { LiveRollouts } = await import('../live/live-rollouts.ts');
  const { ComparedRollouts } = await import('../live/compared-rollouts.ts');
  const maxRollouts = mostRollouts(directories.length, options.rollouts);
  const { envId, policies } = await loadWatched(directories, await actingSettings(options), async (id) =>
    requireSimulator(options.env, id),
  );
  const { force = false, record } = options;
  if (record !== undefined) checkRecordingPath(record, force);
  const publishers: Publisher[] = [];
  const recorded =
    record === undefined
      ? {}
      : {
          onEpisode: (episode: EpisodeMessage) => {
            for (const publisher of publishers) publisher.publishEpisode(episode);
          },
        };
  const [only] = policies as [PolicyToCompare];
  const begin = async (rollouts: number) =>
    policies.length === 1
      ? await LiveRollouts.create({ envId, policy: only.policy, rollouts, seed, ...recorded })
      : await ComparedRollouts.create({ envId, policies, rollouts, seed, ...recorded });
  let live = await begin(options.rollouts);
  const { facts, scene } = live;
  const policyName = facts.policies?.map(({ name }) => name).join(' | ') ?? only.describe(facts.components);
  const page = join(projectRoot(), 'dist', 'viewer');
  const server = await startStreamServer({ port: options.port, host: options.host, page, clock: Date.now });
  let recording: RecordingOutput | null = null;
  try {
    publishers.push(server);
    if (record !== undefined) {
      recording = await openRecording(record, { force, startMs: Date.now() });
      publishers.push(recording.writer);
    }
    const settings = { paused: false, speed: 1, rollouts: options.rollouts };
    const publishStatus = () => {
      for (const publisher of publishers)
        publisher.publishStatus({ policy: policyName, ...settings, maxRollouts });
    };
    for (const publisher of publishers) publisher.publishScene(scene, facts);
    publishStatus();
    server.onControl((change) => {
      Object.assign(settings, change);
      publishStatus();
    });
    options.onServing({ url: server.url, port: server.port, env: envId });
    const pace = new Pace(clock());
    while (!signal.aborted) {
      if (settings.rollouts !== live.rollouts) {
        live.close();
        live = await begin(settings.rollouts);
      }
      if (settings.paused) {
        await setTimeout(IDLE_MS);
        pace.resume(clock());
        continue;
      }
      const now = clock();
      const wait = pace.wait(now);
      if (wait > 0) {
        await setTimeout(Math.min(IDLE_MS, wait));
        continue;
      }
      live.step();
      // every step, also where the page is shown fewer
      recording?.writer.publishFrame(live.frame);
      pace.stepped(now, (1000 * facts.dtSeconds) / settings.speed);
      if (pace.isFrameDue(now)) server.publishFrame(live.frame);
      if (pace.isScoreDue(now)) {
        const score = live.score();
        for (const publisher of publishers) publisher.publishScore(score);
      }
      // lets the sockets breathe when the loop cannot keep up
      await setImmediate();
    }
  } finally {
    live.close();
    try {
      await recording?.close(true);
    } finally {
      await server.close();
    }
  }
}

/** Finds the most rollouts that each of some policies may have. @throws UsageError when more are asked for. */
function mostRollouts(policies: number, rollouts: number): number {
  const most = Math.floor(MAX_ROLLOUTS / policies);
  if (rollouts <= most) return most;
  throw new UsageError({
    what: 'So many rollouts cannot be shown side by side',
    found: `--rollouts ${rollouts} of each of ${policies} policies`,
    expected: `at most ${most} of each`,
  });
}

/** Writes the page that runs a policy by itself. @throws UsageError for several runs; what `writeStaticPage` throws. */
async function writePage(
  runs: readonly string[],
  out: string,
  options: WatchFlags & { readonly seed: number },
): Promise<VerbResult> {
  const [directory = ''] = runs;
  if (runs.length > 1) {
    throw new UsageError({
      what: 'A page that runs by itself holds one policy',
      where: '--static',
      found: runs.join(' '),
      expected: 'one run folder',
    });
  }
  const { writeStaticPage } = await import('./static-page.ts');
  const { force = false, rollouts, seed } = options;
  const overrides = await actingSettings(options);
  const maxRollouts = MAX_ROLLOUTS;
  const page = await writeStaticPage({ directory, out, force, overrides, rollouts, maxRollouts, seed });
  return { json: { run: directory, rollouts, ...page }, text: `${page.folder}/index.html` };
}

/** Refuses options that mean nothing for what is watched. @throws UsageError at the first. */
function refuseFor(what: string, names: readonly string[], given: (option: string) => boolean): void {
  const name = names.find((candidate) => given(candidate));
  if (name === undefined) return;
  throw new UsageError({ what: `--${name} does not apply to ${what}`, where: `--${name}` });
}

/** Builds `modewise watch`. */
export function watchCommand(): Command {
  const command = new Command('watch')
    .description(
      'show a trained policy rolling out live in the browser, many episodes at once, several policies side by side, or a recording',
    )
    .argument(
      '<run...>',
      'folder that `modewise train --out` wrote, or up to four to compare; or FILE.mcap that `--record` wrote',
    )
    .addOption(portOption())
    .addOption(hostOption())
    .addOption(
      new Option('--rollouts <n>', 'episodes side by side, of each policy; the page can change it')
        .argParser(wholeNumber(1, MAX_ROLLOUTS))
        .default(DEFAULT_ROLLOUTS),
    )
    .addOption(envOption())
    .addOption(commitOption())
    .addOption(actingOption())
    .addOption(recordOption())
    .option(
      '--static <folder>',
      'in place of serving: write a page that holds policy and environment and runs by itself, for any server of files',
    )
    .option('--force', 'replace the recording that --record names, or the page that --static does', false)
    .option('--verify', 'run the episodes of a recording again and compare, in place of showing them', false);
  return defineVerb<WatchFlags>(
    command,
    {
      examples: [
        ['modewise watch runs/avoiding --port 8137', 'open the printed address in a browser; Ctrl-C ends it'],
        [
          'modewise watch runs/avoiding --rollouts 100 --commit step',
          'more at once, the component redrawn every step',
        ],
        ['modewise watch runs/imc runs/bc', 'two policies side by side, in the same episodes'],
        [
          'modewise watch runs/avoiding --record a.mcap',
          'keep what is shown; Foxglove opens the file as well',
        ],
        [
          'modewise watch runs/avoiding --static out',
          'a page that runs the policy itself: open out/index.html',
        ],
        ['modewise watch a.mcap', 'replay it: pause, step, scrub, each viewer on its own'],
        ['modewise watch a.mcap --verify', 'run its episodes again from seeds and actions, and compare'],
      ],
      seedMeaning: 'seed of the episodes: those of an evaluation with the same seed, in its order',
      interruptMessage: 'closing',
    },
    async (runs, context) => {
      const { clock, options, print, say, signal } = context;
      const recording = runs.find(isRecordingPath);
      if (recording !== undefined) {
        const { verifyRecording, watchRecording } = await import('./watch-recording.ts');
        if (runs.length > 1) {
          throw new UsageError({
            what: 'A recording is watched by itself',
            found: runs.join(' '),
            expected: 'one recording, or run folders only',
          });
        }
        refuseFor('a recording', ['rollouts', 'commit', 'set', 'record', 'static', 'force'], context.given);
        if (options.env !== undefined) await loadEnv(options.env);
        if (options.verify) return await verifyRecording(recording, context);
        await watchRecording({ path: recording, port: options.port, host: options.host }, context);
        return null;
      }
      if (options.static !== undefined) {
        refuseFor('a page that runs by itself', ['port', 'host', 'env', 'record', 'verify'], context.given);
        return await writePage(runs, options.static, options);
      }
      refuseFor('a run', options.record === undefined ? ['verify', 'force'] : ['verify'], context.given);
      const [run] = runs;
      await watchRuns({
        ...options,
        directories: runs,
        signal,
        clock,
        onServing(facts) {
          const shown = runs.length === 1 ? { run } : { runs };
          print({ json: { ...shown, rollouts: options.rollouts, ...facts }, text: facts.url });
          say('watching; Ctrl-C ends it');
        },
      });
      return null;
    },
  );
}
