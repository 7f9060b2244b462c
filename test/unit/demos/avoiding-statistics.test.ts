import { beforeAll, describe, expect, it } from 'vitest';
import '../../../envs/index.ts';
import { collect, demonstrationInfo } from '../../../demos/collect.ts';
import { avoidingStatistics } from './avoiding-statistics.ts';
import { MemoryDataset } from './memory-dataset.ts';

/**
 * What was measured on D3IL's 96 human demonstrations, and how far ours may be from it. The tolerances of means are
 * about what separates two sets of 96 people; those of extremes are wider.
 */
const human: Readonly<Record<string, readonly [value: number, tolerance: number]>> = {
  lengthMean: [76.1, 2.5],
  lengthSd: [12, 2.5],
  lengthMin: [60, 3],
  lengthMax: [106, 12],
  crossingMean: [68, 2.5],
  deltaXMean: [-0.3, 0.1],
  deltaYMean: [9.5, 0.3],
  deltaXSd: [6.6, 0.4],
  deltaYSd: [4.4, 0.3],
  deltaAxisMax: [12.5, 0.001],
  deltaSizeMedian: [12.5, 0.15],
  deltaSizeMax: [15.4, 0.4],
  firstSidewaysMean: [7.1, 1.2],
  firstSidewaysMax: [23, 5],
  spread5: [0.8, 0.35],
  spread8: [2.1, 0.4],
  spread12: [4.2, 0.4],
  clearanceMean: [2.79, 0.25],
  clearanceMin: [1.19, 0.1],
  visitedXMin: [21.5, 2.5],
  visitedXMax: [77.1, 2.5],
  visitedYMax: [48.8, 2.5],
};

async function demonstrations(seed: number, trunk?: number): Promise<MemoryDataset> {
  const dataset = new MemoryDataset(await demonstrationInfo('Avoiding-v0'));
  const options = { envId: 'Avoiding-v0', perMode: 4, seed, dataset };
  const report = await collect(trunk === undefined ? options : { ...options, trunk });
  expect(report.perMode).toEqual(new Array(24).fill(4));
  return dataset;
}

describe.each([0, 1, 2])('96 demonstrations of Avoiding, seed %d', (seed) => {
  let dataset: MemoryDataset;

  beforeAll(async () => {
    dataset = await demonstrations(seed);
  });

  it('have the statistics of people', () => {
    const ours = avoidingStatistics(dataset.episodes);
    const rows = Object.entries(human).map(([name, [value, tolerance]]) => ({
      name,
      value,
      tolerance,
      ours: ours[name] ?? Number.NaN,
    }));
    const table = rows.map(
      (row) => `${row.name.padEnd(18)} ${row.ours.toFixed(2).padStart(8)}  human ${row.value}`,
    );
    process.stdout.write(`seed ${seed}\n${table.join('\n')}\n`);
    const off = rows.filter((row) => !(Math.abs(row.ours - row.value) <= row.tolerance));
    expect(off).toEqual([]);
    expect(ours.deltaYMin).toBe(0);
  });

  it('differ among the four of one mode', () => {
    for (let mode = 0; mode < 24; mode++) {
      const ofMode = dataset.episodes.filter((episode) => episode.mode === mode);
      const rowsAt = (step: number) =>
        ofMode.map(({ columns }) => columns['observation.state']?.slice(4 * step + 2, 4 * step + 4));
      const spreadAt = [20, 30, 40, 50].map((step) => {
        const positions = rowsAt(step);
        const apart = positions.flatMap((a, i) =>
          positions.slice(i + 1).map((b) => Math.hypot(a![0]! - b![0]!, a![1]! - b![1]!)),
        );
        return apart.reduce((sum, d) => sum + d, 0) / apart.length;
      });
      // a centimetre apart on average at one time or another: not copies with a tremor
      expect(Math.max(...spreadAt)).toBeGreaterThan(0.01);
    }
  });
});

describe('the trunk', () => {
  it('is gone at 0: every mode branches at the first step', async () => {
    const { firstSidewaysMean, spread5 } = avoidingStatistics((await demonstrations(0, 0)).episodes);
    expect(firstSidewaysMean).toBe(0);
    expect(spread5).toBeGreaterThan(2);
  });

  it('grows with the setting', async () => {
    const half = avoidingStatistics((await demonstrations(0, 0.5)).episodes);
    expect(half.firstSidewaysMean).toBeGreaterThan(2.5);
    expect(half.firstSidewaysMean).toBeLessThan(5);
  });
});
