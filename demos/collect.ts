import { setImmediate } from 'node:timers/promises';
import { type MadeTask, makeTask, type Task } from '../envs/task.ts';
import type { Dataset, DatasetInfo } from '../src/data/dataset.ts';
import type { Episode } from '../src/data/episode.ts';
import { ConfigError, DatasetError, ModewiseError } from '../src/errors.ts';
import { Rng } from '../src/random.ts';
import { checkTrunk, type Demonstrator, demonstratorFor } from './demonstrator.ts';
import { EpisodeRecorder, recordingInfo } from './episode-recorder.ts';
import { replayEpisode } from './replay.ts';

/** Attempts at one demonstration before `collect` gives up; a sound demonstrator needs one. */
const maxAttempts = 20;

/** How far a collection has come. */
export interface CollectProgress {
  /** Episodes in the dataset that belong to this collection, those of an earlier run included. */
  readonly done: number;
  readonly total: number;
  readonly mode: string;
  /** Length of the latest episode in control steps. */
  readonly length: number;
}

export interface CollectOptions {
  readonly envId: string;
  /** Demonstrations per mode. */
  readonly perMode: number;
  /** Fixes every demonstration, together with its mode and its index in the mode. */
  readonly seed: number;
  /** See `DemonstrationRequest.trunk`; 1, as people do, where left out. */
  readonly trunk?: number;
  /** Open for appending; stays open. Episodes of the same collection that it holds already are not made again. */
  readonly dataset: Dataset;
  /** Stops after the episode in progress; finished ones are kept. */
  readonly signal?: AbortSignal;
  readonly onEpisode?: (progress: CollectProgress) => void;
}

export interface CollectReport {
  readonly envId: string;
  /** Episodes added by this call. */
  readonly added: number;
  /** Episodes found in the dataset from an earlier, interrupted call. */
  readonly found: number;
  /** Control steps in the added episodes. */
  readonly transitions: number;
  /** Attempts whose replay did not come to the same success, and that were not kept. */
  readonly discarded: number;
  /** Episodes per mode, found and added, in mode order. */
  readonly perMode: readonly number[];
  /** Whether the signal stopped it before the end. */
  readonly interrupted: boolean;
}

/** One demonstration to make. */
interface Order {
  readonly mode: number;
  readonly index: number;
  readonly seed: number;
  readonly trunk: number;
}

/**
 * Describes the dataset that demonstrations of an environment go into, for `createDataset`.
 *
 * @throws UnregisteredEnvError, EnvVersionError or UsageError when the id is unknown, no task, or has no demonstrator.
 */
export async function demonstrationInfo(envId: string): Promise<DatasetInfo> {
  await demonstratorFor(envId);
  const { env, task } = await makeTask(envId);
  env.close();
  return recordingInfo(envId, task);
}

/**
 * Collects demonstrations of every mode into a dataset. Each is recorded, replayed in a fresh simulator, and kept
 * only if the replay gives the same observations, outcome and state hash, and the outcome is a success in the mode
 * asked for. Which demonstration comes out depends on (seed, mode, index, trunk) alone: an interrupted collection
 * goes on with what is missing and ends with the same episodes as an uninterrupted one. Modes take turns, so that
 * what an interruption leaves is balanced.
 *
 * @throws UsageError for an unknown environment; ConfigError for settings out of range; DatasetError when the
 * dataset belongs to another environment; ModewiseError when a mode cannot be demonstrated.
 */
export async function collect(options: CollectOptions): Promise<CollectReport> {
  const { dataset, envId, onEpisode, perMode, seed, signal, trunk = 1 } = options;
  checkTrunk(trunk);
  if (!Number.isSafeInteger(perMode) || perMode < 1) {
    throw new ConfigError({
      what: 'The number of demonstrations per mode is not a whole number of at least 1',
      where: 'perMode',
      found: String(perMode),
    });
  }
  if (dataset.info.envId !== envId) {
    throw new DatasetError({
      what: 'The dataset belongs to another environment',
      where: dataset.path,
      found: dataset.info.envId,
      expected: envId,
    });
  }
  const demonstrator = await demonstratorFor(envId);
  const simulator = await makeTask(envId, { kwargs: demonstrator.envKwargs });
  const { modes } = simulator.task.behavior;
  const present = await presentEpisodes(dataset, seed, trunk, perMode);
  const counts = modes.map((_, mode) => [...present].filter((key) => key.startsWith(`${mode}/`)).length);
  const report = { added: 0, transitions: 0, discarded: 0, interrupted: false };
  try {
    for (let turn = 0; turn < perMode * modes.length; turn++) {
      const order: Order = { mode: turn % modes.length, index: Math.floor(turn / modes.length), seed, trunk };
      if (present.has(`${order.mode}/${order.index}`)) continue;
      // lets the process see a Ctrl-C between two episodes
      await setImmediate();
      if (signal?.aborted) {
        report.interrupted = true;
        break;
      }
      const { discarded, episode } = await demonstrate(demonstrator, simulator, order);
      await dataset.append(episode);
      report.added++;
      report.transitions += episode.length;
      report.discarded += discarded;
      counts[order.mode] = (counts[order.mode] ?? 0) + 1;
      onEpisode?.({
        done: present.size + report.added,
        total: perMode * modes.length,
        mode: modes[order.mode] ?? '',
        length: episode.length,
      });
    }
  } finally {
    simulator.env.close();
  }
  return { envId, found: present.size, perMode: counts, ...report };
}

/** Finds which demonstrations of this collection the dataset holds, as `mode/index`. */
async function presentEpisodes(
  dataset: Dataset,
  seed: number,
  trunk: number,
  perMode: number,
): Promise<ReadonlySet<string>> {
  const present = new Set<string>();
  if (dataset.length === 0) return present;
  for await (const { mode, provenance } of dataset) {
    const { settings } = provenance;
    const ours = provenance.source === 'scripted' && settings.seed === seed && settings.trunk === trunk;
    if (ours && Number(settings.index) < perMode) present.add(`${mode}/${settings.index}`);
  }
  return present;
}

/** Makes one verified demonstration. @throws ModewiseError when no attempt succeeds. */
async function demonstrate(
  demonstrator: Demonstrator,
  simulator: MadeTask,
  order: Order,
): Promise<{ readonly episode: Episode; readonly discarded: number }> {
  const { envId, envKwargs } = demonstrator;
  const root = Rng.fromSeed(order.seed).fork('demonstration').fork(order.mode).fork(order.index);
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const episode = record(demonstrator, simulator, { ...order, attempt, rng: root.fork(attempt) });
    if (!episode.success || episode.mode !== order.mode) continue;
    const fresh = await makeTask(envId, { kwargs: envKwargs });
    const { same } = replayEpisode(fresh, episode);
    fresh.env.close();
    if (same) return { episode, discarded: attempt };
  }
  throw new ModewiseError({
    what: `${demonstrator.name} found no demonstration that succeeds and replays`,
    where: `${envId}, mode '${simulator.task.behavior.modes[order.mode]}', index ${order.index}`,
    found: `${maxAttempts} failed attempts`,
    remedy: 'this is a defect of the demonstrator: report it with the seed',
  });
}

/** Drives one attempt and records it. */
function record(
  demonstrator: Demonstrator,
  { env, task }: MadeTask,
  attempt: Order & { readonly attempt: number; readonly rng: Rng },
): Episode {
  const { index, mode, rng, seed, trunk } = attempt;
  const envSeed = rng.fork('env').seed();
  const recorder = new EpisodeRecorder();
  let { observation } = env.reset({ seed: envSeed });
  const pilot = demonstrator.begin({ task: task satisfies Task, mode, rng: rng.fork('pilot'), trunk });
  for (let ended = false; !ended; ) {
    const action = pilot.act(observation);
    if (action === null) break;
    const step = env.step(action);
    recorder.push(observation, action, { reward: step.reward, success: task.outcome().success });
    observation = step.observation;
    ended = step.terminated || step.truncated;
  }
  return recorder.finish(task, {
    seed: envSeed,
    resetOptions: {},
    provenance: {
      source: 'scripted',
      author: demonstrator.name,
      settings: { seed, index, attempt: attempt.attempt, trunk, envKwargs: demonstrator.envKwargs },
    },
  });
}
