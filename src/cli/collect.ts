import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { envOption, loadNamedEnv } from './env-reference.ts';
import { EXIT } from './failure.ts';
import { claimOutput, fillOutput, type OutputKind } from './output-folder.ts';
import { defineVerb, numberWithin, type VerbContext, wholeNumber } from './verb.ts';

interface CollectVerbOptions {
  readonly env?: string;
  readonly perMode: number;
  readonly out: string;
  readonly trunk: number;
  readonly workers: number;
  readonly resume: boolean;
  readonly force: boolean;
}

/** What `collect` writes: a LeRobotDataset v3.0 with modewise's own facts beside it. */
export const datasetOutput: OutputKind = {
  name: 'dataset',
  recognize: (folder) => existsSync(join(folder, 'meta', 'modewise.json')),
};

/** Collects demonstrations into a dataset folder: `collect`, and a phase of `quickstart`. */
export async function collectDataset(
  options: CollectVerbOptions & { readonly envId: string; readonly seed: number },
  { clock, progress, signal, warn }: Pick<VerbContext<unknown>, 'clock' | 'progress' | 'signal' | 'warn'>,
) {
  await import('../../envs/index.ts');
  const { collect, demonstrationInfo } = await import('../../demos/collect.ts');
  const { createDataset, openDataset } = await import('../data/store.ts');
  const { envId, perMode, seed, trunk, workers } = options;
  // refuses an unknown environment before the output folder is touched
  const info = await demonstrationInfo(envId);
  const output = claimOutput(options.out, datasetOutput, options);
  let episodes = 0;
  const start = clock();
  const report = await fillOutput(
    output,
    async () => {
      const dataset = output.resuming
        ? await openDataset(output.path, { access: 'append' })
        : await createDataset(output.path, info);
      progress.start(`collecting ${envId}`, dataset.length);
      try {
        return await collect({
          envId,
          perMode,
          seed,
          trunk,
          workers,
          dataset,
          signal,
          onEpisode: ({ done, mode, total }) => progress.update(done, total, mode),
        });
      } finally {
        episodes = dataset.length;
        await dataset.close();
      }
    },
    {
      isComplete: (result) => !result.interrupted,
      isUseful: () => episodes > 0,
      onKept: (replaced) => warn(`the dataset that was to be replaced is kept in ${replaced}`),
    },
  );
  return { ...report, dataset: output.path, episodes, seed, seconds: (clock() - start) / 1000 };
}

/** Builds `modewise collect`. */
export function collectCommand(): Command {
  const command = new Command('collect')
    .description('let the scripted demonstrator of an environment solve it in every way, and record it')
    .argument('[env]', 'environment id, e.g. Avoiding-v0')
    .addOption(envOption())
    .addOption(
      new Option('--per-mode <n>', 'demonstrations of each way')
        .argParser(wholeNumber(1, 100_000))
        .default(4),
    )
    .requiredOption('--out <dir>', 'folder to write the dataset to')
    .addOption(
      new Option(
        '--trunk <x>',
        'how long demonstrations look alike before they branch: 0 not at all, 1 as people do',
      )
        .argParser(numberWithin(0, 1))
        .default(1),
    )
    .addOption(
      new Option('--workers <n>', 'worker threads; the episodes do not depend on it')
        .argParser(wholeNumber(1, 256))
        .default(availableParallelism()),
    )
    .option('--resume', 'add what is missing to an interrupted collection', false)
    .option('--force', 'replace an existing dataset once the new one is complete', false);
  return defineVerb<CollectVerbOptions>(
    command,
    {
      examples: [
        [
          'modewise collect Avoiding-v0 --per-mode 4 --out data/avoiding --seed 0',
          '96 demonstrations, 4 of each way',
        ],
        [
          'modewise collect Avoiding-v0 --per-mode 4 --out data/easy --trunk 0',
          'demonstrations that branch at once',
        ],
      ],
      seedMeaning: 'seed of the collection; each demonstration derives its own from (seed, mode, index)',
    },
    async ([positional], context) => {
      const envId = await loadNamedEnv(positional, context.options.env);
      const report = await collectDataset({ ...context.options, envId }, context);
      const { dataset, episodes, interrupted, seconds } = report;
      if (interrupted) {
        const rest =
          episodes > 0
            ? `${episodes} episodes are in ${dataset}; --resume adds the rest`
            : 'nothing was recorded yet';
        context.warn(`interrupted: ${rest}`);
        return { json: { ...report }, text: episodes > 0 ? dataset : '', exitCode: EXIT.interrupted };
      }
      context.say(`${episodes} episodes, ${report.added} of them new, in ${seconds.toFixed(1)} s`);
      return { json: { ...report }, text: dataset };
    },
  );
}
