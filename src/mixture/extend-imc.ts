import { Normalizer } from '../data/normalizer.ts';
import type { TrainingData } from '../data/training-data.ts';
import { ConfigError, DatasetError } from '../errors.ts';
import { Rng } from '../random.ts';
import { drawOwn } from '../tensor/mlp-init.ts';
import { type MlpShape, pickNetworks, unshareNetworks } from '../tensor/mlp-shape.ts';
import type { WatchedRun } from '../training/training-run.ts';
import { type ExpertData, expertShape } from './experts.ts';
import { ExtendedExperts } from './extended-experts.ts';
import { GateTrainer, gateShape, widenGate } from './gate-trainer.ts';
import { divideProblem } from './held-out.ts';
import { imcRule } from './imc.ts';
import type { ImcConfig } from './imc-config.ts';
import type { MixtureModel } from './mixture-model.ts';
import { makeExperts, trainAlternating, withinData } from './network-mixture.ts';

/** Share of `gate.steps` that a gate is trained which starts from a trained one. */
const widenedGateShare = 0.5;

/** What of a trained mixture an extension builds on. */
export type ExtendableMixture = Pick<
  MixtureModel,
  | 'observationNormalizer'
  | 'actionNormalizer'
  | 'expertShape'
  | 'experts'
  | 'gateShape'
  | 'gate'
  | 'gateFeatures'
  | 'actionDeviations'
>;

/** Demonstrations to extend a mixture with, after those it learned from. */
export interface ExtensionData {
  /** The old demonstrations, then the new ones. */
  readonly data: TrainingData;
  /** How many of the demonstrations are old. */
  readonly learned: number;
}

/**
 * Trains more experts for new demonstrations beside those of a trained mixture, which stay as they are, bit for bit,
 * then the gate over all of them on all demonstrations.
 *
 * Observations and actions keep their scales: the normalizers are those of the mixture. Where experts share layers, the
 * new ones share theirs among themselves, starting from those of the mixture, and the result holds a copy for every
 * expert. Old demonstrations are needed for the gate, and keep new experts from claiming what old ones explain; only new ones
 * are held out. Costs what the new experts cost, and half the gate.
 *
 * @param config - as of the mixture, `components` being the number of new ones; `auto` finds it, its limits counting the
 *   new ones.
 * @throws ConfigError when the configuration asks for other networks than the mixture has.
 * @throws DatasetError when the data is empty, holds a value that is not finite, or none of it is new.
 * @throws DivergenceError naming the step, when a loss or likelihood is not finite.
 * @throws CheckpointError when `run.resumeFrom` belongs to another mixture, other data, another configuration or seed.
 */
export async function extendImc(
  mixture: ExtendableMixture,
  { data, learned }: ExtensionData,
  config: ImcConfig,
  run: WatchedRun<MixtureModel>,
): Promise<MixtureModel> {
  if (data.modes.length <= learned) {
    throw new DatasetError({ what: 'There are no new demonstrations to extend the mixture with' });
  }
  const { auto, components, expert, gate } = config;
  const rng = Rng.fromSeed(run.seed).fork('imc extension');
  const { heldOut, problem } = divideProblem(data, config, rng.fork('held out'), {
    before: learned,
    normalizers: {
      observations: Normalizer.fromJSON(mixture.observationNormalizer),
      actions: Normalizer.fromJSON(mixture.actionNormalizer),
    },
  });
  const search = components === 'auto' ? withinData(auto, problem.data.modes.length - learned) : undefined;
  const count = search?.initialComponents ?? (components as number);
  const { arrays: weights, shape: trained } = unshareNetworks(mixture.experts, mixture.expertShape);
  const shape = expertShape({ expert, components: count }, data);
  requireSameNetworks(trained, shape);
  const { profile } = run;
  const old = makeExperts(problem, { ...config, ema: null }, { shape: trained, rng, profile, weights });
  const logLikelihoods = new Map<ExpertData, Float64Array>();
  try {
    for (const part of heldOut === undefined ? [problem] : [problem, heldOut.problem]) {
      logLikelihoods.set(part, await old.logLikelihoods(part));
    }
  } finally {
    old.dispose();
  }
  const added = makeExperts(problem, config, {
    ...{ shape, profile, rng: rng.fork('experts') },
    weights: {
      ...pickNetworks(weights, trained.networks, [trained.networks - 1]),
      ...drawOwn(shape, rng.fork('experts').fork('weights')),
    },
    batchPerExpert: Math.max(1, Math.round(expert.batchSize / (trained.networks + count))),
  });
  const widens =
    mixture.gateShape.hidden.join() === gate.hidden.join() &&
    mixture.gateShape.activation === gate.activation;
  return trainAlternating(
    {
      ...{ problem, heldOut, config, rng, search, form: config.form, rule: imcRule(config) },
      experts: new ExtendedExperts({ shape: trained, weights, logLikelihoods }, added, problem),
      firstSeedEpisode: learned,
      fixedDeviations: mixture.actionDeviations,
      makeGate(all) {
        const wide = gateShape({ components: all, gate }, data.observationSize);
        const stream = rng.fork('gate');
        return new GateTrainer(problem.contexts(gate.contexts), {
          ...{ shape: wide, config: gate, loop: config, rng: stream, dataOnDevice: profile?.dataOnDevice },
          weights: widens
            ? widenGate({ shape: mixture.gateShape, weights: mixture.gate }, wide, stream.fork('weights'))
            : undefined,
        });
      },
      gateBudget: { ...gate, steps: widens ? Math.ceil(widenedGateShare * gate.steps) : gate.steps },
    },
    run,
  );
}

/** @throws ConfigError where two shapes differ in more than their number of networks. */
function requireSameNetworks(trained: MlpShape, asked: MlpShape): void {
  const describe = (shape: MlpShape) => {
    const { activation, hidden, inputSize, outputSize, residual } = shape;
    const sizes = [inputSize, ...hidden, outputSize].join('-');
    return `${sizes}${hidden.length > 0 ? ` ${activation}` : ''}${residual === true ? ', residual' : ''}`;
  };
  if (describe(trained) === describe(asked)) return;
  throw new ConfigError({
    what: 'An extension cannot change the networks of the experts, nor the sizes of observations and actions',
    found: describe(asked),
    expected: describe(trained),
  });
}
