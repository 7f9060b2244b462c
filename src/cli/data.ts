import { Command, Option } from 'commander';
import type { Dataset } from '../data/dataset.ts';
import type { DatasetSummary } from '../data/inspect.ts';
import { UsageError } from '../errors.ts';
import { Rng } from '../random.ts';
import { envOption, requireEnv } from './env-reference.ts';
import { EXIT } from './failure.ts';
import { table } from './table.ts';
import { defineVerb, type VerbContext, wholeNumber } from './verb.ts';

/** Facts about one episode, without its columns. */
async function episodeFacts(dataset: Dataset, index: number) {
  const { columns, mode, ...facts } = await dataset.episode(index);
  const shapes = Object.entries(columns).map(([column, { length }]) => [
    column,
    [facts.length, length / facts.length],
  ]);
  const modeName = mode === null ? null : (dataset.info.modes[mode] ?? null);
  return { index, mode, modeName, ...facts, shapes: Object.fromEntries(shapes) };
}

function formatSummary(summary: DatasetSummary): string {
  const { fps, length, modes } = summary;
  const authors = summary.provenance.map(({ author, device, episodes, source }) => {
    const hand = device === null ? '' : ` with ${device}`;
    return `${episodes} ${source} by ${author}${hand}`;
  });
  const unlabelled = modes.unlabelled > 0 ? `, ${modes.unlabelled} episodes without a mode` : '';
  const facts = [
    `${summary.path}: ${summary.format}, ${summary.env}`,
    `${summary.episodes} episodes, ${summary.frames} frames at ${fps.toFixed(2)} Hz, ${summary.seconds.toFixed(1)} s`,
    `${summary.successes} successes; ${authors.join(', ') || 'nothing recorded'}`,
  ];
  if (length !== null) {
    const spread = `${length.mean.toFixed(1)} ± ${length.sd.toFixed(1)}, ${length.min} to ${length.max}`;
    facts.push(`steps in an episode: ${spread}`);
  }
  const entropy = modes.entropy === null ? '' : `, entropy ${modes.entropy.toFixed(3)}`;
  facts.push(`modes: ${modes.covered} of ${modes.total}${entropy}${unlabelled}`);
  if (!summary.finished) facts.push('the recording was not closed; `modewise data repair` finishes it');
  const numbers = (values: readonly number[]) => values.map((value) => value.toPrecision(3)).join(' ');
  const columns = summary.columns.map((column) => [
    column.name,
    column.names.join(' '),
    numbers(column.min),
    numbers(column.max),
    numbers(column.mean),
    numbers(column.std),
  ]);
  const sections = [facts.join('\n'), table(['column', 'components', 'min', 'max', 'mean', 'std'], columns)];
  if (modes.counts.length > 0) {
    const ways = modes.counts.map(({ episodes, mode }) => [mode, String(episodes)]);
    sections.push(table(['mode', 'episodes'], ways));
  }
  return sections.join('\n\n');
}

function inspectCommand(): Command {
  const command = new Command('inspect')
    .description('show what a dataset holds: episodes, modes, lengths, columns, and one episode')
    .argument('<dir>', 'dataset folder')
    .addOption(
      new Option('--episode <n>', 'episode to show (default: drawn by the seed)').argParser(wholeNumber(0)),
    )
    .addOption(envOption());
  return defineVerb<{ readonly episode?: number; readonly env?: string }>(
    command,
    {
      examples: [
        ['modewise data inspect data/avoiding', 'a summary, and one episode'],
        ['modewise data inspect data/avoiding --episode 3 --json', 'the same as one JSON object'],
      ],
      seedMeaning: 'draws the episode that is shown',
    },
    async ([path = ''], { options }) => {
      const { inspectDataset } = await import('../data/inspect.ts');
      const { openDataset } = await import('../data/store.ts');
      const summary = await inspectDataset(path);
      await requireEnv(options.env, summary.env);
      if (options.episode !== undefined && options.episode >= summary.episodes) {
        throw new UsageError({
          what: 'There is no such episode',
          found: `--episode ${options.episode}`,
          expected: `0 to ${summary.episodes - 1}`,
        });
      }
      if (summary.episodes === 0)
        return { json: { ...summary, episode: null }, text: formatSummary(summary) };
      const drawn = Rng.fromSeed(options.seed).fork('inspect').integer(summary.episodes);
      const dataset = await openDataset(path, { access: 'read' });
      const episode = await episodeFacts(dataset, options.episode ?? drawn);
      await dataset.close();
      const shown = [
        `episode ${episode.index}: ${episode.modeName ?? 'no mode'}, ${episode.success ? 'success' : 'failure'}`,
        `${episode.length} steps, seed ${episode.seed}, final state ${episode.finalStateHash || 'unknown'}`,
        `settings ${JSON.stringify(episode.provenance.settings)}`,
      ];
      return { json: { ...summary, episode }, text: `${formatSummary(summary)}\n\n${shown.join('\n')}` };
    },
  );
}

/** What became of the replays. */
interface Replays {
  readonly replayed: number;
  readonly problems: readonly string[];
  /** The task that would have been needed and is not known here; null where it is. */
  readonly unknownTask: string | null;
}

/** Replays some episodes in the simulator; says which do not come to the recorded end. */
async function replaySome(
  path: string,
  count: number,
  {
    options,
    progress,
    signal,
  }: Pick<VerbContext<{ readonly env?: string }>, 'options' | 'progress' | 'signal'>,
): Promise<Replays> {
  await import('../../envs/index.ts');
  const { list } = await import('../gym/registry.ts');
  const { replayAfresh } = await import('../../demos/replay.ts');
  const { openDataset } = await import('../data/store.ts');
  const dataset = await openDataset(path, { access: 'read' });
  const { envId } = dataset.info;
  await requireEnv(options.env, envId);
  const problems: string[] = [];
  let replayed = 0;
  // an environment of another program cannot be replayed here, and that is no fault of the data
  const isKnown = list().some(({ id }) => id === envId);
  if (isKnown) {
    const order = Array.from({ length: dataset.length }, (_, index) => index);
    const drawn = Rng.fromSeed(options.seed).fork('replay').shuffle(order).slice(0, count);
    progress.start('replaying');
    for (const index of drawn) {
      if (signal.aborted) break;
      const episode = await dataset.episode(index);
      // imported episodes do not tell the state they ended in
      if (episode.finalStateHash === '') continue;
      const replay = await replayAfresh(envId, episode);
      replayed++;
      progress.update(replayed, drawn.length);
      if (replay.same) continue;
      const where = replay.firstDifference === null ? 'at its end' : `from step ${replay.firstDifference}`;
      problems.push(
        `episode ${index} does not replay: it differs ${where}; ` +
          `state ${replay.stateHash}, recorded ${episode.finalStateHash}`,
      );
    }
  }
  await dataset.close();
  return { replayed, problems, unknownTask: isKnown ? null : envId };
}

function validateCommand(): Command {
  const command = new Command('validate')
    .description('check every file and value of a dataset, and replay some episodes in the simulator')
    .argument('<dir>', 'dataset folder')
    .addOption(
      new Option('--replay <n>', 'episodes to replay, drawn by the seed; 0 for none')
        .argParser(wholeNumber(0))
        .default(10),
    )
    .addOption(envOption());
  return defineVerb<{ readonly replay: number; readonly env?: string }>(
    command,
    {
      examples: [
        ['modewise data validate data/avoiding', 'exit code 1 when anything is wrong'],
        ['modewise data validate data/avoiding --replay 96', 'replays all of 96 episodes'],
        ['modewise data validate data --env ./my-task.ts#MyTask-v0', 'episodes of a task of your own'],
      ],
      seedMeaning: 'draws the episodes that are replayed',
    },
    async ([path = ''], context) => {
      const { validateDataset } = await import('../data/validate.ts');
      const report = await validateDataset(path);
      const { replay } = context.options;
      const { problems, replayed, unknownTask } = report.valid
        ? await replaySome(path, replay, context)
        : { problems: [], replayed: 0, unknownTask: null };
      const valid = report.valid && problems.length === 0;
      const all = [...report.problems, ...problems];
      const unfinished = report.finished
        ? ''
        : '\nthe recording was not closed; `modewise data repair` finishes it';
      const counts = `${report.episodes} episodes, ${report.frames} frames, ${replayed} replayed`;
      const text = valid
        ? `valid: ${counts}${unfinished}`
        : `not valid: ${all.length} problems\n${all.join('\n')}`;
      const json = { ...report, valid, problems: all, replayed };
      if (unknownTask !== null && replay > 0) {
        context.warn(`nothing was replayed: '${unknownTask}' is not known here; name its file with --env`);
      }
      return { json, text, exitCode: valid ? EXIT.done : EXIT.failed };
    },
  );
}

function repairCommand(): Command {
  const command = new Command('repair')
    .description('rebuild the tables of a dataset from its data files, and finish an interrupted recording')
    .argument('<dir>', 'dataset folder')
    .option('--salvage <out>', 'copy the intact episodes of a damaged dataset to a new folder instead');
  return defineVerb<{ readonly salvage?: string }>(
    command,
    {
      examples: [
        ['modewise data repair data/avoiding', 'after a crash of the recorder'],
        ['modewise data repair data/broken --salvage data/rescued', 'when a data file itself is damaged'],
      ],
      seedMeaning: 'taken by every verb; nothing is random here',
    },
    async ([path = ''], { options }) => {
      const { repairDataset, salvageDataset } = await import('../data/repair.ts');
      if (options.salvage !== undefined) {
        const report = await salvageDataset(path, options.salvage);
        const lost = report.lost.map(({ reason, where }) => `lost: ${where}: ${reason}`);
        const text = [`${report.path}: ${report.episodes} episodes, ${report.frames} frames`, ...lost].join(
          '\n',
        );
        return { json: { ...report }, text };
      }
      const report = await repairDataset(path);
      const { after, before } = report.dataFiles;
      const text = `${report.path}: ${report.episodes} episodes, ${report.frames} frames, data files ${before} → ${after}`;
      return { json: { ...report }, text };
    },
  );
}

/** Builds `modewise data inspect | validate | repair`. */
export function dataCommand(): Command {
  return new Command('data')
    .description('inspect, validate and repair datasets')
    .addCommand(inspectCommand())
    .addCommand(validateCommand())
    .addCommand(repairCommand());
}
