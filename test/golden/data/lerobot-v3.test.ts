import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectDataset, loadTrainingData, openDataset, validateDataset } from '../../../src/data/index.ts';

/** Written by LeRobot 0.4.4; `write_lerobot_v3.py` beside it says how. */
const path = join(import.meta.dirname, 'lerobot-v3');

describe('a dataset that LeRobot wrote', () => {
  it('is read with the values that were put in', async () => {
    const dataset = await openDataset(path, { access: 'read' });
    expect(dataset.info).toMatchObject({ envId: 'planar', modes: [], fps: 10 });
    expect(dataset.info.columns.action).toEqual({ width: 2, names: ['dx', 'dy'] });
    expect(dataset.length).toBe(3);
    for (const [index, length] of [4, 2, 3].entries()) {
      const episode = await dataset.episode(index);
      const times = Array.from({ length }, (_, t) => t);
      expect(episode).toMatchObject({
        length,
        mode: null,
        seed: -1,
        success: index !== 1,
        provenance: { source: 'imported' },
      });
      expect([...episode.columns['observation.state']!]).toEqual(
        times.flatMap((t) => [index, t / 4, -t / 8 || 0]),
      );
      expect([...episode.columns.action!]).toEqual(times.flatMap((t) => [t / 2, Math.fround(0.1)]));
    }
  });

  it('can be learned from, inspected and validated', async () => {
    const data = await loadTrainingData(await openDataset(path, { access: 'read' }));
    expect([...data.episodeStarts]).toEqual([0, 4, 6, 9]);
    expect([...data.modes]).toEqual([-1, -1, -1]);
    expect(await inspectDataset(path)).toMatchObject({ episodes: 3, frames: 9, seeds: null, finished: true });
    expect(await validateDataset(path)).toMatchObject({ valid: true, problems: [] });
  });

  it('is not added to', async () => {
    await expect(openDataset(path, { access: 'append' })).rejects.toThrow(/another program wrote/);
  });
});
