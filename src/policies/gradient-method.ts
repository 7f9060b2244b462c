import { z } from 'zod';
import { CheckpointError } from '../errors.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import type { LearnedWeights, LearnerMaker } from '../training/learner.ts';
import { featureCount, observationFeatures } from '../training/observation-features.ts';
import { joinParts, takePart } from '../training/parts.ts';
import { chooseWeights } from '../training/trained-weights.ts';
import { watchedAs } from '../training/training-run.ts';
import { type ChunkPolicyConfig, chunkActingKeys } from './chunk-config.ts';
import { type ChunkPlanner, ChunkPolicy } from './chunk-policy.ts';
import type { Method, PartialConfig } from './method.ts';
import { scalingShape, unusablePolicy } from './saved-model.ts';
import type { SavedPolicy } from './saved-policy.ts';

const modelSchema = z.looseObject(scalingShape);

/** What a {@link ChunkPlanner} is made from. */
export interface PlannerContext<Config> {
  readonly config: Config;
  /** Do, the features of an observation included. */
  readonly observationSize: number;
  /** Da. */
  readonly actionSize: number;
  /** As the learner's network gives them. */
  readonly weights: NamedArrays;
  /** As the learner has and measured them. */
  readonly constants: NamedArrays;
  /** Least and greatest demonstrated action per dimension, normalized, shape `[Da]`. */
  readonly low: Float32Array;
  readonly high: Float32Array;
}

/** What a {@link gradientMethod} is made of. */
export interface GradientMethodParts<Config extends ChunkPolicyConfig, Kept> {
  readonly name: string;
  readonly summary: string;
  /** Spreads `chunkPolicyShape` in. */
  readonly schema: z.ZodType<Config>;
  readonly presets?: Readonly<Record<string, PartialConfig>>;
  /** Further settings of acting, beside those of all policies by chunks. */
  readonly actingKeys?: readonly string[];
  /** Whether the learner is given the actions at the earlier observations too. */
  readonly pastActions?: boolean;
  /** Loads what trains on tensors: acting must not load TensorFlow.js. */
  readonly learner: () => Promise<LearnerMaker<Config>>;
  /** Makes trained weights plan, without tensors. @throws CheckpointError when they do not fit. */
  readonly planner: (context: PlannerContext<Config>) => ChunkPlanner<Kept>;
}

/** Makes a method of the registry out of a loss to train by gradient and a planner to act with what was learned. */
export function gradientMethod<Config extends ChunkPolicyConfig, Kept>(
  parts: GradientMethodParts<Config, Kept>,
): Method {
  const { name, pastActions = false, presets = {}, schema, summary } = parts;
  return {
    ...{ name, presets, schema, summary },
    actingKeys: [...chunkActingKeys, ...(parts.actingKeys ?? [])],
    async train(data, resolved, run) {
      const config = resolved as Config;
      const { trainLearner } = await import('../training/learner.ts');
      const { chunk, history, observationFrequencies } = config;
      const windows = { history, chunk, pastActions };
      const policy = ({ arrays, best, constants, scaling, step, stopped }: LearnedWeights): SavedPolicy => {
        const { envId, ...model } = scaling;
        const { observationSize, actionSize } = data;
        return {
          ...{ method: name, envId, observationSize, actionSize, config },
          model: { ...model, training: { step, best: best ?? null, stopped, seed: run.seed } },
          arrays: joinParts({ trained: arrays, constants }),
        };
      };
      const plan = { name, make: await parts.learner(), windows, observationFrequencies };
      const learned = await trainLearner(data, config, plan, watchedAs(run, policy));
      return { policy: policy(learned), complete: learned.stopped !== 'interrupted' };
    },
    load(saved) {
      const model = modelSchema.safeParse(saved.model);
      if (!model.success) throw unusablePolicy('model', model.error);
      const parsed = schema.safeParse(saved.config);
      if (!parsed.success) throw unusablePolicy('config', parsed.error);
      const config = parsed.data;
      const { chunk, ensemble, execute, history, observationFrequencies: frequencies } = config;
      const { observationSize } = saved;
      requireWidths(saved, model.data);
      const scale = (bound: readonly number[]) =>
        Float32Array.from(bound, (value, d) => {
          const { mean, std } = model.data.actionNormalizer;
          return (value - (mean[d] as number)) / (std[d] as number);
        });
      const planner = parts.planner({
        config,
        observationSize: featureCount(observationSize, frequencies),
        actionSize: saved.actionSize,
        weights: chooseWeights(takePart(saved.arrays, 'trained'), config),
        constants: takePart(saved.arrays, 'constants'),
        low: scale(model.data.actionLow),
        high: scale(model.data.actionHigh),
      });
      const execution = { chunk, execute: execute ?? chunk, ensemble };
      const describing: ChunkPlanner<Kept> = {
        begin: (stream) => planner.begin(stream),
        plan: (histories, episodes, target) =>
          planner.plan(observationFeatures(histories, observationSize, frequencies), episodes, target),
      };
      return new ChunkPolicy({ method: name, scaling: model.data, history, execution, planner: describing });
    },
  };
}

/** @throws CheckpointError when the normalizers are of another task than the policy. */
function requireWidths(saved: SavedPolicy, model: z.infer<typeof modelSchema>): void {
  const widths = [
    ['observationNormalizer.mean', model.observationNormalizer.mean.length, saved.observationSize],
    ['actionNormalizer.mean', model.actionNormalizer.mean.length, saved.actionSize],
    ['actionLow', model.actionLow.length, saved.actionSize],
    ['actionHigh', model.actionHigh.length, saved.actionSize],
  ] as const;
  for (const [where, found, expected] of widths) {
    if (found === expected) continue;
    throw new CheckpointError({
      what: 'The saved policy contradicts itself',
      where: `model.${where}`,
      found: `${found} numbers`,
      expected: String(expected),
      remedy: 'train again, or restore the file',
    });
  }
}
