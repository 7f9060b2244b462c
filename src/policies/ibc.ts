import { onBlockTasks } from './block-tasks.ts';
import { fineObservations, presentObservation } from './chunk-config.ts';
import { gradientMethod } from './gradient-method.ts';
import { ibcActingKeys, ibcSchema } from './ibc-config.ts';
import { makeIbcPlanner } from './ibc-planner.ts';

/** Implicit behavioural cloning (Florence et al. 2021) as a method of the registry. */
export const ibc = gradientMethod({
  name: 'ibc',
  summary: 'Implicit behavioural cloning: an energy of actions, acts by searching for low energy',
  schema: ibcSchema({ history: 2, chunk: 1, batchSize: 128, steps: 10_000 }),
  presets: {
    'Avoiding-v0': { ...fineObservations, steps: 8000, samples: 128 },
    // what it comes to there is little: docs/benchmark.md
    ...onBlockTasks({
      ...{ ...presentObservation, chunk: 1, execute: 1, negatives: 32, samples: 128, choose: 'minimum' },
      ...{ batchSize: 256, learningRate: 3e-3, steps: 8000 },
    }),
  },
  actingKeys: ibcActingKeys,
  learner: async () => (await import('./ibc-learner.ts')).makeIbcLearner,
  planner: makeIbcPlanner,
});
