import { z } from 'zod';
import { loopKeys } from '../training/gradient-config.ts';
import { count, networkMixtureConfigSchema, positive } from './imc-config.ts';

/** What there is no use for where everything is fitted in closed form. */
const ofNetworks = { expert: true, gate: true, ...loopKeys } as const;

/** All options of ML-Cur with their defaults; `parse({})` gives the whole. */
export const mlCurConfigSchema = networkMixtureConfigSchema.omit(ofNetworks).extend({
  /** Share of samples kept active: the pacing follows anew from it in each iteration. */
  activeSamples: z.number().gt(0).max(1).default(0.4),
  /** Updates of the curricula at most. */
  iterations: count.default(20),
  /** Of the linear experts' Gaussians, in standard deviations of the data's actions. */
  standardDeviation: positive.default(1),
  contexts: z
    .strictObject({
      /** Added to the variances of the context distributions, in variances of the data's observations. */
      regularization: positive.default(1e-3),
    })
    .prefault({}),
});

/** The resolved options of one training of ML-Cur. */
export type MlCurConfig = z.infer<typeof mlCurConfigSchema>;
