import { z } from 'zod';
import type { TrainingData } from '../data/training-data.ts';
import { gateFeatureKinds } from '../mixture/gate-features.ts';
import type { MixtureModel } from '../mixture/mixture-model.ts';
import type { LoopConfig } from '../training/gradient-config.ts';
import { joinParts, takePart } from '../training/parts.ts';
import { chooseWeights } from '../training/trained-weights.ts';
import { type WatchedRun, watchedAs } from '../training/training-run.ts';
import type { Method, MethodExtension, TrainingOutcome } from './method.ts';
import { type ActingMixture, type MixtureActing, MixturePolicy } from './mixture-policy.ts';
import { scalingShape, unusablePolicy } from './saved-model.ts';
import type { SavedPolicy } from './saved-policy.ts';

const shapeSchema = z.looseObject({
  networks: z.int(),
  inputSize: z.int(),
  hidden: z.array(z.int()),
  outputSize: z.int(),
  activation: z.enum(['linear', 'relu', 'tanh', 'silu', 'mish', 'gelu']),
  sharedWeights: z.int().default(0),
  sharedBiases: z.int().default(0),
  residual: z.boolean().default(false),
});

/** What the JSON part of a saved mixture holds; summaries of the training are kept but not read back. */
const modelSchema = z.looseObject({
  ...scalingShape,
  expertShape: shapeSchema,
  gateShape: shapeSchema,
  gateFeatures: z.enum(gateFeatureKinds).default('linear'),
  standardDeviation: z.number().positive().default(1),
  // policies that were saved before it was measured lack it
  actionDeviations: z.array(z.array(z.number().min(0))).default([]),
});

function save(method: string, mixture: MixtureModel): SavedPolicy {
  const { config, envId, experts, gate, snapshots, ...model } = mixture;
  return {
    method,
    envId,
    observationSize: mixture.expertShape.inputSize,
    actionSize: mixture.expertShape.outputSize,
    config,
    model,
    arrays: joinParts({ experts, gate, ...(snapshots === undefined ? {} : { snapshots }) }),
  };
}

/**
 * Replaces the weights of a mixture by those of the snapshot that the settings name. The deviations of its actions stay those
 * around the weights that its training chose.
 *
 * @throws CheckpointError when it has no such weights.
 */
function atSnapshot(saved: SavedPolicy, mixture: ActingMixture, config: unknown): ActingMixture {
  const snapshots = takePart(saved.arrays, 'snapshots');
  const choice = config as LoopConfig;
  // where there is but one set of weights it is what acts
  if (Object.keys(snapshots).length === 0 && choice.checkpoint === 'last') return mixture;
  const weights = chooseWeights(snapshots, choice);
  const gate = takePart(weights, 'gate');
  const experts = takePart(weights, 'experts');
  // a mixture of one component has a gate that is not trained
  return { ...mixture, experts, gate: Object.keys(gate).length === 0 ? mixture.gate : gate };
}

/**
 * Reads a mixture out of a saved policy.
 *
 * @throws CheckpointError when it is incomplete.
 */
export function readMixture(saved: SavedPolicy): ActingMixture & Pick<MixtureModel, 'standardDeviation'> {
  const model = modelSchema.safeParse(saved.model);
  if (!model.success) throw unusablePolicy('model', model.error);
  return {
    ...model.data,
    experts: takePart(saved.arrays, 'experts'),
    gate: takePart(saved.arrays, 'gate'),
  };
}

/** What a {@link mixtureMethod} is made of. */
export interface MixtureMethodParts<Config> extends Pick<Method, 'name' | 'summary'> {
  readonly schema: z.ZodType<Config>;
  /** Loads what trains on tensors: acting must not load TensorFlow.js. */
  readonly trainer: () => Promise<
    (data: TrainingData, config: Config, run: WatchedRun<MixtureModel>) => Promise<MixtureModel>
  >;
  /** How a policy acts with its mixture; settings of acting, where there is more than one way. */
  readonly acting: (config: Config) => MixtureActing;
  readonly actingKeys: readonly string[];
  readonly presets?: Method['presets'];
  /** Loads what extends a mixture by more components, trained on more demonstrations. */
  readonly extender?: () => Promise<
    (
      mixture: ActingMixture,
      data: { readonly data: TrainingData; readonly learned: number },
      config: Config,
      run: WatchedRun<MixtureModel>,
    ) => Promise<MixtureModel>
  >;
}

function outcome(method: string, mixture: MixtureModel): TrainingOutcome {
  return { policy: save(method, mixture), complete: mixture.stopped !== 'interrupted' };
}

function extension<Config>(
  extender: NonNullable<MixtureMethodParts<Config>['extender']>,
  name: string,
): MethodExtension {
  return {
    /** As many new components for a demonstration as the mixture has. */
    settings(saved, { added, learned }) {
      if ((saved.config as { components?: unknown }).components === 'auto') return {};
      const { networks } = readMixture(saved).expertShape;
      return { components: Math.max(1, Math.round((networks * added) / learned)) };
    },
    async train(saved, data, { config, learned, run }) {
      const extend = await extender();
      const watched = watchedAs(run, (mixture: MixtureModel) => save(name, mixture));
      return outcome(name, await extend(readMixture(saved), { data, learned }, config as Config, watched));
    },
  };
}

/** Makes a method of the registry out of a training whose result acts as a mixture of experts. */
export function mixtureMethod<Config>(parts: MixtureMethodParts<Config>): Method {
  const { actingKeys, name, presets = {}, schema, summary } = parts;
  return {
    ...{ actingKeys, name, presets, schema, summary },
    async train(data, config, run) {
      const train = await parts.trainer();
      const watched = watchedAs(run, (interim: MixtureModel) => save(name, interim));
      const mixture = await train(data, config as Config, watched);
      return outcome(name, mixture);
    },
    ...(parts.extender !== undefined && { extension: extension(parts.extender, name) }),
    load(saved) {
      const mixture = readMixture(saved);
      const config = schema.safeParse(saved.config);
      if (!config.success) throw unusablePolicy('config', config.error);
      // networks of another form than the mixture's act only as they were at the end of the training
      const chosen = actingKeys.includes('checkpoint') ? atSnapshot(saved, mixture, config.data) : mixture;
      return new MixturePolicy(name, chosen, parts.acting(config.data));
    },
  };
}
