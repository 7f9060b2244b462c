import { type EnvRegistration, register } from '../src/gym/registry.ts';
import { sceneRenderer } from './scene-renderer.ts';

/** Registers a task of this folder. */
function registerTask(registration: EnvRegistration): void {
  register({ ...registration, renderer: sceneRenderer, module: import.meta.url });
}

registerTask({
  id: 'Avoiding-v0',
  description: 'Move a rod through three rows of obstacles to the finish line: 24 ways to do it (D3IL)',
  entry: async () => (await import('./avoiding/env.ts')).loadAvoiding(),
  maxEpisodeSteps: 250,
  rewardThreshold: 1,
});

registerTask({
  id: 'Reach-v0',
  description: 'Move a rod to a goal, passing left or right of nothing: the smoke test of a pipeline',
  entry: async () => (await import('./reach/env.ts')).loadReach(),
  maxEpisodeSteps: 150,
  rewardThreshold: 1,
});

registerTask({
  id: 'Pushing-v0',
  description: 'Push two blocks onto two targets, either way round and in either order: 4 ways (D3IL)',
  entry: async () => (await import('./pushing/env.ts')).loadPushing(),
  maxEpisodeSteps: 400,
  rewardThreshold: 1,
});

for (const [perSort, maxEpisodeSteps, ways] of [
  [1, 500, 2],
  [2, 700, 6],
  [3, 1200, 20],
] as const) {
  registerTask({
    id: `Sorting${2 * perSort}-v0`,
    description: `Push ${2 * perSort} blocks into the boxes of their two colours: ${ways} orders of colours (D3IL)`,
    entry: async () => (await import('./sorting/env.ts')).loadSorting(perSort),
    maxEpisodeSteps,
    rewardThreshold: 1,
  });
}

registerTask({
  id: 'Aligning-v0',
  description: 'Push a hollow box to a pose, from inside or from outside: 2 ways (D3IL)',
  entry: async () => (await import('./aligning/env.ts')).loadAligning(),
  maxEpisodeSteps: 400,
  rewardThreshold: 1,
});

registerTask({
  id: 'BlockPush-v0',
  description: 'Push two blocks into two targets that lie elsewhere each time: 4 ways (IBC, BeT)',
  entry: async () => (await import('./block-push/env.ts')).loadBlockPush(),
  maxEpisodeSteps: 350,
  rewardThreshold: 1,
});

registerTask({
  id: 'TableTennis-v0',
  description: 'Swing an arm of three joints to return a ball, left or right, forehand or backhand: 4 ways',
  entry: async () => (await import('./table-tennis/env.ts')).loadTableTennis(),
  maxEpisodeSteps: 150,
  rewardThreshold: 1,
});

registerTask({
  id: 'PushT-v0',
  description:
    'Push a T-shaped block onto a mark of its shape, touching it first on one side or the other: 2 ways',
  entry: async () => (await import('./push-t/env.ts')).loadPushT(),
  maxEpisodeSteps: 300,
  rewardThreshold: 1,
});
