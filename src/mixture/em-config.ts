import { z } from 'zod';
import { commitmentSchema, count, networkMixtureConfigSchema, withGateChecks } from './imc-config.ts';
import { curriculumLevels } from './units.ts';

/** The two forms of expectation maximization; see `docs/methods/em.md`. */
export const emForms = ['textbook', 'released'] as const;

/** All options of expectation maximization with their defaults; `parse({})` gives the whole. */
export const emConfigSchema = withGateChecks(
  networkMixtureConfigSchema
    .extend({
      /**
       * `textbook`: responsibilities from the gate, which is fitted in every iteration; `released`: from the
       * responsibilities before, so that they accumulate, with the gate fitted at the end.
       */
      form: z.enum(emForms).default('textbook'),
      /** What is assigned to a component as a whole; `textbook` has a gate for every step, and needs `step`. */
      level: z.enum(curriculumLevels).default('step'),
      /** Updates of the responsibilities at most. */
      iterations: count.default(5),
      commitment: commitmentSchema.default('step'),
    })
    .refine(({ form, level }) => form === 'released' || level === 'step', {
      path: ['level'],
      error:
        "'step', because the textbook form asks the gate about every step (form=released takes all levels)",
    })
    .refine(({ form, gate }) => form === 'released' || gate.contexts === 'steps', {
      path: ['gate', 'contexts'],
      error: "'steps', because the textbook form asks the gate about every step",
    }),
);

/** The resolved options of one training by expectation maximization. */
export type EmConfig = z.infer<typeof emConfigSchema>;
