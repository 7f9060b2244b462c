import { emConfigSchema } from '../mixture/em-config.ts';
import { loopActingKeys } from '../training/gradient-config.ts';
import { mixtureOfBlockTasks, onBlockTasks } from './block-tasks.ts';
import { mixtureMethod } from './mixture-method.ts';

/**
 * Settings that keep the ways apart where demonstrations look alike for a while: single steps, as the textbook form
 * assigns them, mix the ways up there.
 */
const episodes = { form: 'released', level: 'episode', commitment: 'episode' } as const;

/** Expectation maximization as a method of the registry. */
export const em = mixtureMethod({
  name: 'em',
  summary: 'Expectation maximization: a mixture fitted to all demonstrations, in textbook or released form',
  schema: emConfigSchema,
  trainer: async () => (await import('../mixture/em.ts')).trainEm,
  acting: (config) => config,
  actingKeys: ['commitment', 'choose', ...loopActingKeys],
  presets: {
    'Avoiding-v0': episodes,
    'TableTennis-v0': { ...episodes, choose: 'draw' },
    ...onBlockTasks({ ...mixtureOfBlockTasks, ...episodes }),
  },
});
