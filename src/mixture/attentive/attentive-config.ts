import { z } from 'zod';
import { gradientShape } from '../../training/gradient-config.ts';
import {
  actionChoiceSchema,
  activations,
  commitmentSchema,
  count,
  notNegative,
  positive,
} from '../imc-config.ts';

/** As in `gated-networks.ts`; listed here because acting reads this module too, and must not load TensorFlow.js for it. */
export const gateKinds = ['original', 'attentive'] as const;

/** One of {@link gateKinds}. */
export type GateKind = (typeof gateKinds)[number];

/** All options of the attentive mixture with their defaults; `parse({})` gives the whole. */
export const attentiveConfigSchema = z
  .strictObject({
    /** C, the number of components. */
    components: count.default(32),
    commitment: commitmentSchema.default('step'),
    choose: actionChoiceSchema.default('mean'),
    /** Of all components' Gaussians, in standard deviations of the data's actions; `learned` with the networks. */
    standardDeviation: z.union([positive, z.literal('learned')]).default('learned'),
    expert: z
      .strictObject({
        /** Widths of the hidden layers; the last one is that of the keys. */
        hidden: z.array(count).min(1).default([64, 64]),
        activation: z.enum(activations).default('silu'),
      })
      .prefault({}),
    gate: z
      .strictObject({
        /** `attentive`: queries the experts while training, and is distilled to a network of its own, which acts. */
        kind: z.enum(gateKinds).default('attentive'),
        /** Widths of the hidden layers; the last one is that of the query, and of the distilled gate. */
        hidden: z.array(count).min(1).default([128, 64]),
        activation: z.enum(activations).default('silu'),
      })
      .prefault({}),
    /** Of the importance loss: how much uneven use of the components costs. */
    importanceWeight: notNegative.default(0),
    /** Of the similarity loss: how much it costs that far observations share a component. */
    similarityWeight: notNegative.default(0),
    ...gradientShape({
      ...{ steps: 6000, batchSize: 512, learningRate: 2e-3, weightDecay: 0, observationNoise: 0.05 },
    }),
  })
  .refine(({ expert, gate }) => gate.kind === 'original' || expert.hidden.at(-1) === gate.hidden.at(-1), {
    path: ['gate', 'hidden'],
    message: 'the last width of expert.hidden: the attentive gate compares the last hidden layers',
  });

/** The resolved options of one training of an attentive mixture. */
export type AttentiveConfig = z.infer<typeof attentiveConfigSchema>;
