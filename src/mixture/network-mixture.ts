import type { TrainingData } from '../data/training-data.ts';
import { Rng } from '../random.ts';
import type { TrainingRun } from '../training/training-run.ts';
import { AlternatingTraining, type AssignmentRule } from './alternating-training.ts';
import type { CurriculumForm } from './curriculum.ts';
import { expertShape } from './experts.ts';
import { GateTrainer, gateShape } from './gate-trainer.ts';
import type { NetworkMixtureConfig } from './imc-config.ts';
import { LinearExperts } from './linear-experts.ts';
import type { MixtureModel } from './mixture-model.ts';
import { MixtureProblem } from './mixture-problem.ts';
import { NetworkExperts } from './network-experts.ts';

/** What tells two trainings of {@link trainNetworkMixture} apart. */
export interface NetworkMixturePlan {
  /** Of the random streams. */
  readonly name: string;
  readonly config: NetworkMixtureConfig;
  readonly form: CurriculumForm;
  readonly rule: AssignmentRule;
}

/**
 * Trains experts (networks, or linear ones in closed form) and a gate network by turns; see
 * {@link AlternatingTraining}.
 *
 * @throws DatasetError, DivergenceError, CheckpointError as {@link AlternatingTraining.run}.
 */
export async function trainNetworkMixture(
  data: TrainingData,
  { name, config, form, rule }: NetworkMixturePlan,
  run: TrainingRun,
): Promise<MixtureModel> {
  const { components, expert, initialization, iterations, tolerance } = config;
  const { profile, seed } = run;
  const rng = Rng.fromSeed(seed).fork(name);
  const problem = new MixtureProblem(data, config);
  const shape = expertShape({ components, expert }, data);
  const experts =
    expert.kind === 'linear'
      ? new LinearExperts(problem, { ...expert, shape, rng: rng.fork('experts') })
      : new NetworkExperts(problem, { shape, config: expert, rng: rng.fork('experts'), profile });
  const gate = new GateTrainer(problem, {
    shape: gateShape(config, data.observationSize),
    config: config.gate,
    rng: rng.fork('gate'),
    dataOnDevice: profile?.dataOnDevice,
  });
  const { learningRate, refineSteps, standardDeviation, stepsPerIteration } = expert;
  const training = new AlternatingTraining(
    {
      ...{ problem, config, seed, components, form, experts, gate, rule, rng },
      ...{ initialization, iterations, tolerance, standardDeviation },
      select: { steps: stepsPerIteration, learningRate },
      refine: { steps: refineSteps, learningRate },
      gateBudget: config.gate,
    },
    run,
  );
  try {
    return await training.run();
  } finally {
    training.dispose();
  }
}
