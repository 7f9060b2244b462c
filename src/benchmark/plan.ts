import { join } from 'node:path';
import { makeTask } from '../../envs/task.ts';
import { ConfigError } from '../errors.ts';
import { didYouMean } from '../nearest-name.ts';
import { resolveConfig } from '../policies/config.ts';
import { findMethod } from '../policies/registry.ts';
import { type DatasetSource, describeDataset } from './dataset-source.ts';
import { protocolOf } from './protocol.ts';
import { nameOf, type Suite, type SuiteMethod } from './suite.ts';

/** Where the demonstrations of a task come from. */
export type DemonstrationSource =
  | { readonly perMode: number; readonly seed: number; readonly trunk: number }
  | DatasetSource;

/** A task of a benchmark, with everything decided. */
export interface PlannedTask {
  /** Id of the environment. */
  readonly envId: string;
  /** As the suite names it: the id, or `file#id`. */
  readonly reference: string;
  readonly modes: readonly string[];
  /** Number of contexts of the task. */
  readonly contexts: number;
  /** Episodes in all. */
  readonly rollouts: number;
  readonly demonstrations: DemonstrationSource;
}

/** What decides the numbers of a cell, beside the demonstrations themselves. */
export interface CellSpec {
  readonly task: string;
  /** Name of the row. */
  readonly name: string;
  /** Name in the registry of methods. */
  readonly method: string;
  /** Resolved by the method's schema. */
  readonly config: unknown;
  /** Seed of the training. */
  readonly seed: number;
  readonly rollouts: number;
  readonly evaluationSeed: number;
  readonly demonstrations: DemonstrationSource;
}

/** A benchmark with everything decided: what `benchmark.json` of its folder holds. */
export interface Plan {
  readonly tasks: readonly PlannedTask[];
  /** Names of the rows, in order. */
  readonly names: readonly string[];
  /** Of all rows together. */
  readonly seeds: readonly number[];
  /** Row that the others are compared with. */
  readonly reference: string;
  readonly bootstrap: number;
  /** By task, then row, then seed: the order of the table. */
  readonly cells: readonly CellSpec[];
}

/** The folder of a cell, within that of the benchmark. */
export function cellFolder(folder: string, { name, seed, task }: CellSpec): string {
  return join(folder, 'cells', task.replaceAll('/', '__'), name, `seed-${seed}`);
}

/** The folder of a task's demonstrations, within that of the benchmark unless the suite names one. */
export function demonstrationsFolder(folder: string, { demonstrations, envId }: PlannedTask): string {
  return 'data' in demonstrations
    ? demonstrations.data
    : join(folder, 'demonstrations', envId.replaceAll('/', '__'));
}

async function planTask(
  suite: Suite,
  entry: Suite['tasks'][number],
  loadEnv: (reference: string) => Promise<string>,
): Promise<PlannedTask> {
  const envId = await loadEnv(entry.env);
  const { env, task } = await makeTask(envId);
  const modes = task.behavior.modes;
  const contexts = task.contexts.length;
  env.close();
  const protocol = protocolOf(envId, contexts);
  const {
    perMode = protocol.demonstrationsPerMode,
    seed = 0,
    trunk = 1,
  } = { ...suite.demonstrations, ...entry.demonstrations };
  return {
    ...{ envId, reference: entry.env, modes, contexts },
    rollouts: entry.rollouts ?? suite.rollouts ?? contexts * protocol.rolloutsPerContext,
    demonstrations:
      entry.data === undefined ? { perMode, seed, trunk } : await describeDataset(entry.data, envId, task),
  };
}

/** Settings as {@link resolveConfig} takes them; names may have dots. */
function toSets(settings: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(settings).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
}

function configOf(entry: SuiteMethod, envId: string): unknown {
  const method = findMethod(entry.method);
  const sets = [...toSets(entry.set), ...toSets(entry.tasks[envId] ?? {})];
  try {
    // as it will be read back from the cell's folder
    return JSON.parse(JSON.stringify(resolveConfig(method, { envId, sets })));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError({ ...error.report, where: `methods: ${nameOf(entry)}` }, { cause: error });
  }
}

/** @throws ConfigError when settings are for a task that the suite does not have. */
function requireKnownTasks({ methods }: Suite, tasks: readonly PlannedTask[]): void {
  const ids = tasks.map(({ envId }) => envId);
  for (const entry of methods) {
    const unknown = Object.keys(entry.tasks).find((id) => !ids.includes(id));
    if (unknown === undefined) continue;
    throw new ConfigError({
      what: `There are settings for '${unknown}', which is no task of this benchmark`,
      where: `methods: ${nameOf(entry)}: tasks`,
      remedy: didYouMean(unknown, ids),
    });
  }
}

/** The row that the others are compared with: the one asked for, else that of `imc`, else the first. */
function referenceOf({ methods, reference }: Suite): string {
  const [first] = methods;
  return reference ?? nameOf(methods.find(({ method }) => method === 'imc') ?? (first as SuiteMethod));
}

/**
 * Decides everything that a suite leaves open, and refuses what cannot be run, before anything is run.
 *
 * @param loadEnv - registers the environment that a reference names, and gives its id.
 * @throws UsageError for an unknown environment or method; ConfigError for settings that a method does not take;
 *   DatasetError for a dataset that cannot be learned from.
 */
export async function planBenchmark(
  suite: Suite,
  loadEnv: (reference: string) => Promise<string>,
): Promise<Plan> {
  const tasks: PlannedTask[] = [];
  for (const entry of suite.tasks) tasks.push(await planTask(suite, entry, loadEnv));
  requireKnownTasks(suite, tasks);
  const { evaluationSeed, seeds } = suite;
  const cells = tasks.flatMap(({ demonstrations, envId, rollouts }) =>
    suite.methods.flatMap((entry) => {
      const row = { name: nameOf(entry), method: entry.method, config: configOf(entry, envId) };
      return (entry.seeds ?? seeds).map((seed) => ({
        task: envId,
        ...row,
        seed,
        rollouts,
        evaluationSeed,
        demonstrations,
      }));
    }),
  );
  const { bootstrap } = suite;
  const names = suite.methods.map(nameOf);
  const all = [...new Set(cells.map(({ seed }) => seed))].sort((a, b) => a - b);
  return { tasks, names, seeds: all, reference: referenceOf(suite), bootstrap, cells };
}
