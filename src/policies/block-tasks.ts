import type { PartialConfig } from './method.ts';

/** Tasks in which a rod pushes blocks that start somewhere else in every episode. */
const blockTasks = [
  'Pushing-v0',
  'Aligning-v0',
  'Sorting2-v0',
  'Sorting4-v0',
  'Sorting6-v0',
  'BlockPush-v0',
  'PushT-v0',
] as const;

/**
 * Gives every block task the settings that were found on Pushing-v0.
 *
 * @param preset - what differs from the method's defaults.
 * @returns presets by task, for a method to spread in.
 */
export function onBlockTasks(preset: PartialConfig): Readonly<Record<string, PartialConfig>> {
  return Object.fromEntries(blockTasks.map((task) => [task, preset]));
}

/** What IMC and EM have in common on block tasks; `docs/benchmark.md` says how it was found. */
export const mixtureOfBlockTasks = {
  components: 8,
  initialization: 'clusters',
  iterations: 1,
  choose: 'draw',
  expert: {
    hidden: [256, 256, 256],
    batchSize: 1024,
    stepsPerIteration: 1000,
    refineSteps: 6500,
    learningRate: 3e-3,
    observationNoise: 0,
  },
  // of the starts there are few, and more steps learn which demonstration began where
  gate: { contexts: 'starts', steps: 300, observationNoise: 0.5 },
} as const;
