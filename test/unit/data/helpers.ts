import type { DatasetInfo, Episode } from '../../../src/data/index.ts';
import { Rng } from '../../../src/random.ts';

/** A small dataset's description, with a wide, a scalar and a boolean column. */
export const INFO: DatasetInfo = {
  envId: 'Avoiding-v0',
  modes: ['left', 'right', 'über'],
  fps: 1 / 0.035,
  columns: {
    'observation.state': { width: 4, names: ['desired_x', 'desired_y', 'x', 'y'] },
    action: { width: 2, names: ['dx', 'dy'] },
    'next.reward': { width: 1, names: [] },
    'next.done': { width: 1, names: [] },
    'next.success': { width: 1, names: [] },
  },
};

/** Makes an episode whose numbers depend on its seed only. */
export function episodeOfSeed(seed: number, length = 5 + (seed % 4)): Episode {
  const rng = Rng.fromSeed(seed);
  const random = (count: number) => Float32Array.from({ length: count }, () => rng.uniform(-1, 1));
  const last = (value: number) => Float32Array.from({ length }, (_, t) => (t === length - 1 ? value : 0));
  const mode = seed % 4 === 3 ? null : seed % 4;
  return {
    length,
    columns: {
      'observation.state': random(length * 4),
      action: random(length * 2),
      'next.reward': last(1),
      'next.done': last(1),
      'next.success': last(seed % 2),
    },
    seed,
    resetOptions: { context: seed, name: 'naïve "quoted"' },
    mode,
    success: seed % 2 === 1,
    finalStateHash: `hash-${seed}`,
    provenance: { source: 'scripted', author: 'test', settings: { trunk: 1 } },
  };
}
