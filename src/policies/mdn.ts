import { mdnConfigSchema } from '../mixture/density-config.ts';
import { loopActingKeys } from '../training/gradient-config.ts';
import { onBlockTasks } from './block-tasks.ts';
import { mixtureMethod } from './mixture-method.ts';

/** The mixture density network as a method of the registry. */
export const mdn = mixtureMethod({
  name: 'mdn',
  summary: 'Mixture density network: gate and means trained at once, by the gradient of the likelihood',
  schema: mdnConfigSchema,
  trainer: async () => (await import('../mixture/density-training.ts')).trainMdn,
  acting: (config) => config,
  actingKeys: ['commitment', 'choose', ...loopActingKeys],
  presets: {
    'Avoiding-v0': {
      expert: { hidden: [256, 256, 256] },
      steps: 8000,
      batchSize: 256,
      learningRate: 3e-3,
      observationNoise: 0.01,
    },
    ...onBlockTasks({
      components: 8,
      expert: { hidden: [256, 256, 256] },
      choose: 'draw',
      steps: 7500,
      batchSize: 1024,
      learningRate: 3e-3,
      observationNoise: 0,
    }),
  },
});
