import { setImmediate } from 'node:timers/promises';
import { makeTask } from '../envs/task.ts';
import type { Dataset, DatasetInfo } from '../src/data/dataset.ts';
import { ConfigError, DatasetError } from '../src/errors.ts';
import { type Demonstration, type DemonstrationOrder, demonstrate } from './demonstration.ts';
import { demonstrateOnWorkers } from './demonstration-pool.ts';
import { checkTrunk, type Demonstrator, demonstratorFor } from './demonstrator.ts';
import { recordingInfo } from './episode-recorder.ts';

/** Demonstrations that make a further thread worth its start. */
const perWorker = 20;

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
  /**
   * Threads that demonstrate, at most one for each 20 demonstrations; 1, this thread, where left out. The episodes and their order
   * do not depend on it.
   */
  readonly workers?: number;
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
  /** Attempts that did not succeed in their mode, or whose replay did not, and that were not kept. */
  readonly discarded: number;
  /** Episodes per mode, found and added, in mode order. */
  readonly perMode: readonly number[];
  /** Whether the signal stopped it before the end. */
  readonly interrupted: boolean;
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
 * asked for. Which demonstration a demonstrator makes depends on (seed, mode, index, trunk) alone: any number of threads gives the
 * same episodes in the same order, and an interrupted collection goes on with what is missing and ends with the same episodes as
 * an uninterrupted one. Modes take turns, so that what an interruption leaves is balanced.
 *
 * @throws UsageError for an unknown environment; ConfigError for settings out of range; DatasetError when the
 * dataset belongs to another environment or holds episodes of this collection by another demonstrator; ModewiseError when a
 * mode cannot be demonstrated.
 */
export async function collect(options: CollectOptions): Promise<CollectReport> {
  const { dataset, envId, onEpisode, perMode, seed, signal, trunk = 1, workers = 1 } = options;
  checkTrunk(trunk);
  requireCount('perMode', perMode);
  requireCount('workers', workers);
  if (dataset.info.envId !== envId) {
    throw new DatasetError({
      what: 'The dataset belongs to another environment',
      where: dataset.path,
      found: dataset.info.envId,
      expected: envId,
    });
  }
  const modes = dataset.info.modes;
  const demonstrator = await demonstratorFor(envId);
  const present = await presentEpisodes(dataset, demonstrator, { seed, trunk, perMode });
  const counts = modes.map((_, mode) => [...present].filter((key) => key.startsWith(`${mode}/`)).length);
  const orders = Array.from({ length: perMode * modes.length }, (_, turn) => ({
    mode: turn % modes.length,
    index: Math.floor(turn / modes.length),
    seed,
    trunk,
  })).filter(({ index, mode }) => !present.has(`${mode}/${index}`));
  const threads = Math.min(workers, Math.ceil(orders.length / perWorker));
  const demonstrations =
    threads > 1 ? demonstrateOnWorkers(envId, orders, threads) : demonstrateHere(demonstrator, orders);
  const report = { added: 0, transitions: 0, discarded: 0, interrupted: signal?.aborted === true };
  if (!report.interrupted) {
    for await (const { discarded, episode } of demonstrations) {
      await dataset.append(episode);
      report.added++;
      report.transitions += episode.length;
      report.discarded += discarded;
      const mode = episode.mode ?? 0;
      counts[mode] = (counts[mode] ?? 0) + 1;
      onEpisode?.({
        done: present.size + report.added,
        total: perMode * modes.length,
        mode: modes[mode] ?? '',
        length: episode.length,
      });
      // lets the process see a Ctrl-C between two episodes
      await setImmediate();
      report.interrupted = signal?.aborted === true && report.added < orders.length;
      if (report.interrupted) break;
    }
  }
  return { envId, found: present.size, perMode: counts, ...report };
}

function requireCount(where: string, count: number): void {
  if (Number.isSafeInteger(count) && count >= 1) return;
  throw new ConfigError({
    what: 'A number of a collection is not a whole number of at least 1',
    where,
    found: String(count),
  });
}

/** Makes demonstrations one after the other in this thread. */
async function* demonstrateHere(
  demonstrator: Demonstrator,
  orders: readonly DemonstrationOrder[],
): AsyncGenerator<Demonstration> {
  const simulator = await makeTask(demonstrator.envId, { kwargs: demonstrator.envKwargs });
  try {
    for (const order of orders) yield await demonstrate(demonstrator, simulator, order);
  } finally {
    simulator.env.close();
  }
}

/** Finds which demonstrations of this collection the dataset holds, as `mode/index`. */
async function presentEpisodes(
  dataset: Dataset,
  { name }: Demonstrator,
  { perMode, seed, trunk }: { readonly seed: number; readonly trunk: number; readonly perMode: number },
): Promise<ReadonlySet<string>> {
  const present = new Set<string>();
  if (dataset.length === 0) return present;
  for await (const { mode, provenance } of dataset) {
    const { author, settings } = provenance;
    const ours = provenance.source === 'scripted' && settings.seed === seed && settings.trunk === trunk;
    if (ours && author !== name) {
      throw new DatasetError({
        what: 'The dataset was begun by another demonstrator',
        where: dataset.path,
        found: author,
        expected: name,
        remedy: 'collect into another folder, or with another seed',
      });
    }
    if (ours && Number(settings.index) < perMode) present.add(`${mode}/${settings.index}`);
  }
  return present;
}
