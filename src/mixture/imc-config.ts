import { z } from 'zod';
import type { Activation } from '../tensor/ops/activation.ts';
import { loopShape, plainLoop } from '../training/gradient-config.ts';
import { curriculumForms } from './curriculum.ts';
import { curriculumLevels } from './units.ts';

/** Listed here because acting reads this module too, and must not load TensorFlow.js for it. */
export const activations = ['relu', 'tanh', 'silu', 'mish', 'gelu'] as const satisfies readonly Activation[];

export const count = z.int().min(1);
export const steps = z.int().min(0);
export const positive = z.number().positive();
export const notNegative = z.number().min(0);

/** How long a policy keeps the component it drew: one step, a number of steps, or the whole episode. */
export const commitmentSchema = z.union([z.enum(['step', 'episode']), count]);

/** One value of {@link commitmentSchema}. */
export type Commitment = z.infer<typeof commitmentSchema>;

/**
 * What a policy takes of the expert that it acts with: its `mean`, or a `draw` from a normal distribution around it, as wide as the
 * demonstrations scatter that the component is responsible for.
 */
export const actionChoiceSchema = z.enum(['mean', 'draw']);

/** One value of {@link actionChoiceSchema}. */
export type ActionChoice = z.infer<typeof actionChoiceSchema>;

/** The forms an expert can take; see `docs/methods/imc.md`. */
export const expertKinds = ['independent', 'shared-weights', 'shared-trunk', 'linear'] as const;

/** Networks of experts: how they are laid out. */
const layoutShape = {
  /**
   * `independent` networks; `shared-weights`: all layers but the last share their weights and keep a bias per
   * expert; `shared-trunk`: all layers but the last are shared; `linear`: linear-Gaussian, in closed form.
   */
  kind: z.enum(expertKinds).default('shared-weights'),
  /** Widths of the hidden layers. */
  hidden: z.array(count).default([64, 64]),
  activation: z.enum(activations).default('silu'),
  /** Joins the hidden layers to pre-activation residual blocks of two. */
  residual: z.boolean().default(false),
};

/** The layout of the networks of experts. */
export type NetworkLayout = z.infer<z.ZodObject<typeof layoutShape>>;

const expertSchema = z.strictObject({
  ...layoutShape,
  /** Of the Gaussian likelihood, in standard deviations of the data's actions; the same for all experts. */
  standardDeviation: positive.default(1),
  /** Steps drawn per training step over all experts, divided evenly: the cost does not grow with the components. */
  batchSize: count.default(2048),
  /** Training steps before each update of the curricula. */
  stepsPerIteration: count.default(1500),
  /** Training steps on the final curricula. */
  refineSteps: steps.default(1500),
  /** At the start of every iteration; falls to zero along a cosine by its end. */
  learningRate: positive.default(2e-3),
  weightDecay: notNegative.default(0),
  /** Standard deviation of the noise on training observations, in standard deviations of the data. */
  observationNoise: notNegative.default(0.1),
});

const gateSchema = z.strictObject({
  /**
   * What the gate is fitted to: all `steps`, or the `starts` of episodes alone, the only observations at which a policy asks it that
   * keeps a component for an episode.
   */
  contexts: z.enum(['steps', 'starts']).default('steps'),
  hidden: z.array(count).default([128, 128]),
  activation: z.enum(activations).default('silu'),
  steps: count.default(1500),
  batchSize: count.default(512),
  learningRate: positive.default(2e-3),
  weightDecay: notNegative.default(0),
  observationNoise: notNegative.default(0.05),
});

/** All options that mixtures of networks trained by turns have in common, with their defaults. */
export const networkMixtureConfigSchema = z.strictObject({
  /** C, the number of components. */
  components: count.default(64),
  /** What a curriculum chooses among. */
  level: z.enum(curriculumLevels).default('episode'),
  /** Steps a unit at level `segment`. */
  segmentLength: count.default(10),
  /**
   * `spread`: one demonstration per component, far from one another; `clusters`: all demonstrations, divided among the
   * components by the ways they take from where they start; `random`: random networks, uniform curricula.
   */
  initialization: z.enum(['spread', 'clusters', 'random']).default('spread'),
  /** Updates of the curricula at most. */
  iterations: count.default(2),
  /** Stops the updates when the bound changes by less than this share of itself. */
  tolerance: notNegative.default(1e-3),
  commitment: commitmentSchema.default('episode'),
  choose: actionChoiceSchema.default('mean'),
  expert: expertSchema.prefault({}),
  gate: gateSchema.prefault({}),
  /** Of the experts and of the gate alike; the warm-up is a share of every stretch that has a learning rate of its own. */
  ...loopShape(plainLoop),
});

/** Refuses to ask a gate elsewhere than where it was fitted. */
export function withGateChecks<T extends z.ZodType<Pick<NetworkMixtureConfig, 'commitment' | 'gate'>>>(
  schema: T,
): T {
  return schema.refine(({ commitment, gate }) => gate.contexts === 'steps' || commitment === 'episode', {
    path: ['commitment'],
    error: "'episode', because the gate is fitted to the starts of episodes (gate.contexts=steps takes all)",
  });
}

/** What all mixtures of networks that are trained by turns have in common. */
export type NetworkMixtureConfig = z.infer<typeof networkMixtureConfigSchema>;

/** A number, or the first and last of an annealed one: geometrically from one to the other over the iterations. */
const annealed = <T extends z.ZodType<number>>(value: T) => z.union([value, z.tuple([value, value])]);

const share = z.number().gt(0).max(1);

/** How the number of components is found where `components` is `auto`. */
const autoSchema = z
  .strictObject({
    /** C at the start, at most one per demonstration. */
    initialComponents: count.default(32),
    minComponents: count.default(1),
    /** At most one per demonstration. */
    maxComponents: count.default(128),
    /** Times that components are added and deleted, at most; each after an update of the curricula. */
    revisions: steps.default(3),
    /** Candidates tried in a revision, as a share of the components there are. */
    growth: positive.default(1),
    /** Training steps that a candidate gets before it is judged. */
    trialSteps: count.default(500),
    /** Proposes to delete a component responsible for less than this part of an even share of the units, 1/C. */
    deleteShare: notNegative.default(0.1),
    /** Proposes to delete a component when others are responsible for this share of its curriculum. */
    deleteOverlap: z.number().min(0).max(1).default(0.5),
    /** Share of the bound, or of eta if that is more, that a deletion may cost; an addition must gain more. */
    tolerance: notNegative.default(0.01),
  })
  .refine(({ minComponents, maxComponents }) => minComponents <= maxComponents, {
    path: ['minComponents'],
    error: 'at most auto.maxComponents',
  });

/** How the number of components is found. */
export type AutoConfig = z.infer<typeof autoSchema>;

/** All options of Information Maximizing Curriculum with their defaults; `parse({})` gives the whole. */
export const imcConfigSchema = withGateChecks(
  networkMixtureConfigSchema.extend({
    /** C, the number of components; `auto`: added and deleted while training, as `auto` says. */
    components: z.union([count, z.literal('auto')]).default(64),
    auto: autoSchema.prefault({}),
    form: z.enum(curriculumForms).default('paper'),
    /** Pacing: small values let experts specialize, large ones average the data; a pair is annealed. */
    eta: annealed(positive).default(1),
    /** Share of samples kept active, from which eta follows anew each iteration; null: eta is as given. */
    activeSamples: annealed(share).nullable().default(null),
    expert: expertSchema
      .extend({
        /**
         * Of the Gaussian likelihood, in standard deviations of the data's actions, the same for all experts; a pair is
         * annealed; `learned`: that of the residuals, anew in each iteration.
         */
        standardDeviation: z.union([annealed(positive), z.literal('learned')]).default(1),
      })
      .prefault({}),
  }),
);

/** The resolved options of one training. */
export type ImcConfig = z.infer<typeof imcConfigSchema>;
