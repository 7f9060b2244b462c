import { z } from 'zod';
import { activations } from '../mixture/imc-config.ts';
import type { MlpShape } from '../tensor/mlp-shape.ts';
import { type ChunkDefaults, chunkPolicyShape, withChunkChecks } from './chunk-config.ts';

const count = z.int().min(1);

/** How an acting policy looks for chunks of low energy. */
export const ibcSamplers = ['derivative-free', 'langevin'] as const;

/** What it takes of those it found. */
export const ibcChoices = ['draw', 'minimum'] as const;

/** Lists all options of implicit behavioural cloning; `parse({})` gives the whole. */
export function ibcSchema(defaults: ChunkDefaults) {
  return withChunkChecks(
    z.strictObject({
      /** Of the residual energy network; an odd number of layers of one width. */
      hidden: z.array(count).default([128, 128, 128]),
      activation: z.enum(activations).default('mish'),
      /** Chunks drawn uniformly that each demonstrated one is told apart from. */
      negatives: count.default(64),
      /** By how much chunks are drawn beyond the demonstrated range, as a share of it, half of that on either side. */
      margin: z.number().min(0).default(0.05),
      /** Standard deviation of the noise on demonstrated chunks: repeated actions would have an unbounded density. */
      actionNoise: z.number().min(0).default(0.02),
      sampler: z.enum(ibcSamplers).default('derivative-free'),
      /** `draw` acts by the learned density, `minimum` always by the least energy found. */
      choose: z.enum(ibcChoices).default('draw'),
      /** Derivative-free: chunks held at once. */
      samples: count.default(256),
      /** Derivative-free: how often they are drawn again, near the good ones. */
      rounds: z.int().min(0).default(3),
      /** Derivative-free: standard deviation of the first drawing again, in halves of the range; each has half of the last. */
      searchNoise: z.number().positive().default(0.33),
      /** Langevin: chunks held at once. */
      chains: count.default(64),
      /** Langevin: steps of each. */
      chainSteps: count.default(25),
      ...chunkPolicyShape(defaults),
    }),
  );
}

/** The resolved options of implicit behavioural cloning. */
export type IbcConfig = z.infer<ReturnType<typeof ibcSchema>>;

/** The options of implicit behavioural cloning that may be replaced when a saved policy acts. */
export const ibcActingKeys = [
  ...['sampler', 'choose', 'samples', 'rounds', 'searchNoise', 'chains', 'chainSteps'],
] as const;

/** Lays out the energy network: it reads history and chunk, T·Do + K·Da numbers, and gives one. */
export function energyShape(
  { activation, chunk, hidden, history }: Pick<IbcConfig, 'activation' | 'chunk' | 'hidden' | 'history'>,
  { actionSize, observationSize }: { readonly actionSize: number; readonly observationSize: number },
): MlpShape {
  return {
    ...{ networks: 1, inputSize: history * observationSize + chunk * actionSize, hidden, outputSize: 1 },
    ...{ activation, residual: true },
  };
}

/** Where chunks are looked for: centre ± half, shape `[K·Da]` each. */
export interface ChunkBox {
  readonly centre: Float64Array;
  readonly half: Float64Array;
}

/** A dimension that never changes in the demonstrations gets this, in standard deviations of the data. */
const leastHalf = 0.01;

/**
 * Widens the demonstrated range.
 *
 * @param low - least action, normalized, shape `[Da]`. @param high - greatest action.
 */
export function chunkBox(
  low: Float32Array,
  high: Float32Array,
  { chunk, margin }: Pick<IbcConfig, 'chunk' | 'margin'>,
): ChunkBox {
  const size = chunk * low.length;
  const fill = (value: (least: number, greatest: number) => number) =>
    Float64Array.from({ length: size }, (_, i) => {
      const d = i % low.length;
      return value(low[d] as number, high[d] as number);
    });
  return {
    centre: fill((least, greatest) => (least + greatest) / 2),
    half: fill((least, greatest) => Math.max(((greatest - least) / 2) * (1 + margin), leastHalf)),
  };
}
