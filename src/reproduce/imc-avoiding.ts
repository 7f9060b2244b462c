import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { InterruptedError } from '../errors.ts';
import { deviation, mean } from '../statistics.ts';
import type { Figure, Part, Reproduction, ReproductionContext } from './reproduction.ts';

const ENV = 'Avoiding-v0';
const PER_MODE = 4;
const ROLLOUTS = 480;
/** Of the evaluation: what was learned must not have seen it. */
const EVALUATION_SEED = 1000;

interface AvoidingScale {
  readonly seeds: number;
  /** Settings that replace the method's own. */
  readonly sets: readonly string[];
}

const WHOLE: AvoidingScale = { seeds: 6, sets: [] };
const QUICK: AvoidingScale = {
  seeds: 1,
  sets: ['components=32', 'expert.stepsPerIteration=600', 'expert.refineSteps=1200', 'gate.steps=600'],
};

interface SeedResult {
  readonly success: number;
  readonly entropy: number;
  readonly ceiling: number;
  readonly covered: number;
  readonly stepSuccess: number;
  readonly stepEntropy: number;
}

/** Collects the demonstrations into a folder of the report; what an interrupted collection has is kept. */
async function collectDemonstrations(path: string, { seed, signal }: ReproductionContext): Promise<number> {
  await import('../../envs/index.ts');
  const { collect, demonstrationInfo } = await import('../../demos/collect.ts');
  const { createDataset, openDataset } = await import('../data/store.ts');
  const dataset = existsSync(path)
    ? await openDataset(path, { access: 'append' })
    : await createDataset(path, await demonstrationInfo(ENV));
  try {
    const report = await collect({ envId: ENV, perMode: PER_MODE, seed, dataset, signal });
    if (report.interrupted) throw stopped(path);
    return dataset.length;
  } finally {
    await dataset.close();
  }
}

function stopped(where: string): InterruptedError {
  return new InterruptedError({
    what: 'The reproduction was stopped',
    where,
    remedy: 'the same command with --resume goes on from there',
  });
}

/** Trains one policy into a run folder, or goes on with it, and scores it with and without commitment. */
async function trainAndScore(
  dataPath: string,
  directory: string,
  seed: number,
  sets: readonly string[],
  { signal, versions }: ReproductionContext,
): Promise<SeedResult> {
  const { openDataset } = await import('../data/store.ts');
  const { loadTrainingData } = await import('../data/training-data.ts');
  const { resolveConfig } = await import('../policies/config.ts');
  const { findMethod } = await import('../policies/registry.ts');
  const { trainPolicy } = await import('../policies/train.ts');
  const { runFiles } = await import('../policies/run-directory.ts');
  const { selectBackend } = await import('../tensor/backend.ts');
  const { evaluate } = await import('../eval/evaluate.ts');
  const dataset = await openDataset(dataPath, { access: 'read' });
  const data = await loadTrainingData(dataset);
  await dataset.close();
  const resuming = existsSync(join(directory, runFiles.checkpoint));
  // killed before its first checkpoint, a training leaves nothing to go on from
  if (!resuming) rmSync(directory, { recursive: true, force: true });
  const method = findMethod('imc');
  const backend = await selectBackend('auto');
  const { complete } = await trainPolicy({
    method,
    config: resolveConfig(method, { envId: ENV, sets }),
    data,
    datasetPath: dataPath,
    seed,
    directory,
    existing: resuming ? 'resume' : 'refuse',
    backend,
    versions,
    signal,
  });
  if (!complete) throw stopped(directory);
  const score = (overrides: Readonly<Record<string, unknown>>) =>
    evaluate({
      runDirectory: directory,
      envId: ENV,
      rollouts: ROLLOUTS,
      seed: EVALUATION_SEED,
      workers: 2,
      overrides,
      signal,
    });
  const committed = await score({});
  const stepwise = await score({ commitment: 'step' });
  return {
    success: committed.success.rate,
    entropy: committed.entropy.value,
    ceiling: committed.entropy.ceiling,
    covered: committed.modes.covered,
    stepSuccess: stepwise.success.rate,
    stepEntropy: stepwise.entropy.value,
  };
}

/** Collects, trains over the seeds, scores. */
async function run(context: ReproductionContext): Promise<readonly Part[]> {
  const { folder, quick, seed, units } = context;
  const scale = quick ? QUICK : WHOLE;
  const dataPath = join(folder, 'demonstrations');
  const episodes = await units.do('demonstrations', () => collectDemonstrations(dataPath, context));
  const results: SeedResult[] = [];
  for (let s = 0; s < scale.seeds; s++) {
    const directory = join(folder, 'runs', `seed-${s}`);
    results.push(
      await units.do(`seed/${s}`, () => trainAndScore(dataPath, directory, seed + s, scale.sets, context)),
    );
  }
  const figure = (name: string, key: keyof SeedResult, more: Partial<Figure> = {}): Figure => {
    const values = results.map((result) => result[key]);
    return { name, mean: mean(values), spread: deviation(values), count: values.length, ...more };
  };
  const of = (key: keyof SeedResult) => results.map((result) => result[key]);
  const least = Math.min(...of('covered'));
  const part: Part = {
    title: 'Avoiding, 24 modes',
    protocol: [
      `${episodes} scripted demonstrations with human-like statistics, ${PER_MODE} of each mode; seed ${seed}.`,
      `Method imc, ${scale.sets.length === 0 ? 'its own settings' : `with ${scale.sets.join(', ')}`}; training seeds ${seed} to ${seed + scale.seeds - 1}.`,
      `${ROLLOUTS} rollouts each from D3IL's start, evaluation seed ${EVALUATION_SEED}. Entropy: base 24, over successful rollouts; a uniform policy would score ${mean(of('ceiling')).toFixed(3)} on average.`,
    ],
    figures: [
      figure('success', 'success', {
        target: '≥ 0.95',
        holds: mean(of('success')) >= 0.95,
        published: {
          value: '0.75 ± 0.08',
          mark: 'verified',
          source: 'IMC-GPT on D3IL’s human demonstrations, VDD project page; another network and simulator',
        },
      }),
      figure('entropy', 'entropy', { target: '≥ 0.93', holds: mean(of('entropy')) >= 0.93 }),
      {
        name: 'modes covered by the worst seed',
        mean: least,
        spread: null,
        count: results.length,
        target: '≥ 23 of 24',
        holds: least >= 23,
      },
      figure('success, component redrawn every step', 'stepSuccess'),
      figure('entropy, component redrawn every step', 'stepEntropy'),
    ],
    charts: [],
    notes: ['The paper redraws the component at every step; the targets are for one component an episode.'],
  };
  return [part];
}

/** Information Maximizing Curriculum on the task with 24 ways. */
export const imcAvoiding: Reproduction = {
  name: 'imc-avoiding',
  summary: 'Information Maximizing Curriculum learns 24 ways of avoiding obstacles, and keeps them',
  paper:
    'Blessing et al., Information Maximizing Curriculum: A Curriculum-Based Approach for Learning Versatile Skills (arXiv 2303.15349, NeurIPS 2023)',
  duration: '--quick a few minutes with one seed and a third of the training; the whole six full trainings',
  run,
};
