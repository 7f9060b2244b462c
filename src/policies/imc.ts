import { imcConfigSchema } from '../mixture/imc-config.ts';
import { loopActingKeys } from '../training/gradient-config.ts';
import { mixtureOfBlockTasks, onBlockTasks } from './block-tasks.ts';
import { mixtureMethod } from './mixture-method.ts';

/** Information Maximizing Curriculum as a method of the registry. */
export const imc = mixtureMethod({
  name: 'imc',
  summary: 'Information Maximizing Curriculum: experts that each choose their own demonstrations, and a gate',
  schema: imcConfigSchema,
  trainer: async () => (await import('../mixture/imc.ts')).trainImc,
  extender: async () => (await import('../mixture/extend-imc.ts')).extendImc,
  acting: (config) => config,
  actingKeys: ['commitment', 'choose', ...loopActingKeys],
  presets: {
    'TableTennis-v0': { choose: 'draw' },
    ...onBlockTasks({ ...mixtureOfBlockTasks, form: 'released' }),
  },
});
