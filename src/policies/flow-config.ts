import { z } from 'zod';
import { activations } from '../mixture/imc-config.ts';
import type { MlpShape } from '../tensor/mlp-shape.ts';
import { type ChunkDefaults, chunkPolicyShape, withChunkChecks } from './chunk-config.ts';

const count = z.int().min(1);

/** Lists all options of a conditional normalizing flow; `parse({})` gives the whole. */
export function flowSchema(defaults: ChunkDefaults) {
  return withChunkChecks(
    z.strictObject({
      /** Coupling layers. */
      layers: count.default(8),
      /** Pieces of every spline. */
      bins: z.int().min(2).max(64).default(8),
      /** Splines bend what lies within ± this, in standard deviations of the data, and leave the rest as it is. */
      range: z.number().positive().default(4),
      /** Of the network of every coupling layer. */
      hidden: z.array(count).default([96, 96]),
      activation: z.enum(activations).default('mish'),
      actnorm: z
        .strictObject({
          /** Of the network that places and scales chunks before the splines shape them. */
          hidden: z.array(count).default([256, 256]),
        })
        .prefault({}),
      /**
       * Standard deviation of the noise on training actions, in standard deviations of the data: repeated actions would make
       * the likelihood unbounded, and those on a bound outweigh all others.
       */
      actionNoise: z.number().min(0).default(0.02),
      /** Standard deviation of what an acting policy starts from; 1 draws from the learned density. */
      temperature: z.number().min(0).default(1),
      ...chunkPolicyShape(defaults),
    }),
  );
}

/** The resolved options of a conditional normalizing flow. */
export type FlowConfig = z.infer<ReturnType<typeof flowSchema>>;

/** One coupling layer: which of the D = K·Da numbers of a chunk it keeps, which it moves, and its network. */
export interface Coupling {
  readonly kept: readonly number[];
  readonly moved: readonly number[];
  /** From the kept numbers and the history to the parameters of a spline for each moved one. */
  readonly network: MlpShape;
}

/** Lays out the conditional actnorm: from the history to shift and log-scale of each of the D numbers of a chunk. */
export function flowActnorm(
  { activation, actnorm, chunk, history }: FlowConfig,
  { actionSize, observationSize }: { readonly actionSize: number; readonly observationSize: number },
): MlpShape {
  const inputSize = history * observationSize;
  return { networks: 1, inputSize, hidden: actnorm.hidden, outputSize: 2 * chunk * actionSize, activation };
}

/** Lays out the coupling layers: each moves every other number, by turns; a single number is always moved. */
export function flowCouplings(
  { activation, bins, chunk, hidden, history, layers }: FlowConfig,
  { actionSize, observationSize }: { readonly actionSize: number; readonly observationSize: number },
): readonly Coupling[] {
  const all = Array.from({ length: chunk * actionSize }, (_, i) => i);
  return Array.from({ length: layers }, (_, layer) => {
    const moved = all.length === 1 ? all : all.filter((i) => (i + layer) % 2 === 0);
    const kept = all.filter((i) => !moved.includes(i));
    const network: MlpShape = {
      ...{ networks: 1, hidden, activation },
      inputSize: kept.length + history * observationSize,
      outputSize: moved.length * splineParameters(bins),
    };
    return { kept, moved, network };
  });
}

/** Counts the parameters of a spline: widths, heights, and slopes at the inner knots. */
export function splineParameters(bins: number): number {
  return 3 * bins - 1;
}

/** Least width and height of a piece, as a share of the whole range. */
export const leastPiece = 1e-3;
/** The slopes at knots, and the scales of the actnorm, lie within exp(±this). */
export const slopeBound = 3;
