import { z } from 'zod';
import { actionChoiceSchema, activations } from '../mixture/imc-config.ts';
import type { MlpShape } from '../tensor/mlp-shape.ts';
import type { TransformerShape } from '../tensor/transformer-shape.ts';
import { type ChunkDefaults, chunkPolicyShape, withChunkChecks, withHeadsCheck } from './chunk-config.ts';

const count = z.int().min(1);

/** Of what encoder and decoder are made. */
const networks = ['mlp', 'transformer'] as const;

/** How a decoded chunk is compared with the demonstrated one. */
const reconstructions = ['squared', 'absolute'] as const;

/** Defaults of a policy with a latent variable that its method chooses. */
export interface LatentDefaults extends ChunkDefaults {
  readonly network: (typeof networks)[number];
  readonly reconstruction: (typeof reconstructions)[number];
}

/** Lists all options of a policy with a latent variable with the defaults of one method; `parse({})` gives the whole. */
export function latentSchema({ network, reconstruction, ...own }: LatentDefaults) {
  return withChunkChecks(
    z.strictObject({
      network: z.enum(networks).default(network),
      /** L. */
      latentSize: count.default(8),
      /** `squared`: the decoder's density is a normal one; `absolute`: a Laplace density. */
      reconstruction: z.enum(reconstructions).default(reconstruction),
      /**
       * Standard deviation of the normal, scale of the Laplace density of the decoder, in standard deviations of the data.
       * The larger it is, the less the latent variable is worth telling anything by.
       */
      decoderScale: z.number().positive().default(0.5),
      /** Share of the training over which the weight of the divergence rises to 1. */
      divergenceWarmup: z.number().min(0).max(1).default(0.2),
      /** How long an acting policy keeps the latent variable that it drew: a plan, or the whole episode. */
      hold: z.enum(['plan', 'episode']).default('plan'),
      /** What an acting policy takes of the decoder: its mean, or a draw as wide as the demonstrations scatter around it. */
      choose: actionChoiceSchema.default('mean'),
      mlp: z
        .strictObject({
          /**
           * Of encoder and decoder each, residual; an odd number of layers of one width. Rectifiers draw sharper borders
           * between the ways than smooth activations do.
           */
          hidden: z.array(count).default([256, 256, 256]),
          activation: z.enum(activations).default('relu'),
        })
        .prefault({}),
      transformer: withHeadsCheck(
        z.strictObject({
          encoderLayers: count.default(2),
          decoderLayers: count.default(4),
          heads: count.default(4),
          /** D; a multiple of the heads. */
          width: count.default(64),
        }),
      ).prefault({}),
      ...chunkPolicyShape(own),
    }),
  );
}

/** The resolved options of a policy with a latent variable. */
export type LatentConfig = z.infer<ReturnType<typeof latentSchema>>;

/** Sizes that shapes of networks follow from. */
interface TaskSizes {
  readonly actionSize: number;
  readonly observationSize: number;
}

function network(inputSize: number, outputSize: number, hidden: readonly number[] = []): MlpShape {
  return { networks: 1, inputSize, hidden, outputSize, activation: 'mish' };
}

/**
 * Lays out residual networks: the encoder reads history and chunk and gives mean and log-variance of the latent variable,
 * the decoder reads history and latent variable and gives a chunk.
 */
export function latentMlpShapes(
  { chunk, history, latentSize, mlp }: LatentConfig,
  { actionSize, observationSize }: TaskSizes,
): { readonly encoder: MlpShape; readonly decoder: MlpShape } {
  const [seen, planned] = [history * observationSize, chunk * actionSize];
  const residual = { activation: mlp.activation, residual: true };
  return {
    encoder: { ...network(seen + planned, 2 * latentSize, mlp.hidden), ...residual },
    decoder: { ...network(seen + latentSize, planned, mlp.hidden), ...residual },
  };
}

/** The parts of encoder and decoder made of transformers. */
export interface LatentTransformerShapes {
  /** Embeds an observation, in encoder and decoder alike. */
  readonly observation: MlpShape;
  /** Embeds an action for the encoder. */
  readonly action: MlpShape;
  /** Attends from a token of its own to the T observations and K actions, unmasked. */
  readonly encoder: TransformerShape;
  /** Reads mean and log-variance out of that token. */
  readonly posterior: MlpShape;
  /** Embeds the latent variable for the decoder's memory. */
  readonly latent: MlpShape;
  /** K learned queries, whose memory is the latent variable and the observations. */
  readonly decoder: TransformerShape;
  /** Reads an action out of a query. */
  readonly head: MlpShape;
}

/** Lays out transformers. */
export function latentTransformerShapes(
  { chunk, history, latentSize, transformer }: LatentConfig,
  { actionSize, observationSize }: TaskSizes,
): LatentTransformerShapes {
  const { decoderLayers, encoderLayers, heads, width } = transformer;
  const common = { heads, width, causal: false };
  return {
    observation: network(observationSize, width),
    action: network(actionSize, width),
    encoder: { ...common, layers: encoderLayers, tokens: 1 + history + chunk },
    posterior: network(width, 2 * latentSize),
    latent: network(latentSize, width),
    decoder: { ...common, layers: decoderLayers, tokens: chunk, memoryTokens: 1 + history },
    head: network(width, actionSize),
  };
}
