import { mlCurConfigSchema } from '../mixture/ml-cur-config.ts';
import { onBlockTasks } from './block-tasks.ts';
import { mixtureMethod } from './mixture-method.ts';

/** ML-Cur as a method of the registry. */
export const mlCur = mixtureMethod({
  name: 'ml-cur',
  summary:
    'ML-Cur: linear experts that each choose a share of the demonstrations, gated by Gaussian contexts',
  schema: mlCurConfigSchema,
  trainer: async () => (await import('../mixture/ml-cur.ts')).trainMlCur,
  acting: (config) => config,
  actingKeys: ['commitment', 'choose'],
  presets: { 'Avoiding-v0': { activeSamples: 0.5 }, ...onBlockTasks({ components: 32, iterations: 10 }) },
});
