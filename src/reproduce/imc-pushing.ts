import { join } from 'node:path';
import { stringify } from 'yaml';
import { isBenchmark } from '../benchmark/benchmark.ts';
import { writeDurably } from '../durable-file.ts';
import { pushingPart, TEXTBOOK_EM } from './pushing-figures.ts';
import type { Part, Reproduction, ReproductionContext } from './reproduction.ts';

/** The task: two blocks, two targets, four orders. */
const PUSHING = 'Pushing-v0';
/** What the paper compares, IMC first; EM as in the published comparison, and with all that its preset takes over from IMC. */
const ROWS = ['imc', 'em', TEXTBOOK_EM, 'mdn', 'ml-cur'] as const;
/** The whole budget of EM's preset, in the iterations that responsibilities of single steps need. */
export const TEXTBOOK = {
  ...{ form: 'textbook', level: 'step', commitment: 'step', initialization: 'spread', iterations: 3 },
  ...{ 'expert.stepsPerIteration': 1500, 'expert.refineSteps': 3000 },
  // asked at every step, this gate must tell states apart that lie close together
  ...{ 'gate.contexts': 'steps', 'gate.steps': 1500, 'gate.observationNoise': 0.05 },
};

interface PushingScale {
  readonly seeds: number;
  readonly perMode: number;
  /** In all, over 30 contexts. */
  readonly rollouts: number;
  /** Settings of a row that replace those of its method's preset. */
  readonly sets: Partial<Record<(typeof ROWS)[number], Readonly<Record<string, unknown>>>>;
}

const WHOLE: PushingScale = { seeds: 3, perMode: 500, rollouts: 480, sets: { [TEXTBOOK_EM]: TEXTBOOK } };
const SHORT = { 'expert.hidden': [32, 32], 'expert.batchSize': 256, 'gate.steps': 100 };
const QUICK: PushingScale = {
  seeds: 1,
  perMode: 10,
  rollouts: 60,
  sets: {
    imc: { ...SHORT, 'expert.stepsPerIteration': 200, 'expert.refineSteps': 200 },
    em: { ...SHORT, 'expert.stepsPerIteration': 200, 'expert.refineSteps': 200 },
    [TEXTBOOK_EM]: {
      ...{ ...TEXTBOOK, ...SHORT, iterations: 2 },
      ...{ 'expert.stepsPerIteration': 150, 'expert.refineSteps': 100 },
    },
    mdn: { 'expert.hidden': [32, 32], batchSize: 256, steps: 400 },
    'ml-cur': { components: 8, iterations: 4 },
  },
};

/** Files of the report's folder, beside the report itself. */
export const pushingFiles = { suite: 'suite.yaml', benchmark: 'benchmark' } as const;

/** Words the comparison as a benchmark's file. */
function suiteOf({ perMode, rollouts, seeds, sets }: PushingScale, seed: number): string {
  const suite = {
    tasks: [PUSHING],
    methods: ROWS.map((name) => {
      const [method, set] = [name === TEXTBOOK_EM ? 'em' : name, sets[name]];
      return { method, ...(method !== name && { name }), ...(set !== undefined && { set }) };
    }),
    seeds: Array.from({ length: seeds }, (_, s) => seed + s),
    rollouts,
    demonstrations: { perMode, seed },
    reference: 'imc',
  };
  return `# modewise bench ${pushingFiles.suite} --out ${pushingFiles.benchmark} --resume\n${stringify(suite, { aliasDuplicateObjects: false })}`;
}

async function run({ benchmark, folder, quick, seed }: ReproductionContext): Promise<readonly Part[]> {
  const scale = quick ? QUICK : WHOLE;
  const file = join(folder, pushingFiles.suite);
  const suite = suiteOf(scale, seed);
  writeDurably(file, suite);
  const finished = await benchmark(suite, file, join(folder, pushingFiles.benchmark));
  return [pushingPart(finished, { task: PUSHING, reference: 'imc', quick })];
}

/** Information Maximizing Curriculum against other mixtures, on the task with blocks. */
export const imcPushing: Reproduction = {
  name: 'imc-pushing',
  summary:
    'Information Maximizing Curriculum pushes blocks in four orders at least as well as EM, MDN and ML-Cur',
  paper:
    'Blessing et al., Information Maximizing Curriculum: A Curriculum-Based Approach for Learning Versatile Skills (arXiv 2303.15349, NeurIPS 2023)',
  duration:
    '--quick a minute, which shows that all of it runs and no more; the whole fifteen trainings of about 5 minutes of one core each, as many at a time as there are cores, up to four',
  isBegun: (folder) => isBenchmark(join(folder, pushingFiles.benchmark)),
  run,
};
