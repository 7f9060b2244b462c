import { onBlockTasks } from './block-tasks.ts';
import { fineObservations, presentObservation } from './chunk-config.ts';
import { flowSchema } from './flow-config.ts';
import { makeFlowPlanner } from './flow-planner.ts';
import { gradientMethod } from './gradient-method.ts';

/** A conditional normalizing flow over chunks of actions as a method of the registry. */
export const flow = gradientMethod({
  name: 'flow',
  summary: 'Conditional normalizing flow: exact likelihood of chunks of actions, by coupled splines',
  schema: flowSchema({ history: 2, chunk: 4, steps: 10_000 }),
  // actionNoise: many actions lie on the bound, and what is repeated so often must not outweigh the rest
  presets: {
    'Avoiding-v0': { ...fineObservations, execute: 1, actionNoise: 0.1, batchSize: 128 },
    ...onBlockTasks({
      ...presentObservation,
      chunk: 2,
      execute: 1,
      layers: 4,
      hidden: [64, 64],
      actnorm: { hidden: [256, 256, 256] },
      actionNoise: 0.15,
      batchSize: 512,
      learningRate: 3e-3,
      steps: 8000,
    }),
  },
  actingKeys: ['temperature'],
  learner: async () => (await import('./flow-learner.ts')).makeFlowLearner,
  planner: makeFlowPlanner,
});
