import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { parse } from 'yaml';
import type { TrainingData } from '../data/training-data.ts';
import { ConfigError, UsageError } from '../errors.ts';
import type { Method } from '../policies/method.ts';
import type { BackendName } from '../tensor/backend.ts';
import { warnOfDivergence } from './divergence-warning.ts';
import { envOption, requireEnv } from './env-reference.ts';
import { EXIT } from './failure.ts';
import { claimOutput, fillOutput, type OutputKind } from './output-folder.ts';
import { packageVersions } from './project.ts';
import { backendOption, backendOptions, relaxedOption, threadsOption } from './shared-options.ts';
import { defineVerb, repeated, type VerbContext, wholeNumber } from './verb.ts';
import { hostOption, portOption } from './watch.ts';
import type { TrainingWatch } from './watch-training.ts';

/** Rollouts of each evaluation while a training is watched, unless another number is asked for. */
const WATCH_ROLLOUTS = 48;

interface TrainOptions {
  readonly env?: string;
  readonly data: string;
  readonly out: string;
  readonly config?: string;
  readonly set: readonly string[];
  readonly backend: BackendName | 'auto';
  readonly threads?: number;
  readonly relaxed: boolean;
  readonly resume: boolean;
  readonly force: boolean;
  /** Run whose policy learns from the data in addition. */
  readonly extend?: string;
}

/** What `train` takes beside what {@link trainRun} needs. */
interface TrainFlags extends TrainOptions {
  readonly watch: boolean;
  readonly port: number;
  readonly host: string;
  readonly watchRollouts: number;
  readonly watchExit: boolean;
}

/** What `train` writes: a folder with `run.json`. */
export const runOutput: OutputKind = {
  name: 'run',
  recognize(folder) {
    try {
      return JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8')).format === 'modewise-run';
    } catch {
      return false;
    }
  },
};

function readConfigFile(path: string): unknown {
  if (!existsSync(path)) {
    throw new ConfigError({ what: 'There is no such configuration file', where: `--config ${path}` });
  }
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new ConfigError(
      { what: 'The configuration file is neither YAML nor JSON', where: path, found: String(cause) },
      { cause },
    );
  }
}

/** The run that an interrupted extension began with, as its `run.json` says; undefined where it is none. */
function extendedRun(out: string): string | undefined {
  try {
    const record: { extends?: { run?: string } } = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8'));
    return record.extends?.run;
  } catch {
    // what is wrong with the folder is said when it is claimed
    return undefined;
  }
}

/** What {@link trainRun} needs beside the context. */
export interface TrainRunOptions extends TrainOptions {
  readonly methodName: string;
  readonly seed: number;
  /** Whether the seed was asked for, or is the default: a resumed run keeps its own. */
  readonly seedGiven: boolean;
  /** Told what is about to be trained, once all that can be refused has been; gives what follows the training. */
  readonly follow?: (facts: {
    readonly method: Method;
    readonly data: TrainingData;
  }) => Promise<TrainingWatch['hooks']>;
}

/** Trains a policy into a run folder: `train`, and a phase of `quickstart`. */
export async function trainRun(
  options: TrainRunOptions,
  { clock, progress, say, signal, warn }: Omit<VerbContext<unknown>, 'options' | 'given'>,
) {
  const { findMethod } = await import('../policies/registry.ts');
  const { resolveConfig } = await import('../policies/config.ts');
  const { loadRunRecord, runFiles } = await import('../policies/run-directory.ts');
  const { loadTrainingData } = await import('../data/training-data.ts');
  const { openDataset } = await import('../data/store.ts');
  const { prepareExtension } = await import('../policies/extension.ts');
  const method = findMethod(options.methodName);
  const file = options.config === undefined ? undefined : readConfigFile(options.config);
  const dataset = await openDataset(options.data, { access: 'read' });
  const given = await loadTrainingData(dataset);
  await dataset.close();
  await requireEnv(options.env, given.envId);
  // everything that can be refused is refused before the output folder is touched
  const extended = options.extend ?? (options.resume ? extendedRun(options.out) : undefined);
  if (extended !== undefined && resolve(extended) === resolve(options.out)) {
    throw new UsageError({
      what: 'A run cannot be extended in its own folder',
      where: `--out ${options.out}`,
      expected: 'another folder: the run to extend stays as it is',
    });
  }
  const extension = extended === undefined ? undefined : await prepareExtension(method, extended, given);
  if (extended !== undefined && extension !== undefined) {
    warnOfDivergence(extended, extension.extending.policy, warn);
  }
  const data = extension?.data ?? given;
  const base = extension?.base;
  const sources = { base, envId: data.envId, sets: options.set, ...(file === undefined ? {} : { file }) };
  let config = resolveConfig(method, sources);
  const followed = await options.follow?.({ method, data });
  const output = claimOutput(options.out, runOutput, options);
  let seed = options.seed;
  if (output.resuming) {
    const record = loadRunRecord(output.path);
    // a run goes on with the settings it began with, unless others are named: those are then compared and refused
    if (file === undefined && options.set.length === 0) config = record.config;
    if (!options.seedGiven) seed = record.seed;
  }
  const start = clock();
  const outcome = await fillOutput(
    output,
    async () => {
      const { selectBackend } = await import('../tensor/backend.ts');
      const backend = await selectBackend(options.backend, backendOptions(options));
      say(
        extended === undefined
          ? `training ${method.name} on ${data.modes.length} episodes of ${data.envId} with the ${backend.name} backend`
          : `extending ${extended} by ${given.modes.length} episodes of ${data.envId} with the ${backend.name} backend`,
      );
      const { trainPolicy } = await import('../policies/train.ts');
      let phase = '';
      const trained = await trainPolicy({
        method,
        config,
        data,
        datasetPath: options.data,
        seed,
        ...(extension !== undefined && { extending: extension.extending }),
        directory: output.path,
        existing: output.resuming ? 'resume' : 'refuse',
        backend,
        versions: packageVersions(),
        now: () => Date.now(),
        signal,
        ...followed,
        onProgress(reached) {
          const { done, phase: now, total } = reached;
          followed?.onProgress(reached);
          if (now !== phase) progress.start(`training ${now}`, done);
          phase = now;
          progress.update(done, total);
        },
      });
      return { ...trained, backend };
    },
    {
      isComplete: (result) => result.complete,
      // a policy that acts, or a checkpoint to go on from
      isUseful: () =>
        existsSync(join(output.path, runFiles.checkpoint)) || existsSync(join(output.path, runFiles.policy)),
      onKept: (replaced) => warn(`the run that was to be replaced is kept in ${replaced}`),
    },
  );
  const seconds = (clock() - start) / 1000;
  return { ...outcome, method: method.name, directory: output.path, envId: data.envId, seed, seconds };
}

/** Builds `modewise train`. */
export function trainCommand(): Command {
  const command = new Command('train')
    .description('train a policy on a dataset')
    .argument(
      '<method>',
      'how to learn: imc, bc, mdn, attentive, em, ml-cur, cvae, flow, act, bet, ibc, ddpm-mlp, ddpm-transformer or ddim',
    )
    .requiredOption('--data <dir>', 'dataset to learn from')
    .requiredOption('--out <run>', 'folder to write the run to')
    .addOption(envOption())
    .option('--config <file>', 'YAML or JSON file with settings of the method')
    .option('--set <key=value>', 'one setting, e.g. components=32; may be repeated', repeated, [])
    .addOption(backendOption())
    .addOption(threadsOption())
    .addOption(relaxedOption())
    .option('--extend <run>', 'add what the data teaches to a trained policy; what it knows stays as it is')
    .option('--resume', 'continue an interrupted run from its last checkpoint', false)
    .option('--force', 'replace an existing run once the new one is complete', false)
    .option('--watch', 'show the training in the browser while it goes on, and after it until Ctrl-C', false)
    .addOption(portOption())
    .addOption(hostOption())
    .addOption(
      new Option(
        '--watch-rollouts <n>',
        'rollouts of the policy so far, for curves of success and entropy; 0 for none',
      )
        .argParser(wholeNumber(0, 10_000))
        .default(WATCH_ROLLOUTS),
    )
    .option('--watch-exit', 'end with the training, not with Ctrl-C', false);
  return defineVerb<TrainFlags>(
    command,
    {
      examples: [
        [
          'modewise train imc --data data/avoiding --out runs/avoiding --seed 0',
          'the settings that suit the task',
        ],
        [
          'modewise train imc --data data/avoiding --out runs/small --set components=32 --set expert.hidden=[64,64]',
          'other settings; an unknown one is refused, with the nearest name',
        ],
        [
          'modewise train imc --extend runs/avoiding --data data/more --out runs/both',
          'learns new demonstrations beside the old ones; experts that exist keep their weights',
        ],
        [
          'modewise train imc --data data/avoiding --out runs/avoiding --resume',
          'goes on where Ctrl-C stopped it',
        ],
        [
          'modewise train imc --data data/avoiding --out runs/avoiding --watch',
          'curves, curricula and the gate in the browser, at the address on stderr',
        ],
      ],
      seedMeaning: 'seed of initialization and minibatches',
    },
    async ([methodName = ''], context) => {
      const { options } = context;
      if (!options.watch) refuseWithoutWatch(context.given);
      const seedGiven = context.given('seed');
      let watch: TrainingWatch | undefined;
      const follow: TrainRunOptions['follow'] = async (facts) => {
        const { watchTraining } = await import('./watch-training.ts');
        const { host, port, seed, watchRollouts: rollouts } = options;
        const { clock, warn } = context;
        watch = await watchTraining({ ...facts, host, port, rollouts, seed, clock, warn });
        // stdout is for the result alone
        warn(`the training is shown at ${watch.url}`);
        return watch.hooks;
      };
      try {
        const trained = await trainRun(
          { ...options, methodName, seedGiven, ...(options.watch && { follow }) },
          context,
        );
        const { backend, complete, directory, envId, method, seconds, seed } = trained;
        const json = { run: directory, method, env: envId, seed, complete, seconds, backend: backend.name };
        watch?.finish(trained);
        if (!complete) {
          context.warn(
            `interrupted: a usable policy and a checkpoint are in ${directory}; --resume continues it`,
          );
          return { json, text: directory, exitCode: EXIT.interrupted };
        }
        context.say(`trained in ${seconds.toFixed(1)} s`);
        if (watch === undefined || options.watchExit) return { json, text: directory };
        context.print({ json, text: directory });
        context.warn(`the page stays at ${watch.url} until Ctrl-C`);
        await aborted(context.signal);
        return null;
      } finally {
        await watch?.close();
      }
    },
  );
}

/** Refuses what means nothing without `--watch`. @throws UsageError at the first such option. */
function refuseWithoutWatch(given: (option: string) => boolean): void {
  const flags = {
    port: '--port',
    host: '--host',
    watchRollouts: '--watch-rollouts',
    watchExit: '--watch-exit',
  };
  const flag = Object.entries(flags).find(([name]) => given(name))?.[1];
  if (flag === undefined) return;
  throw new UsageError({ what: `${flag} does nothing without --watch`, where: flag, remedy: 'add --watch' });
}

/** Resolves when a signal is aborted. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    // an abort signal alone does not keep the process alive; the server does
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
