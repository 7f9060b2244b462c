import type { TrainingData } from '../data/training-data.ts';
import { Rng } from '../random.ts';
import { plainLoop } from '../training/gradient-config.ts';
import type { WatchedRun } from '../training/training-run.ts';
import { AlternatingTraining } from './alternating-training.ts';
import { expertShape } from './experts.ts';
import { GaussianGate } from './gaussian-gate.ts';
import { curriculumRule } from './imc.ts';
import type { NetworkLayout } from './imc-config.ts';
import { LinearExperts } from './linear-experts.ts';
import type { MixtureModel } from './mixture-model.ts';
import { MixtureProblem } from './mixture-problem.ts';
import type { MlCurConfig } from './ml-cur-config.ts';

const linearLayout: NetworkLayout = { kind: 'linear', hidden: [], activation: 'relu', residual: false };
/** What is fitted in closed form takes one step. */
const atOnce = { steps: 1, learningRate: 1 };

/**
 * Trains linear-Gaussian experts on curricula with a wanted share of active samples, gated by the Gaussians of what
 * each one selected: the linear forerunner of IMC (ML-Cur, ICRA 2023; intuitive-robots/ml-cur).
 *
 * All updates are in closed form, in double precision, without the tensor backend. Aborting `run.signal` ends it at
 * the next update, with a mixture that acts.
 *
 * @throws DatasetError when the data is empty or holds a value that is not finite.
 * @throws FitError when a context distribution is singular.
 * @throws CheckpointError when `run.resumeFrom` belongs to other data, another configuration or another seed.
 */
export function trainMlCur(
  data: TrainingData,
  config: MlCurConfig,
  run: WatchedRun<MixtureModel>,
): Promise<MixtureModel> {
  const { activeSamples, commitment, components, contexts, initialization, iterations, level } = config;
  const { standardDeviation, tolerance } = config;
  const { seed } = run;
  const rng = Rng.fromSeed(seed).fork('ml-cur');
  const problem = new MixtureProblem(data, config);
  const shape = expertShape({ components, expert: linearLayout }, data);
  // a component that chose episodes and is kept for one is asked for at starts, and nowhere else
  const isAskedAtStarts = level === 'episode' && commitment === 'episode';
  const contextSteps = isAskedAtStarts ? data.episodeStarts.slice(0, -1) : undefined;
  const training = new AlternatingTraining(
    {
      ...{ problem, config, seed, rng, initialization, iterations, tolerance },
      form: 'paper',
      experts: new LinearExperts(problem, { shape, standardDeviation, rng: rng.fork('experts') }),
      makeGate: (count) =>
        new GaussianGate(problem, {
          components: count,
          contextSteps,
          regularization: contexts.regularization,
        }),
      ...{ loop: plainLoop, gateContexts: isAskedAtStarts ? 'starts' : 'steps' },
      width: standardDeviation,
      rule: curriculumRule({ activeSamples }),
      select: atOnce,
      refine: atOnce,
      gateBudget: atOnce,
    },
    run,
  );
  return training.run();
}
