import { z } from 'zod';
import { activations } from '../mixture/imc-config.ts';
import type { MlpShape } from '../tensor/mlp-shape.ts';
import type { TransformerShape } from '../tensor/transformer-shape.ts';
import { type ChunkDefaults, chunkPolicyShape, withChunkChecks, withHeadsCheck } from './chunk-config.ts';
import { type Prediction, predictions, type Sampler, samplers } from './diffusion-schedule.ts';

const count = z.int().min(1);

/** What denoises. */
export const denoisers = ['mlp', 'transformer'] as const;

/** Defaults of a diffusion policy that its method chooses. */
export interface DiffusionDefaults extends ChunkDefaults {
  readonly denoiser: (typeof denoisers)[number];
  readonly sampler: Sampler;
  readonly diffusionSteps: number;
  readonly samplingSteps?: number;
  readonly prediction?: Prediction;
}

/** Lists all options of a diffusion policy with the defaults of one method; `parse({})` gives the whole. */
export function diffusionSchema(defaults: DiffusionDefaults) {
  const {
    denoiser,
    diffusionSteps,
    prediction = 'velocity',
    sampler,
    samplingSteps = null,
    ...own
  } = defaults;
  return withChunkChecks(
    z.strictObject({
      denoiser: z.enum(denoisers).default(denoiser),
      /** T, steps from data to noise. */
      diffusionSteps: count.default(diffusionSteps),
      /** What the network predicts of a noisy chunk. */
      prediction: z.enum(predictions).default(prediction),
      sampler: z.enum(samplers).default(sampler),
      /** Denoising steps per plan, evenly spaced among the T; null: all of them. */
      samplingSteps: count.nullable().default(samplingSteps),
      /** Numbers that describe the diffusion time to the network. */
      timeFeatures: z.int().min(4).multipleOf(2).default(16),
      mlp: z
        .strictObject({
          /** Of the residual network; an odd number of layers of one width. */
          hidden: z.array(count).default([256, 256, 256, 256, 256]),
          activation: z.enum(activations).default('mish'),
        })
        .prefault({}),
      transformer: withHeadsCheck(
        z.strictObject({
          layers: count.default(4),
          heads: count.default(4),
          /** D; a multiple of the heads. */
          width: count.default(64),
          /** Whether an action of the chunk looks only at earlier ones. */
          causal: z.boolean().default(false),
        }),
      ).prefault({}),
      ...chunkPolicyShape(own),
    }),
  ).refine(({ diffusionSteps: all, samplingSteps: taken }) => (taken ?? all) <= all, {
    path: ['samplingSteps'],
    message: 'at most diffusionSteps',
  });
}

/** The resolved options of a diffusion policy. */
export type DiffusionConfig = z.infer<ReturnType<typeof diffusionSchema>>;

/** The networks of a denoiser. */
export interface DenoiserShapes {
  /** From the features of the time to what the rest is told of it. */
  readonly time: MlpShape;
  /** `mlp`: from the noisy chunk, the time and the history to the noise. */
  readonly body?: MlpShape;
  /** `transformer`: embeds a noisy action, embeds an observation, attends, and reads the noise out. */
  readonly action?: MlpShape;
  readonly observation?: MlpShape;
  readonly stack?: TransformerShape;
  readonly head?: MlpShape;
}

/** Lays out the networks of a denoiser. */
export function denoiserShapes(
  config: DiffusionConfig,
  { actionSize, observationSize }: { readonly actionSize: number; readonly observationSize: number },
): DenoiserShapes {
  const { chunk, history, mlp, timeFeatures, transformer } = config;
  const network = (inputSize: number, outputSize: number, hidden: readonly number[] = []): MlpShape => ({
    ...{ networks: 1, inputSize, hidden, outputSize, activation: 'mish' },
  });
  const time = (outputSize: number) => network(timeFeatures, outputSize, [2 * timeFeatures]);
  if (config.denoiser === 'mlp') {
    const inputs = chunk * actionSize + timeFeatures + history * observationSize;
    return {
      time: time(timeFeatures),
      body: {
        ...network(inputs, chunk * actionSize, mlp.hidden),
        activation: mlp.activation,
        residual: true,
      },
    };
  }
  const { causal, heads, layers, width } = transformer;
  return {
    time: time(width),
    action: network(actionSize, width),
    observation: network(observationSize, width),
    stack: { layers, heads, width, tokens: chunk, causal, memoryTokens: history },
    head: network(width, actionSize),
  };
}
