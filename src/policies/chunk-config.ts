import { z } from 'zod';
import { type GradientDefaults, gradientShape, loopActingKeys } from '../training/gradient-config.ts';

/** Defaults of {@link chunkPolicyShape} that a method chooses for itself. */
export interface ChunkDefaults extends GradientDefaults {
  readonly history?: number;
  readonly chunk?: number;
  readonly execute?: number | null;
  readonly observationFrequencies?: number;
}

/**
 * Lists the options of every policy that acts by chunks and is trained by gradient, for the schema of a method to
 * spread in; wrap the schema in {@link withChunkChecks}.
 */
export function chunkPolicyShape(defaults: ChunkDefaults = {}) {
  const { chunk = 1, execute = null, history = 1, observationFrequencies = 0, ...own } = defaults;
  return {
    /** T, observations that the policy sees: the present one and those before it. */
    history: z.int().min(1).default(history),
    /** Sines and cosines of 2^j times each observed number that describe it too, j below this; 0: itself alone. */
    observationFrequencies: z.int().min(0).max(12).default(observationFrequencies),
    /** K, actions planned at once. */
    chunk: z.int().min(1).default(chunk),
    /** Actions taken of each chunk before the next one is planned; null: all of them. */
    execute: z.int().min(1).nullable().default(execute),
    /** Plans at every step and averages chunks, weighing the i-th oldest by exp(−m·i); null: no averaging. */
    ensemble: z.number().nullable().default(null),
    ...gradientShape(own),
  };
}

/** Settings for tasks that are decided by millimetres: states that lie close together are told apart. */
export const fineObservations = { observationFrequencies: 6, observationNoise: 0.005 } as const;

/**
 * Settings for demonstrations of a demonstrator without memory, whose hand trembles: what it does follows from the
 * present state, and the tremor is noise enough.
 */
export const presentObservation = { observationFrequencies: 0, observationNoise: 0, history: 1 } as const;

/** The resolved options of {@link chunkPolicyShape}. */
export type ChunkPolicyConfig = z.infer<z.ZodObject<ReturnType<typeof chunkPolicyShape>>>;

/** The options of {@link chunkPolicyShape} that may be replaced when a saved policy acts. */
export const chunkActingKeys = [...loopActingKeys, 'execute', 'ensemble'] as const;

/** Refuses to execute more actions than are planned. */
export function withChunkChecks<T extends z.ZodType<ChunkPolicyConfig>>(schema: T): T {
  return schema.refine(({ chunk, execute }) => (execute ?? chunk) <= chunk, {
    path: ['execute'],
    message: 'at most chunk, the actions planned at once',
  });
}

/** Refuses transformers whose width cannot be divided among their heads. */
export function withHeadsCheck<T extends z.ZodType<{ readonly heads: number; readonly width: number }>>(
  schema: T,
): T {
  return schema.refine(({ heads, width }) => width % heads === 0, {
    path: ['width'],
    message: 'a multiple of heads',
  });
}
