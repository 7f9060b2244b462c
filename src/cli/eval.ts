import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import { UsageError } from '../errors.ts';
import type { EpisodeRow } from '../eval/rollout.ts';
import { warnOfDivergence } from './divergence-warning.ts';
import { envOption, requireSimulator } from './env-reference.ts';
import { checkRecordingPath, forceRecordOption, recordOption } from './recording-output.ts';
import { defineVerb, repeated, type VerbContext, wholeNumber } from './verb.ts';

interface EvalOptions {
  readonly env?: string;
  /** Contexts of the task; its own number where left out. */
  readonly contexts?: number;
  readonly rollouts: number;
  readonly workers: number;
  readonly commit?: 'step' | 'episode' | number;
  /** Settings of acting, each `key=value`. */
  readonly set?: readonly string[];
  /** File to keep the episodes in, to be watched. */
  readonly record?: string;
  /** Replaces that file. */
  readonly force?: boolean;
}

/** Parses `--commit`: `step`, `episode` or a number of steps. */
export function parseCommit(text: string): 'step' | 'episode' | number {
  if (text === 'step' || text === 'episode') return text;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new UsageError({
    what: 'The commitment is not valid',
    found: `--commit ${text}`,
    expected: 'step, episode, or a number of steps from 1',
  });
}

/** The option `--commit`, shared with `watch`. */
export function commitOption(): Option {
  return new Option(
    '--commit <span>',
    'how long the policy keeps a component: step | K (steps) | episode (default: as trained)',
  ).argParser(parseCommit);
}

/** The option `--set` of verbs that act with a trained policy. */
export function actingOption(): Option {
  return new Option('--set <key=value>', 'a setting of acting, e.g. checkpoint=best; may be repeated')
    .argParser(repeated)
    .default([]);
}

/** Puts together the settings with which a trained policy is to act. */
export async function actingSettings({
  commit,
  set = [],
}: Pick<EvalOptions, 'commit' | 'set'>): Promise<Readonly<Record<string, unknown>>> {
  const { parseSettings } = await import('../policies/config.ts');
  return { ...parseSettings(set), ...(commit === undefined ? {} : { commitment: commit }) };
}

/** Measures what one action of one episode costs, microseconds. */
async function timeAction(
  directory: string,
  envId: string,
  overrides: Readonly<Record<string, unknown>>,
  clock: () => number,
): Promise<number> {
  const { loadPolicy } = await import('../policies/run-directory.ts');
  const { makeTask } = await import('../../envs/task.ts');
  const { timeActions } = await import('../eval/action-time.ts');
  const [policy, { env, task }] = await Promise.all([loadPolicy(directory, overrides), makeTask(envId)]);
  const { observation } = env.reset({ seed: 0, options: task.contexts[0]?.options ?? {} });
  env.close();
  return 1000 * timeActions(policy, observation, clock);
}

/** What {@link evaluateRun} needs beside the context. */
export interface EvaluateRunOptions extends EvalOptions {
  readonly directory: string;
  readonly seed: number;
}

/** Evaluates the policy of a run folder and writes report and rows into it: `eval`, and a phase of `quickstart`. */
export async function evaluateRun(
  {
    commit,
    contexts,
    directory,
    env,
    force = false,
    record: recordPath,
    rollouts,
    seed,
    set = [],
    workers,
  }: EvaluateRunOptions,
  { clock, progress, signal, warn }: Pick<VerbContext<unknown>, 'clock' | 'progress' | 'signal' | 'warn'>,
) {
  const { evaluate } = await import('../eval/evaluate.ts');
  const { toReport, writeReport } = await import('../eval/report.ts');
  const { loadRunRecord, readPolicy } = await import('../policies/run-directory.ts');
  const policy = readPolicy(directory);
  const { method, envId, config } = policy;
  warnOfDivergence(directory, policy, warn);
  await requireSimulator(env, envId);
  if (recordPath !== undefined) {
    checkRecordingPath(recordPath, force);
    if (contexts !== undefined) {
      throw new UsageError({
        what: '--record keeps the episodes of a task as it is without arguments',
        found: `--contexts ${contexts}`,
        remedy: 'leave one of the two out',
      });
    }
  }
  const record = loadRunRecord(directory);
  const overrides = await actingSettings({ set, ...(commit === undefined ? {} : { commit }) });
  const trainedCommit = (config as { readonly commitment?: unknown }).commitment;
  const usedCommit = overrides.commitment ?? trainedCommit;
  let successes = 0;
  const onEpisode = (row: EpisodeRow, finished: number, total: number) => {
    if (row.success) successes++;
    progress.update(finished, total, `success ${((100 * successes) / finished).toFixed(1)} %`);
  };
  progress.start(`evaluating ${method}`);
  const start = clock();
  const { demonstrations } = record.dataset as { readonly demonstrations?: readonly number[] };
  const result = await evaluate({
    runDirectory: directory,
    envId,
    rollouts,
    seed,
    workers,
    overrides,
    ...(contexts === undefined ? {} : { envKwargs: { contexts } }),
    signal,
    onEpisode,
    ...(demonstrations === undefined ? {} : { demonstrations }),
  });
  const seconds = (clock() - start) / 1000;
  const report = toReport(result, {
    ...(usedCommit === undefined ? {} : { commit: String(usedCommit) }),
    ...(contexts === undefined ? {} : { contextCount: contexts }),
    ...(set.length === 0 ? {} : { settings: set }),
    workers: Math.min(workers, rollouts),
    seconds,
    actionMicroseconds: await timeAction(directory, envId, overrides, clock),
  });
  const files = writeReport(directory, report, result.rows);
  if (recordPath === undefined) return { report, files };
  const { recordEvaluation } = await import('./record-evaluation.ts');
  const policyName = usedCommit === undefined ? method : `${method}, commit ${usedCommit}`;
  await recordEvaluation(
    { directory, envId, force, overrides, policyName, record: recordPath, rows: result.rows, seed },
    { progress, signal },
  );
  return { report, files: { ...files, recording: recordPath } };
}

/** Builds `modewise eval`. */
export function evalCommand(): Command {
  const command = new Command('eval')
    .description('score a trained policy: success with its interval, entropy with its ceiling, modes covered')
    .argument('<run>', 'folder that `modewise train --out` wrote')
    .addOption(
      new Option('--rollouts <n>', 'episodes in all, spread over the contexts of the task')
        .argParser(wholeNumber(1, 1_000_000))
        .default(480),
    )
    .addOption(envOption())
    .addOption(commitOption())
    .addOption(actingOption())
    .addOption(
      new Option(
        '--contexts <n>',
        "number of contexts, for tasks with an argument of this name (default: the task's)",
      ).argParser(wholeNumber(1)),
    )
    .addOption(
      new Option('--workers <n>', 'worker threads; the numbers do not depend on it')
        .argParser(wholeNumber(1, 256))
        .default(availableParallelism()),
    )
    .addOption(recordOption())
    .addOption(forceRecordOption());
  return defineVerb<EvalOptions>(
    command,
    {
      examples: [
        ['modewise eval runs/avoiding --rollouts 480 --seed 1 --json', "D3IL's protocol, as one JSON object"],
        [
          'modewise eval runs/avoiding --commit step',
          'the same policy with the component redrawn every step',
        ],
        ['modewise eval runs/ddim --set samplingSteps=4', 'a diffusion policy with fewer denoising steps'],
        ['modewise eval runs/sorting2 --contexts 600 --rollouts 600', "D3IL's second protocol of Sorting-2"],
        ['modewise eval runs/avoiding --record a.mcap', 'keep the episodes, for: modewise watch a.mcap'],
      ],
      seedMeaning: 'seed of the evaluation; every episode derives its own from (seed, context, rollout)',
    },
    async ([directory = ''], context) => {
      const { formatReport } = await import('../eval/report.ts');
      const { report, files } = await evaluateRun({ ...context.options, directory }, context);
      context.say(`wrote ${Object.values(files).join(', ')}`);
      return { json: { ...report, files }, text: formatReport(report) };
    },
  );
}
