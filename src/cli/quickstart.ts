import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import {
  InterruptedError,
  OutputExistsError,
  StreamError,
  UnregisteredEnvError,
  UsageError,
} from '../errors.ts';
import { didYouMean } from '../nearest-name.ts';
import type { BackendName } from '../tensor/backend.ts';
import { collectDataset, datasetOutput } from './collect.ts';
import { envOption, loadEnv } from './env-reference.ts';
import { commitOption, evaluateRun } from './eval.ts';
import { formatDuration } from './progress.ts';
import { backendOption, relaxedOption, threadsOption } from './shared-options.ts';
import { runOutput, trainRun } from './train.ts';
import { defineVerb, repeated, type VerbContext, wholeNumber } from './verb.ts';
import { DEFAULT_PORT, DEFAULT_ROLLOUTS, hostOption, watchRuns } from './watch.ts';

interface QuickstartOptions {
  readonly env?: string;
  readonly out?: string;
  readonly perMode: number;
  readonly rollouts: number;
  readonly set: readonly string[];
  readonly backend: BackendName | 'auto';
  readonly threads?: number;
  readonly relaxed: boolean;
  readonly workers: number;
  readonly commit?: 'step' | 'episode' | number;
  readonly watch: boolean;
  readonly port: number;
  readonly host: string;
  readonly resume: boolean;
  readonly force: boolean;
}

/** Seed of the score, other than that of the training: what was learned must not have seen it. */
const EVALUATION_SEED_OFFSET = 1;

/** Finds the environment that is meant: a task of one's own by `--env`, or one by a short name such as `avoiding`. */
async function findEnv(short: string | undefined, own: string | undefined): Promise<string> {
  if (own !== undefined) {
    if (short === undefined) return loadEnv(own);
    throw new UsageError({
      what: 'Name the environment once',
      found: `${short} and ${own}`,
      expected: 'a name such as avoiding, or --env ./my-task.ts#MyTask-v0',
    });
  }
  const name = short ?? 'avoiding';
  await import('../../envs/index.ts');
  const { list } = await import('../gym/registry.ts');
  const { demonstratedEnvs } = await import('../../demos/demonstrator.ts');
  const known = list().filter(({ id }) => demonstratedEnvs().includes(id));
  const wanted = name.toLowerCase();
  const found = known.filter(
    (spec) => spec.name.toLowerCase() === wanted || spec.id.toLowerCase() === wanted,
  );
  const newest = found.sort((a, b) => b.version - a.version)[0];
  if (newest !== undefined) return newest.id;
  const names = known.map((spec) => spec.name.toLowerCase());
  throw new UnregisteredEnvError({
    what: `No environment with demonstrations is called '${name}'`,
    remedy: didYouMean(wanted, names),
  });
}

/** Names a folder that does not exist yet: `runs/quickstart-avoiding-1`, `-2`, … */
function freshFolder(envId: string): string {
  const stem = join(
    'runs',
    `quickstart-${envId
      .replace(/-v\d+$/, '')
      .replaceAll('/', '-')
      .toLowerCase()}`,
  );
  let number = 1;
  while (existsSync(`${stem}-${number}`)) number++;
  return `${stem}-${number}`;
}

/** The two folders of a quickstart, and how each is to be written. */
function planFolders(options: QuickstartOptions, envId: string) {
  const folder = options.out ?? freshFolder(envId);
  const data = join(folder, 'data');
  const run = join(folder, 'run');
  const { force, resume } = options;
  if (force && resume) throw new UsageError({ what: '--force and --resume exclude each other' });
  const exists = existsSync(folder);
  if (exists && !force && !resume) {
    throw new OutputExistsError({
      what: 'The output exists already',
      where: `--out ${folder}`,
      remedy: 'choose another folder, --resume to go on with it, or --force to begin anew',
    });
  }
  // a phase that an earlier start has not reached is begun, not resumed
  const dataFlags = { force, resume: resume && datasetOutput.recognize(data) };
  const runFlags = { force, resume: resume && runOutput.recognize(run) };
  return { folder, data, run, dataFlags, runFlags };
}

function stopped(folder: string, task: string): InterruptedError {
  return new InterruptedError({
    what: 'The quickstart was stopped; what it finished is kept',
    where: folder,
    remedy: `go on with: modewise quickstart ${task} --out ${folder} --resume`,
  });
}

async function quickstart(name: string | undefined, context: VerbContext<QuickstartOptions>): Promise<null> {
  const { clock, options, print, say, signal, warn } = context;
  const { seed } = options;
  const envId = await findEnv(name, options.env);
  const own = options.env === undefined ? '' : `--env ${options.env}`;
  const task = own || (name ?? 'avoiding');
  const { data, dataFlags, folder, run, runFlags } = planFolders(options, envId);
  // --set is of the training; scoring and watching have settings of their own
  const { set, ...others } = options;
  const start = clock();
  const secondsSince = (from: number) => (clock() - from) / 1000;
  const { formatReport } = await import('../eval/report.ts');

  say(`1/3 collecting ${options.perMode} demonstrations of each way to do ${envId} into ${data}`);
  const collected = await collectDataset(
    { envId, perMode: options.perMode, seed, trunk: 1, workers: options.workers, out: data, ...dataFlags },
    context,
  );
  if (collected.interrupted) throw stopped(folder, task);
  say(`    ${collected.episodes} demonstrations in ${formatDuration(collected.seconds)}`);

  say(`2/3 training a mixture of experts into ${run}`);
  const trained = await trainRun(
    { ...others, set, ...runFlags, data, out: run, methodName: 'imc', seedGiven: context.given('seed') },
    context,
  );
  if (!trained.complete) throw stopped(folder, task);
  say(`    trained in ${formatDuration(trained.seconds)}`);

  say(`3/3 scoring ${options.rollouts} rollouts`);
  const { files, report } = await evaluateRun(
    { ...others, directory: run, seed: seed + EVALUATION_SEED_OFFSET },
    context,
  );
  const phases = { collect: collected.seconds, train: trained.seconds, eval: report.seconds };
  const total = secondsSince(start);
  print({
    json: { ...report, backend: trained.backend.name, run, data, files, phases: { ...phases, total } },
    text: `${formatReport(report)}\n\nall of it took ${formatDuration(total)}; watch again with: modewise watch ${[run, own].join(' ').trim()}`,
  });
  if (!options.watch || signal.aborted) return null;
  const watch = (port: number) =>
    watchRuns({
      ...others,
      port,
      directories: [run],
      rollouts: DEFAULT_ROLLOUTS,
      signal,
      clock,
      // not on stdout, which holds one result
      onServing: ({ url }) => warn(`watch it live at ${url}  (Ctrl-C ends it)`),
    });
  try {
    await watch(options.port);
  } catch (error) {
    const taken =
      error instanceof StreamError && (error.cause as NodeJS.ErrnoException)?.code === 'EADDRINUSE';
    // after all that work, a port that nobody asked for must not be what ends it
    if (!taken || context.given('port')) throw error;
    say(`port ${options.port} is taken; taking a free one`);
    await watch(0);
  }
  return null;
}

/** Builds `modewise quickstart`. */
export function quickstartCommand(): Command {
  const command = new Command('quickstart')
    .description('collect, train, score and watch, in one go')
    .argument('[env]', 'environment, e.g. pushing (default: avoiding)')
    .addOption(envOption())
    .option(
      '--out <dir>',
      'folder for dataset and run (default: runs/quickstart-<env>-<n>, the first that is free)',
    )
    .addOption(
      new Option('--per-mode <n>', 'demonstrations of each way').argParser(wholeNumber(1)).default(4),
    )
    .addOption(new Option('--rollouts <n>', 'episodes of the score').argParser(wholeNumber(1)).default(480))
    .option('--set <key=value>', 'one setting of the training; may be repeated', repeated, [])
    .addOption(backendOption())
    .addOption(threadsOption())
    .addOption(relaxedOption())
    .addOption(
      new Option('--workers <n>', 'worker threads of demonstrations and score')
        .argParser(wholeNumber(1, 256))
        .default(availableParallelism()),
    )
    .addOption(commitOption())
    .option('--no-watch', 'end after the score')
    .addOption(
      new Option('--port <n>', 'port of the viewer; 0 picks a free one')
        .argParser(wholeNumber(0, 65_535))
        .default(DEFAULT_PORT),
    )
    .addOption(hostOption())
    .option('--resume', 'go on with an earlier quickstart in --out', false)
    .option('--force', 'replace an earlier quickstart in --out', false);
  return defineVerb<QuickstartOptions>(
    command,
    {
      examples: [
        ['modewise quickstart avoiding', 'ends in the browser; Ctrl-C ends the viewer'],
        ['modewise quickstart avoiding --no-watch --json', 'ends with the score, as one JSON object'],
        ['modewise quickstart --env ./my-task.ts', 'the same with a task of your own'],
      ],
      seedMeaning: 'seed of demonstrations and training; the score uses the next one',
    },
    async ([name], context) => quickstart(name, context),
  );
}
