import { onBlockTasks } from './block-tasks.ts';
import { fineObservations, presentObservation } from './chunk-config.ts';
import { gradientMethod } from './gradient-method.ts';
import { type LatentDefaults, latentSchema } from './latent-config.ts';
import { makeLatentPlanner } from './latent-planner.ts';
import type { Method, PartialConfig } from './method.ts';

/** What tells the policies with a latent variable apart. */
interface LatentMethod {
  readonly name: string;
  readonly summary: string;
  readonly defaults: LatentDefaults;
  readonly presets?: Readonly<Record<string, PartialConfig>>;
}

function latentMethod({ defaults, name, presets = {}, summary }: LatentMethod): Method {
  return gradientMethod({
    ...{ name, summary, presets },
    schema: latentSchema(defaults),
    actingKeys: ['hold', 'choose'],
    learner: async () => (await import('./latent-learner.ts')).makeLatentLearner,
    planner: makeLatentPlanner,
  });
}

/**
 * Settings for demonstrations with a tremor of half the standard deviation of their actions: a narrow decoder spends
 * the latent variable on the tremor, and its plans drift off. Without draws, a rod between two ways around a block stands still.
 */
const trembling = { decoderScale: 1, choose: 'draw' } as const;

/** Conditional variational autoencoder (Sohn, Lee and Yan 2015) over chunks of actions. */
export const cvae = latentMethod({
  name: 'cvae',
  summary: 'Conditional variational autoencoder: decodes actions from a latent variable drawn at random',
  defaults: { network: 'mlp', reconstruction: 'squared', chunk: 8, history: 2, steps: 20_000 },
  presets: {
    'Avoiding-v0': { ...fineObservations, chunk: 4, execute: 2, batchSize: 128, steps: 30_000 },
    ...onBlockTasks({
      ...{ ...presentObservation, ...trembling, chunk: 4, execute: 2 },
      batchSize: 512,
      steps: 12_000,
    }),
  },
});

/**
 * Action Chunking with Transformers (Zhao et al. 2023): a conditional variational autoencoder of transformers, with
 * absolute errors. Unlike the release it draws its latent variable when it acts, where the release acts with its mean.
 */
export const act = latentMethod({
  name: 'act',
  summary: 'Action Chunking with Transformers: a variational autoencoder over chunks of actions',
  defaults: { network: 'transformer', reconstruction: 'absolute', chunk: 8, history: 1, steps: 10_000 },
  presets: {
    'Avoiding-v0': {
      ...{ ...fineObservations, chunk: 4, execute: 2, batchSize: 128, steps: 20_000 },
      transformer: { encoderLayers: 1, decoderLayers: 2 },
    },
    ...onBlockTasks({
      ...{ ...presentObservation, ...trembling, chunk: 4, execute: 1, batchSize: 128, steps: 15_000 },
      transformer: { encoderLayers: 1, decoderLayers: 2 },
    }),
  },
});
