import { register } from '../src/gym/registry.ts';

register({
  id: 'Avoiding-v0',
  module: import.meta.url,
  description: 'Move a rod through three rows of obstacles to the finish line: 24 ways to do it (D3IL)',
  entry: async () => (await import('./avoiding/env.ts')).loadAvoiding(),
  maxEpisodeSteps: 250,
  rewardThreshold: 1,
});
