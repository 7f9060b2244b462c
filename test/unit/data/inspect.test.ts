import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDataset, inspectDataset } from '../../../src/data/index.ts';
import { DatasetError } from '../../../src/errors.ts';
import { episodeOfSeed, INFO } from './helpers.ts';
import { temporaryFolder } from './temporary-folder.ts';

describe('inspectDataset', () => {
  it('sums a dataset up', async () => {
    const path = join(temporaryFolder(), 'set');
    const dataset = await createDataset(path, INFO);
    for (const seed of [0, 4, 1, 3]) await dataset.append(episodeOfSeed(seed, 4 + seed));
    await dataset.close();
    const summary = await inspectDataset(path);
    expect(summary).toMatchObject({
      env: 'Avoiding-v0',
      finished: true,
      episodes: 4,
      frames: 24,
      successes: 2,
      length: { mean: 6, min: 4, max: 8 },
      seeds: { min: 0, max: 4, distinct: 4 },
      provenance: [{ source: 'scripted', author: 'test', episodes: 4 }],
    });
    expect(summary.seconds).toBeCloseTo(24 * 0.035, 12);
    expect(summary.length!.sd).toBeCloseTo(Math.sqrt((4 + 4 + 1 + 1) / 4), 12);
    expect(summary.modes).toMatchObject({ total: 3, covered: 2, unlabelled: 1 });
    expect(summary.modes.counts.map(({ episodes }) => episodes)).toEqual([2, 1, 0]);
    // Two thirds and one third of three labelled episodes, to the base of three modes.
    const nats = -(2 / 3) * Math.log(2 / 3) - (1 / 3) * Math.log(1 / 3);
    expect(summary.modes.entropy).toBeCloseTo(nats / Math.log(3), 12);
    const reward = summary.columns.find(({ name }) => name === 'next.reward')!;
    expect(reward).toMatchObject({ dtype: 'float32', width: 1, min: [0], max: [1] });
    expect(reward.mean[0]).toBeCloseTo(4 / 24, 12);
    expect(summary.bytes).toBe(summary.files.reduce((total, { bytes }) => total + bytes, 0));
    expect(summary.files.map(({ path: file }) => file)).toContain('data/chunk-000/file-000.parquet');
  });

  it('sums an empty dataset up, and refuses a folder without one', async () => {
    const path = join(temporaryFolder(), 'set');
    await (await createDataset(path, INFO)).close();
    expect(await inspectDataset(path)).toMatchObject({ episodes: 0, frames: 0, length: null, seeds: null });
    await expect(inspectDataset(temporaryFolder())).rejects.toThrow(DatasetError);
  });
});
