import { z } from 'zod';

/** How the steps of a training are taken and what is kept of them, where a method does not say otherwise. */
const loopDefaults = {
  warmup: 0.05,
  clipNorm: 1 as number | null,
  ema: 0.995 as number | null,
  validation: 0.05,
};

/**
 * Lists the options that every training by minibatches has, for the schema of a method to spread in.
 *
 * @param own - the method's own defaults.
 */
export function loopShape(own: Partial<typeof loopDefaults> = {}) {
  const defaults = { ...loopDefaults, ...own };
  return {
    /** Share of the steps over which the learning rate rises linearly. */
    warmup: z.number().min(0).max(1).default(defaults.warmup),
    /** Greatest joint norm of the gradients; null: not clipped. */
    clipNorm: z.number().positive().nullable().default(defaults.clipNorm),
    /** Decay of the moving average of the weights, with which policies act; null: none is kept. */
    ema: z.number().min(0).lt(1).nullable().default(defaults.ema),
    /** Share of the episodes held out to choose the best checkpoint; 0: none, and there is no best one. */
    validation: z.number().min(0).lt(1).default(defaults.validation),
    /** With which weights to act: those at the end, or those of the lowest validation loss. */
    checkpoint: z.enum(['last', 'best']).default('last'),
    /** With the moving average of the weights, where one was kept, or with the weights themselves. */
    weights: z.enum(['ema', 'raw']).default('ema'),
  };
}

/** The resolved options of {@link loopShape}. */
export type LoopConfig = z.infer<z.ZodObject<ReturnType<typeof loopShape>>>;

/** A loop without any of it: as many steps as there are at the rates they have, and the weights they end with. */
export const plainLoop: LoopConfig = {
  warmup: 0,
  clipNorm: null,
  ema: null,
  validation: 0,
  checkpoint: 'last',
  weights: 'ema',
};

/** The names of the options, as a mask for schemas that leave them out. */
export const loopKeys = Object.fromEntries(Object.keys(plainLoop).map((key) => [key, true])) as {
  readonly [Key in keyof LoopConfig]: true;
};

/** The options of {@link loopShape} that may be replaced when a saved policy acts. */
export const loopActingKeys = ['checkpoint', 'weights'] as const;

/** How a training by gradient begins where a method does not say otherwise. */
const sharedDefaults = {
  ...loopDefaults,
  steps: 10_000,
  batchSize: 256,
  learningRate: 1e-3,
  weightDecay: 1e-6,
  observationNoise: 0.02,
  checkpointEvery: 500,
};

/** Defaults of {@link gradientShape} that a method chooses for itself. */
export type GradientDefaults = Partial<typeof sharedDefaults>;

/**
 * Lists the options of every training by gradient, for the schema of a method to spread in.
 *
 * @param own - the method's own defaults.
 *
 * @example
 * const schema = z.strictObject({ hidden: z.array(z.int()).default([128]), ...gradientShape({ steps: 6000 }) });
 */
export function gradientShape(own: GradientDefaults = {}) {
  const defaults = { ...sharedDefaults, ...own };
  return {
    /** Training steps; the learning rate falls to zero along a cosine by their end. */
    steps: z.int().min(1).default(defaults.steps),
    batchSize: z.int().min(1).default(defaults.batchSize),
    /** At the end of the warm-up. */
    learningRate: z.number().positive().default(defaults.learningRate),
    /** Decoupled; of matrices only. */
    weightDecay: z.number().min(0).default(defaults.weightDecay),
    /** Standard deviation of the noise on training observations, in standard deviations of the data. */
    observationNoise: z.number().min(0).default(defaults.observationNoise),
    /** Training steps between two checkpoints, each with a validation and a row of the log. */
    checkpointEvery: z.int().min(1).default(defaults.checkpointEvery),
    ...loopShape(defaults),
  };
}

/** The resolved options of a training by gradient. */
export type GradientConfig = z.infer<z.ZodObject<ReturnType<typeof gradientShape>>>;
