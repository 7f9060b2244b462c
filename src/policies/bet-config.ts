import { z } from 'zod';
import type { MlpShape } from '../tensor/mlp-shape.ts';
import type { TransformerShape } from '../tensor/transformer-shape.ts';
import { type ChunkDefaults, chunkPolicyShape, withChunkChecks, withHeadsCheck } from './chunk-config.ts';

const count = z.int().min(1);

/** Lists all options of Behavior Transformer; `parse({})` gives the whole. */
export function betSchema(defaults: ChunkDefaults) {
  return withChunkChecks(
    z.strictObject({
      /** k, clusters of action chunks. */
      bins: count.default(64),
      /** γ of the focal loss; 0: cross-entropy. */
      focalGamma: z.number().min(0).default(2),
      /** Weight of the squared error of the offset, in squared standard deviations of the data. */
      offsetWeight: z.number().min(0).default(20),
      transformer: withHeadsCheck(
        z.strictObject({
          layers: count.default(4),
          heads: count.default(4),
          /** D; a multiple of the heads. */
          width: count.default(72),
        }),
      ).prefault({}),
      ...chunkPolicyShape(defaults),
    }),
  );
}

/** The resolved options of Behavior Transformer. */
export type BetConfig = z.infer<ReturnType<typeof betSchema>>;

/** The networks of Behavior Transformer. */
export interface BetShapes {
  /** Embeds an observation. */
  readonly embed: MlpShape;
  /** Attends from every observation to itself and to those before. */
  readonly trunk: TransformerShape;
  /** k logits, then an offset of K·Da numbers for each bin. */
  readonly head: MlpShape;
}

/** Lays out the networks. */
export function betShapes(
  { bins, chunk, history, transformer }: BetConfig,
  { actionSize, observationSize }: { readonly actionSize: number; readonly observationSize: number },
): BetShapes {
  const { heads, layers, width } = transformer;
  const linear = (inputSize: number, outputSize: number): MlpShape => ({
    ...{ networks: 1, inputSize, hidden: [], outputSize, activation: 'linear' },
  });
  return {
    embed: linear(observationSize, width),
    trunk: { layers, heads, width, tokens: history, causal: true },
    head: linear(width, bins * (1 + chunk * actionSize)),
  };
}
