import { z } from 'zod';
import { gradientShape } from '../training/gradient-config.ts';
import {
  actionChoiceSchema,
  activations,
  commitmentSchema,
  count,
  expertKinds,
  positive,
} from './imc-config.ts';

/** How networks are trained by minibatches of all data; see `docs/methods/training-loop.md`. */
const trainingShape = gradientShape({
  ...{ steps: 6000, batchSize: 512, learningRate: 2e-3, weightDecay: 0, observationNoise: 0.05 },
});

/** All options of the mixture density network with their defaults; `parse({})` gives the whole. */
export const mdnConfigSchema = z.strictObject({
  /** C, the number of components. */
  components: count.default(64),
  commitment: commitmentSchema.default('step'),
  choose: actionChoiceSchema.default('mean'),
  /** Of all components' Gaussians, in standard deviations of the data's actions; `learned` with the networks. */
  standardDeviation: z.union([positive, z.literal('learned')]).default('learned'),
  expert: z
    .strictObject({
      /** As of IMC; `shared-trunk` is the usual form, one network with a head per component. */
      kind: z.enum(expertKinds).default('shared-trunk'),
      hidden: z.array(count).default([128, 128]),
      activation: z.enum(activations).default('silu'),
      residual: z.boolean().default(false),
    })
    .prefault({}),
  gate: z
    .strictObject({
      hidden: z.array(count).default([128, 128]),
      activation: z.enum(activations).default('silu'),
    })
    .prefault({}),
  ...trainingShape,
});

/** The resolved options of one training of a mixture density network. */
export type MdnConfig = z.infer<typeof mdnConfigSchema>;

/** All options of behaviour cloning with their defaults; `parse({})` gives the whole. */
export const bcConfigSchema = z.strictObject({
  /** Widths of the hidden layers. */
  hidden: z.array(count).default([128, 128]),
  activation: z.enum(activations).default('silu'),
  /** Joins the hidden layers to pre-activation residual blocks of two. */
  residual: z.boolean().default(false),
  choose: actionChoiceSchema.default('mean'),
  ...trainingShape,
});

/** The resolved options of one training by behaviour cloning. */
export type BcConfig = z.infer<typeof bcConfigSchema>;
