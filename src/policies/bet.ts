import { betSchema } from './bet-config.ts';
import { makeBetPlanner } from './bet-planner.ts';
import { onBlockTasks } from './block-tasks.ts';
import { fineObservations } from './chunk-config.ts';
import { gradientMethod } from './gradient-method.ts';

/** Behavior Transformer (Shafiullah et al. 2022) as a method of the registry. */
export const bet = gradientMethod({
  name: 'bet',
  summary: 'Behavior Transformer: draws a cluster of actions, and an offset from its centre, from a history',
  schema: betSchema({ history: 5, chunk: 1, steps: 10_000, weightDecay: 0.1 }),
  presets: {
    'Avoiding-v0': { ...fineObservations, batchSize: 128 },
    ...onBlockTasks({ observationNoise: 0, bins: 16, batchSize: 128, steps: 15_000 }),
  },
  pastActions: true,
  learner: async () => (await import('./bet-learner.ts')).makeBetLearner,
  planner: makeBetPlanner,
});
