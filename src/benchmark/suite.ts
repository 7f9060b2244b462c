import { parse } from 'yaml';
import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { didYouMean } from '../nearest-name.ts';
import { checkConfig } from '../policies/config.ts';
import { listMethods } from '../policies/registry.ts';
import { backendNames } from '../tensor/backends/driver.ts';

/** Lets an entry be written as the text or number that its main key would hold. */
function short(key: string, isShort: (value: unknown) => boolean) {
  return (value: unknown): unknown => (isShort(value) ? { [key]: value } : value);
}

const isText = (value: unknown) => typeof value === 'string';
const isNumber = (value: unknown) => typeof value === 'number';

const demonstrationsSchema = z.preprocess(
  short('perMode', isNumber),
  z.strictObject({
    /** Demonstrations of each mode; what the task's protocol says where left out. */
    perMode: z.int().min(1).optional(),
    /** Seed of the collection; 0 where left out. */
    seed: z.int().min(0).optional(),
    /** How long demonstrations look alike before they branch, 0 to 1; 1 where left out. */
    trunk: z.number().min(0).max(1).optional(),
  }),
);

/** Settings of a method, by name; nested, or with dots as on the command line. */
const settingsSchema = z.record(z.string(), z.unknown());

/** Names end up in paths and tables. */
const rowName = z.string().regex(/^[A-Za-z0-9][\w.+-]*$/, 'letters, digits, and . + - _ within');

const taskSchema = z.preprocess(
  short('env', isText),
  z.strictObject({
    /** Id of the environment, or `file#id` for a task of one's own. */
    env: z.string().min(1),
    /** Episodes in all. */
    rollouts: z.int().min(1).optional(),
    demonstrations: demonstrationsSchema.optional(),
    /** Folder of a dataset to learn from, instead of collecting one. */
    data: z.string().min(1).optional(),
  }),
);

/** A list, or a number n for 0 .. n-1. */
const seedsSchema = z.preprocess(
  (value) =>
    Number.isInteger(value) && (value as number) > 0 && (value as number) <= 1000
      ? Array.from({ length: value as number }, (_, seed) => seed)
      : value,
  z.array(z.int().min(0)).min(1),
);

const methodSchema = z.preprocess(
  short('method', isText),
  z.strictObject({
    /** Name in the registry of methods. */
    method: z.string().min(1),
    /** Name of the row; that of the method where left out. */
    name: rowName.optional(),
    /** Settings that replace the task's preset. */
    set: settingsSchema.default({}),
    /** Further settings for single tasks, by environment id. */
    tasks: z.record(z.string(), settingsSchema).default({}),
    /** Seeds of this row's trainings; those of the benchmark where left out. */
    seeds: seedsSchema.optional(),
  }),
);

const suiteSchema = z.strictObject({
  tasks: z.array(taskSchema).min(1),
  /** A list; `all` stands for every method of the registry, alone or among others. */
  methods: z.preprocess(
    (value) =>
      value === 'all' || Array.isArray(value)
        ? [value]
            .flat()
            .flatMap((entry) => (entry === 'all' ? listMethods().map(({ name }) => name) : [entry]))
        : value,
    z.array(methodSchema).min(1),
  ),
  /** Of the trainings. */
  seeds: seedsSchema,
  /** Episodes in all of each task; what the task's protocol says where left out. */
  rollouts: z.int().min(1).optional(),
  /** Seed of all evaluations. */
  evaluationSeed: z.int().min(0).default(1000),
  demonstrations: demonstrationsSchema.default({}),
  /** Row that the others are compared with. */
  reference: rowName.optional(),
  backend: z.enum(['auto', ...backendNames]).default('auto'),
  /** Threads of each training; the cores are shared out over the workers where left out. */
  threads: z.int().min(1).max(256).optional(),
  /** Processes at a time. */
  workers: z.int().min(1).max(256).default(1),
  /** Resamplings from which intervals of scores and ranks are taken. */
  bootstrap: z.int().min(100).default(1000),
});

/** A benchmark as its file describes it: methods × tasks × seeds. */
export type Suite = z.infer<typeof suiteSchema>;

/** One task of a suite. */
export type SuiteTask = Suite['tasks'][number];

/** One row of a suite: a method with its settings. */
export type SuiteMethod = Suite['methods'][number];

const demonstrationKeys = ['perMode', 'seed', 'trunk'];
const keysOf: Readonly<Record<string, readonly string[]>> = {
  '': Object.keys(suiteSchema.shape),
  tasks: ['env', 'rollouts', 'demonstrations', 'data'],
  methods: ['method', 'name', 'set', 'tasks', 'seeds'],
  demonstrations: demonstrationKeys,
  'tasks.demonstrations': demonstrationKeys,
};

/** Says which keys may stand at a place; positions within lists do not matter. */
function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  return keysOf[path.filter((part) => typeof part === 'string').join('.')] ?? [];
}

/** Names the row of a method. */
export function nameOf({ method, name }: SuiteMethod): string {
  return name ?? method;
}

/** @throws ConfigError when a value occurs twice. */
function requireDistinct(where: string, values: readonly (string | number)[], remedy: string): void {
  const twice = values.find((value, index) => values.indexOf(value) !== index);
  if (twice === undefined) return;
  throw new ConfigError({
    what: 'A benchmark holds the same entry twice',
    where,
    found: String(twice),
    remedy,
  });
}

/**
 * Reads a benchmark from YAML.
 *
 * @param text - content of the file.
 * @param where - its path, for messages.
 * @throws ConfigError naming the key, and the nearest one that exists where it is unknown.
 * @example
 * parseSuite('tasks: [Avoiding-v0]\nmethods: [imc, bc]\nseeds: 2\nrollouts: 48\n', 'suite.yaml');
 */
export function parseSuite(text: string, where: string): Suite {
  let content: unknown;
  try {
    content = parse(text);
  } catch (cause) {
    throw new ConfigError(
      { what: 'The benchmark is not valid YAML', where, found: String(cause) },
      { cause },
    );
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new ConfigError({
      what: 'The file does not describe a benchmark',
      where,
      expected: 'the keys tasks, methods, seeds and rollouts',
    });
  }
  try {
    const suite = checkConfig(suiteSchema, content, knownKeys);
    requireDistinct(
      'methods',
      suite.methods.map(nameOf),
      'give one of them another name: {method, name, set}',
    );
    requireDistinct('seeds', suite.seeds, 'leave one out');
    for (const entry of suite.methods) {
      requireDistinct(`methods: ${nameOf(entry)}: seeds`, entry.seeds ?? [], 'leave one out');
    }
    requireDistinct(
      'tasks',
      suite.tasks.map(({ env }) => env),
      'leave one out',
    );
    const names = suite.methods.map(nameOf);
    if (suite.reference !== undefined && !names.includes(suite.reference)) {
      throw new ConfigError({
        what: `There is no row '${suite.reference}' to compare with`,
        where: 'reference',
        remedy: didYouMean(suite.reference, names),
      });
    }
    return suite;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const at = [where, error.report.where].filter((part) => part !== undefined).join(': ');
    throw new ConfigError({ ...error.report, where: at }, { cause: error });
  }
}
