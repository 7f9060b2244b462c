import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { entropy } from '../entropy.ts';
import type { Provenance } from './episode.ts';
import { isBooleanColumn } from './formats/lerobot-v3-features.ts';
import { readIndex } from './formats/lerobot-v3-index.ts';
import { aggregateStats, featureStats, type StatsByFeature } from './formats/lerobot-v3-stats.ts';
import { openDataset } from './store.ts';

/** One column as a summary shows it: statistics per component, over all frames, in the units of the data. */
export interface ColumnSummary {
  readonly name: string;
  readonly dtype: 'float32' | 'bool';
  /** Number of components in each frame. */
  readonly width: number;
  readonly names: readonly string[];
  readonly min: readonly number[];
  readonly max: readonly number[];
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** Counts of the ways in which the episodes solve the task. */
export interface ModeSummary {
  /** Number of modes that the environment has. */
  readonly total: number;
  /** Number of modes with at least one episode. */
  readonly covered: number;
  /** Episodes by mode, in mode order. */
  readonly counts: readonly { readonly mode: string; readonly episodes: number }[];
  /** Number of episodes without a mode. */
  readonly unlabelled: number;
  /** Entropy of the counts to the base of the number of modes, 0 to 1; null with no labelled episode or one mode. */
  readonly entropy: number | null;
}

/** What a dataset holds, for people to read. */
export interface DatasetSummary {
  readonly path: string;
  readonly format: 'LeRobotDataset v3.0';
  readonly env: string;
  /** False while a recording has not been closed: its tables are not written yet. */
  readonly finished: boolean;
  readonly episodes: number;
  readonly frames: number;
  /** Control steps per second. */
  readonly fps: number;
  readonly seconds: number;
  readonly columns: readonly ColumnSummary[];
  readonly modes: ModeSummary;
  readonly successes: number;
  /** Steps in an episode; `sd` is the population's standard deviation. Null in an empty dataset. */
  readonly length: {
    readonly mean: number;
    readonly sd: number;
    readonly min: number;
    readonly max: number;
  } | null;
  /** Null where no episode tells its seed. */
  readonly seeds: { readonly min: number; readonly max: number; readonly distinct: number } | null;
  readonly provenance: readonly {
    readonly source: Provenance['source'];
    readonly author: string;
    /** What it was driven with by hand; null where nobody did. */
    readonly device: string | null;
    readonly episodes: number;
  }[];
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  readonly bytes: number;
}

/** Lists the files below a folder, relative to it. */
function listFiles(root: string): { path: string; bytes: number }[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const absolute = join(entry.parentPath, entry.name);
      return { path: absolute.slice(join(root, '/').length), bytes: statSync(absolute).size };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function summarizeModes(modes: readonly string[], labels: readonly (number | null)[]): ModeSummary {
  const counts = modes.map((mode, index) => ({
    mode,
    episodes: labels.filter((label) => label === index).length,
  }));
  const labelled = counts.reduce((total, { episodes }) => total + episodes, 0);
  const seen = counts.filter(({ episodes }) => episodes > 0);
  const nats = entropy(seen.map(({ episodes }) => episodes / labelled));
  return {
    total: modes.length,
    covered: seen.length,
    counts,
    unlabelled: labels.length - labelled,
    entropy: labelled === 0 || modes.length < 2 ? null : nats / Math.log(modes.length),
  };
}

/**
 * Summarizes a dataset; reads every episode, so that a summary is also a proof that they can be read.
 *
 * @throws DatasetError when there is no dataset or it is damaged.
 */
export async function inspectDataset(path: string): Promise<DatasetSummary> {
  const dataset = await openDataset(path, { access: 'read' });
  const { info } = dataset;
  const { listed, entries, stored } = await readIndex(path);
  const stats: StatsByFeature[] = [];
  const modes: (number | null)[] = [];
  const seeds: number[] = [];
  const lengths: number[] = [];
  const sources = new Map<string, DatasetSummary['provenance'][number]>();
  let successes = 0;
  for await (const episode of dataset) {
    stats.push(
      Object.fromEntries(
        Object.entries(info.columns).map(([name, { width }]) => [
          name,
          featureStats(episode.columns[name]!, width),
        ]),
      ),
    );
    modes.push(episode.mode);
    lengths.push(episode.length);
    if (episode.seed >= 0) seeds.push(episode.seed);
    if (episode.success) successes++;
    const { author, settings, source } = episode.provenance;
    const device = typeof settings.device === 'string' ? settings.device : null;
    const key = JSON.stringify([source, author, device]);
    sources.set(key, { source, author, device, episodes: (sources.get(key)?.episodes ?? 0) + 1 });
  }
  const overall = aggregateStats(stats);
  const frames = lengths.reduce((total, length) => total + length, 0);
  const spread = lengths.length === 0 ? null : featureStats(lengths, 1);
  const files = listFiles(path);
  return {
    path,
    format: 'LeRobotDataset v3.0',
    env: info.envId,
    finished: listed === entries.length && stored.totalEpisodes === entries.length,
    episodes: lengths.length,
    frames,
    fps: info.fps,
    seconds: frames / info.fps,
    columns: Object.entries(info.columns).map(([name, { width, names }]) => ({
      name,
      dtype: isBooleanColumn(name) ? 'bool' : 'float32',
      width,
      names,
      min: overall[name]?.min ?? [],
      max: overall[name]?.max ?? [],
      mean: overall[name]?.mean ?? [],
      std: overall[name]?.std ?? [],
    })),
    modes: summarizeModes(info.modes, modes),
    successes,
    length:
      spread === null
        ? null
        : { mean: spread.mean[0]!, sd: spread.std[0]!, min: spread.min[0]!, max: spread.max[0]! },
    seeds:
      seeds.length === 0
        ? null
        : {
            min: seeds.reduce((a, b) => Math.min(a, b)),
            max: seeds.reduce((a, b) => Math.max(a, b)),
            distinct: new Set(seeds).size,
          },
    provenance: [...sources.values()],
    files,
    bytes: files.reduce((total, file) => total + file.bytes, 0),
  };
}
