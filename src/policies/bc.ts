import { bcConfigSchema } from '../mixture/density-config.ts';
import { loopActingKeys } from '../training/gradient-config.ts';
import { onBlockTasks } from './block-tasks.ts';
import { mixtureMethod } from './mixture-method.ts';

/** Behaviour cloning as a method of the registry. */
export const bc = mixtureMethod({
  name: 'bc',
  summary: 'Behaviour cloning: one network, trained to the demonstrated actions by least squares',
  schema: bcConfigSchema,
  trainer: async () => (await import('../mixture/density-training.ts')).trainBc,
  acting: ({ choose }) => ({ commitment: 'episode', choose }),
  actingKeys: ['choose', ...loopActingKeys],
  presets: {
    // narrower networks, and noise, blur where the ways part: the mean of both leads into the obstacle
    'Avoiding-v0': { hidden: [256, 256, 256], steps: 10_000, learningRate: 1e-3, observationNoise: 0 },
    ...onBlockTasks({
      hidden: [256, 256, 256],
      steps: 7500,
      batchSize: 1024,
      learningRate: 3e-3,
      observationNoise: 0,
    }),
  },
});
