import type { TrainingData } from '../data/training-data.ts';
import { Rng } from '../random.ts';
import type { WatchedRun } from '../training/training-run.ts';
import type { AlternatingPlan, AssignmentRule } from './alternating-plan.ts';
import { AlternatingTraining } from './alternating-training.ts';
import type { CurriculumForm } from './curriculum.ts';
import { type ExpertData, type Experts, expertShape } from './experts.ts';
import { GateTrainer, gateShape } from './gate-trainer.ts';
import { divideProblem } from './held-out.ts';
import type { AutoConfig, ImcConfig, NetworkMixtureConfig } from './imc-config.ts';
import { referenceDeviation } from './likelihood-width.ts';
import { LinearExperts } from './linear-experts.ts';
import type { MixtureModel } from './mixture-model.ts';
import { NetworkExperts, type NetworkExpertsOptions } from './network-experts.ts';

/** The settings of a mixture of networks; the number of components may be searched for, σ may change. */
export type MixtureSettings = NetworkMixtureConfig | ImcConfig;

/** What tells two trainings of {@link trainNetworkMixture} apart. */
export interface NetworkMixturePlan {
  /** Of the random streams. */
  readonly name: string;
  readonly config: MixtureSettings;
  readonly form: CurriculumForm;
  readonly rule: AssignmentRule;
  /** How components are searched for, where their number is not given. */
  readonly search?: AutoConfig | undefined;
}

/**
 * Trains experts (networks, or linear ones in closed form) and a gate network by turns; see
 * {@link AlternatingTraining}.
 *
 * @throws DatasetError, DivergenceError, CheckpointError as {@link AlternatingTraining.run}.
 */
export async function trainNetworkMixture(
  data: TrainingData,
  { name, config, form, rule, search: asked }: NetworkMixturePlan,
  run: WatchedRun<MixtureModel>,
): Promise<MixtureModel> {
  const rng = Rng.fromSeed(run.seed).fork(name);
  const { heldOut, problem } = divideProblem(data, config, rng.fork('held out'));
  const search = asked === undefined ? undefined : withinData(asked, problem.data.modes.length);
  const components = search?.initialComponents ?? (config.components as number);
  const shape = expertShape({ ...config, components }, data);
  return trainAlternating(
    {
      ...{ problem, heldOut, config, form, rule, rng, search },
      experts: makeExperts(problem, config, { shape, rng: rng.fork('experts'), profile: run.profile }),
    },
    run,
  );
}

/** Limits a search to one component per demonstration. */
export function withinData(search: AutoConfig, episodes: number): AutoConfig {
  const maxComponents = Math.min(search.maxComponents, episodes);
  const minComponents = Math.min(search.minComponents, maxComponents);
  const initialComponents = Math.max(minComponents, Math.min(search.initialComponents, maxComponents));
  return { ...search, initialComponents, minComponents, maxComponents };
}

/** Makes the experts that a configuration asks for. */
export function makeExperts(
  problem: ExpertData,
  { expert: config, ...loop }: MixtureSettings,
  options: Omit<NetworkExpertsOptions, 'config' | 'loop' | 'standardDeviation'>,
): Experts {
  const standardDeviation = referenceDeviation(config.standardDeviation);
  return config.kind === 'linear'
    ? new LinearExperts(problem, { ...options, standardDeviation })
    : new NetworkExperts(problem, { ...options, config, loop, standardDeviation });
}

/** What {@link trainAlternating} takes beside what follows from the configuration. */
export type AlternatingStart = Pick<
  AlternatingPlan,
  | 'problem'
  | 'heldOut'
  | 'form'
  | 'experts'
  | 'rule'
  | 'rng'
  | 'search'
  | 'firstSeedEpisode'
  | 'fixedDeviations'
> & { readonly config: MixtureSettings; readonly gateBudget?: AlternatingPlan['gateBudget'] } & Partial<
    Pick<AlternatingPlan, 'makeGate'>
  >;

/** Trains given experts and a gate network with the budgets of a configuration; disposes of the experts. */
export async function trainAlternating(
  start: AlternatingStart,
  run: WatchedRun<MixtureModel>,
): Promise<MixtureModel> {
  const { config, problem, rng } = start;
  const { expert, initialization, iterations, tolerance } = config;
  const { learningRate, refineSteps, stepsPerIteration } = expert;
  const training = new AlternatingTraining(
    {
      makeGate: (components) =>
        new GateTrainer(problem.contexts(config.gate.contexts), {
          shape: gateShape({ ...config, components }, problem.observationSize),
          config: config.gate,
          loop: config,
          rng: rng.fork('gate'),
          dataOnDevice: run.profile?.dataOnDevice,
        }),
      gateBudget: config.gate,
      ...start,
      ...{ initialization, iterations, tolerance, seed: run.seed, width: expert.standardDeviation },
      ...{ loop: config, gateContexts: config.gate.contexts },
      select: { steps: stepsPerIteration, learningRate },
      refine: { steps: refineSteps, learningRate },
    },
    run,
  );
  try {
    return await training.run();
  } finally {
    training.dispose();
  }
}
