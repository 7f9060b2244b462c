import { attentiveConfigSchema } from '../mixture/attentive/attentive-config.ts';
import { onBlockTasks } from './block-tasks.ts';
import { mixtureMethod } from './mixture-method.ts';

/** The mixture with an attentive gate as a method of the registry. */
export const attentive = mixtureMethod({
  name: 'attentive',
  summary: 'Mixture of experts trained by gradient: the gate attends to the experts, and is distilled to act',
  schema: attentiveConfigSchema,
  trainer: async () => (await import('../mixture/attentive/attentive-density.ts')).trainAttentive,
  acting: (config) => config,
  actingKeys: ['commitment', 'choose'],
  presets: {
    'Avoiding-v0': { components: 32, commitment: 'episode' },
    ...onBlockTasks({
      components: 8,
      commitment: 'episode',
      choose: 'draw',
      expert: { hidden: [256, 256, 256] },
      gate: { hidden: [256, 256] },
      ...{ steps: 7500, batchSize: 512, learningRate: 3e-3, observationNoise: 0 },
    }),
  },
});
