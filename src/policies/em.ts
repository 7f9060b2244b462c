import { emConfigSchema } from '../mixture/em-config.ts';
import { onBlockTasks } from './block-tasks.ts';
import { mixtureMethod } from './mixture-method.ts';

/** Expectation maximization as a method of the registry. */
export const em = mixtureMethod({
  name: 'em',
  summary: 'Expectation maximization: a mixture fitted to all demonstrations, in textbook or released form',
  schema: emConfigSchema,
  trainer: async () => (await import('../mixture/em.ts')).trainEm,
  acting: (config) => config,
  actingKeys: ['commitment', 'choose'],
  presets: {
    // the textbook form, which mixes the ways up where all demonstrations look alike, succeeds in 0.58 of its rollouts
    'Avoiding-v0': { form: 'released', level: 'episode', commitment: 'episode' },
    ...onBlockTasks({
      components: 8,
      iterations: 3,
      expert: {
        hidden: [256, 256, 256],
        batchSize: 1024,
        stepsPerIteration: 2500,
        refineSteps: 7500,
        learningRate: 1e-3,
        observationNoise: 0,
      },
    }),
  },
});
