import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { deviation, mean } from '../statistics.ts';
import {
  AVOIDING,
  EVALUATION_SEED,
  ROLLOUTS,
  readDemonstrations,
  scoreOnAvoiding,
  trainOnAvoiding,
} from './avoiding-runs.ts';
import type { Figure, Part, ReproductionContext } from './reproduction.ts';

/** What the extension of a mixture is measured with. */
export interface ExtensionScale {
  readonly seeds: number;
  /** Of the mixture that learns half of the ways, and of its extension; training anew has twice as many. */
  readonly components: number;
  readonly sets: readonly string[];
}

interface ExtensionResult {
  readonly costRatio: number;
  readonly before: number;
  readonly after: number;
  readonly success: number;
  readonly entropy: number;
  readonly anewSuccess: number;
  readonly anewEntropy: number;
  readonly changed: number;
}

/** Trains on half of the ways, extends that by the other half, and trains on all of them anew. */
async function extendAndCompare(
  dataPath: string,
  folder: string,
  seed: number,
  { scale, context }: { readonly scale: ExtensionScale; readonly context: ReproductionContext },
): Promise<ExtensionResult> {
  const { selectEpisodes, joinTrainingData } = await import('../data/training-data.ts');
  const { readMixture } = await import('../policies/mixture-method.ts');
  const { pickNetworks, unshareNetworks } = await import('../tensor/mlp-shape.ts');
  const all = await readDemonstrations(dataPath);
  const ofParity = (parity: number) =>
    selectEpisodes(
      all,
      [...all.modes.keys()].filter((episode) => (all.modes[episode] as number) % 2 === parity),
    );
  const [old, added] = [ofParity(0), ofParity(1)];
  const data = joinTrainingData([old, added]);
  // threads that wait for one another poll, which counts as processor time when other work keeps them waiting
  const training = { dataPath, seed, threads: 1, sets: [...scale.sets, `components=${scale.components}`] };
  // what was begun before an interruption would not be timed as a whole
  rmSync(folder, { recursive: true, force: true });
  const timed = async (options: Parameters<typeof trainOnAvoiding>[0]) => {
    const start = context.processorTime();
    const policy = await trainOnAvoiding(options, context);
    return { policy, milliseconds: context.processorTime() - start, directory: options.directory };
  };
  const half = await timed({ ...training, data: old, directory: join(folder, 'half') });
  const learned = old.modes.length;
  const extended = await timed({
    ...{ ...training, data, sets: [], base: half.policy.config, directory: join(folder, 'extended') },
    extending: { policy: half.policy, run: half.directory, datasets: [dataPath], learned },
  });
  const anew = await timed({
    ...{ ...training, data, directory: join(folder, 'anew') },
    sets: [...scale.sets, `components=${2 * scale.components}`],
  });
  const scores = [];
  for (const { directory } of [half, extended, anew]) scores.push(await scoreOnAvoiding(directory, context));
  const [ofHalf, ofExtended, ofAnew] = scores as [(typeof scores)[0], (typeof scores)[0], (typeof scores)[0]];
  const kept = ofExtended.rows.filter(({ components: [first = 0] }) => first < scale.components);
  const [was, is] = [readMixture(half.policy), readMixture(extended.policy)];
  const same = pickNetworks(is.experts, is.expertShape.networks, [...Array(scale.components).keys()]);
  const weights = Object.entries(unshareNetworks(was.experts, was.expertShape).arrays);
  return {
    costRatio: extended.milliseconds / anew.milliseconds,
    before: ofHalf.success.rate,
    after: kept.filter(({ success }) => success).length / kept.length,
    success: ofExtended.success.rate,
    entropy: ofExtended.entropy.value,
    anewSuccess: ofAnew.success.rate,
    anewEntropy: ofAnew.entropy.value,
    changed: weights.filter(([name, { data: numbers }]) =>
      numbers.some((value, i) => value !== same[name]?.data[i]),
    ).length,
  };
}

/** Measures what it costs to extend a mixture, and what it forgets. */
export async function extensionPart(
  dataPath: string,
  scale: ExtensionScale,
  context: ReproductionContext,
): Promise<Part> {
  const { folder, seed, units } = context;
  const results: ExtensionResult[] = [];
  for (let s = 0; s < scale.seeds; s++) {
    const runs = join(folder, 'extension', `seed-${s}`);
    results.push(
      await units.do(`extension/${s}`, () => extendAndCompare(dataPath, runs, seed + s, { scale, context })),
    );
  }
  const of = (key: keyof ExtensionResult) => results.map((result) => result[key]);
  const figure = (name: string, values: readonly number[], more: Partial<Figure> = {}): Figure => ({
    ...{ name, mean: mean(values), spread: deviation(values), count: values.length },
    ...more,
  });
  const lost = mean(of('before')) - mean(of('after'));
  return {
    title: `${AVOIDING}, 12 ways extended by the other 12`,
    protocol: [
      'Demonstrations of every other mode first, then those of the modes between.',
      `${scale.components} components learn the first half, as many are added; training anew has ${2 * scale.components}${scale.sets.length === 0 ? '' : `; all with ${scale.sets.join(', ')}`}. Training seeds ${seed} to ${seed + scale.seeds - 1}.`,
      `${ROLLOUTS} rollouts each, evaluation seed ${EVALUATION_SEED}; a rollout counts for the old ways when it draws an old component.`,
    ],
    figures: [
      figure('processor time of the extension over that of training anew', of('costRatio'), {
        target: '≤ 0.60',
        holds: mean(of('costRatio')) <= 0.6,
      }),
      figure('arrays of old experts that changed', of('changed'), {
        target: '0',
        holds: of('changed').every((count) => count === 0),
      }),
      figure('success of the old ways before', of('before')),
      figure('success of the old ways after', of('after'), {
        target: 'at most 0.02 less than before',
        holds: lost <= 0.02,
      }),
      figure('success, extended', of('success')),
      figure('entropy, extended', of('entropy')),
      figure('success, trained anew', of('anewSuccess')),
      figure('entropy, trained anew', of('anewEntropy')),
    ],
    charts: [],
    notes: [
      'Times are taken one after the other in one process, on one thread; a busy machine makes their ratio uncertain.',
    ],
  };
}
