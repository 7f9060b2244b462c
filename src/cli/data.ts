import { Command, Option } from 'commander';
import type { Dataset } from '../data/dataset.ts';
import { UsageError } from '../errors.ts';
import { behaviorEntropy } from '../eval/metrics.ts';
import { Rng } from '../random.ts';
import { table } from './table.ts';
import { defineVerb, wholeNumber } from './verb.ts';

/** Counts and lengths of what a dataset holds. */
async function summarize(dataset: Dataset) {
  const { modes } = dataset.info;
  const counts = new Array<number>(modes.length).fill(0);
  const lengths: number[] = [];
  const sources = new Set<string>();
  let successes = 0;
  let withoutMode = 0;
  for await (const { length, mode, provenance, success } of dataset) {
    lengths.push(length);
    sources.add(`${provenance.source} by ${provenance.author}`);
    if (success) successes++;
    if (mode === null) withoutMode++;
    else counts[mode] = (counts[mode] ?? 0) + 1;
  }
  const frames = lengths.reduce((total, length) => total + length, 0);
  const mean = frames / Math.max(1, lengths.length);
  const variance =
    lengths.reduce((total, length) => total + (length - mean) ** 2, 0) / Math.max(1, lengths.length - 1);
  return {
    episodes: dataset.length,
    frames,
    successes,
    lengths: {
      mean,
      standardDeviation: Math.sqrt(variance),
      min: lengths.length === 0 ? 0 : Math.min(...lengths),
      max: lengths.length === 0 ? 0 : Math.max(...lengths),
    },
    modes: {
      covered: counts.filter((count) => count > 0).length,
      total: modes.length,
      counts,
      names: modes,
      withoutMode,
      entropy: behaviorEntropy(counts),
    },
    sources: [...sources].sort(),
  };
}

/** Facts about one episode, without its columns. */
async function episodeFacts(dataset: Dataset, index: number) {
  const { columns, mode, ...facts } = await dataset.episode(index);
  const name = mode === null ? null : dataset.info.modes[mode];
  const shapes = Object.entries(columns).map(([column, values]) => [
    column,
    [facts.length, values.length / facts.length],
  ]);
  return { index, mode, modeName: name ?? null, ...facts, shapes: Object.fromEntries(shapes) };
}

function inspectCommand(): Command {
  const command = new Command('inspect')
    .description('show what a dataset holds: environment, episodes, modes, lengths, columns, one episode')
    .argument('<dir>', 'dataset folder')
    .addOption(
      new Option('--episode <n>', 'episode to show (default: one drawn by the seed)').argParser(
        wholeNumber(0),
      ),
    );
  return defineVerb<{ readonly episode?: number }>(
    command,
    {
      examples: [
        ['modewise data inspect data/avoiding', 'a summary, and one episode'],
        ['modewise data inspect data/avoiding --episode 3 --json', 'the same as one JSON object'],
      ],
      seedMeaning: 'draws the episode that is shown',
    },
    async ([path = ''], { options }) => {
      const { openDataset } = await import('../data/store.ts');
      const dataset = await openDataset(path, { access: 'read' });
      const { info } = dataset;
      if (options.episode !== undefined && options.episode >= dataset.length) {
        throw new UsageError({
          what: 'There is no such episode',
          found: `--episode ${options.episode}`,
          expected: `0 to ${dataset.length - 1}`,
        });
      }
      const summary = await summarize(dataset);
      const shown =
        options.episode ?? Rng.fromSeed(options.seed).fork('inspect').integer(Math.max(1, dataset.length));
      const episode = dataset.length === 0 ? null : await episodeFacts(dataset, shown);
      await dataset.close();
      const { lengths, modes } = summary;
      const facts = [
        `${path}: ${info.envId}, ${summary.episodes} episodes, ${summary.frames} frames at ${info.fps.toFixed(2)} Hz`,
        `successes ${summary.successes}; recorded as ${summary.sources.join(', ') || 'nothing'}`,
        `length ${lengths.mean.toFixed(1)} ± ${lengths.standardDeviation.toFixed(1)} steps, ${lengths.min} to ${lengths.max}`,
        `modes ${modes.covered} of ${modes.total}, entropy ${modes.entropy.toFixed(3)}`,
      ];
      const columns = Object.entries(info.columns).map(([name, spec]) => [
        name,
        String(spec.width),
        spec.names.join(', '),
      ]);
      const ways = modes.names.map((name, i) => [name, String(modes.counts[i] ?? 0)]);
      const sections = [facts.join('\n'), table(['column', 'width', 'names'], columns)];
      if (ways.length > 0) sections.push(table(['mode', 'episodes'], ways));
      if (episode !== null) {
        const way = episode.modeName ?? 'no mode';
        const settings = JSON.stringify(episode.provenance.settings);
        sections.push(
          `episode ${episode.index}: ${way}, ${episode.length} steps, seed ${episode.seed}, ${episode.success ? 'success' : 'failure'}, ` +
            `state ${episode.finalStateHash || 'not recorded'}, settings ${settings}`,
        );
      }
      return {
        json: { path, env: info.envId, fps: info.fps, columns: info.columns, ...summary, episode },
        text: sections.join('\n\n'),
      };
    },
  );
}

/** Builds `modewise data inspect | validate | repair`. */
export function dataCommand(): Command {
  const command = new Command('data').description('inspect, validate and repair datasets');
  command.addCommand(inspectCommand());
  return command;
}
