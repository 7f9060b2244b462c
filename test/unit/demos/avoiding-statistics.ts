import { obstacles } from '../../../envs/avoiding/layout.ts';
import type { Episode } from '../../../src/data/episode.ts';

function column(episode: Episode, name: string, width: number, index: number): number[] {
  const values = episode.columns[name] ?? new Float32Array();
  return Array.from({ length: episode.length }, (_, t) => values[t * width + index] as number);
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function deviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] as number;
const lowest = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b));
const highest = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b));

/**
 * Computes what was measured on D3IL's human demonstrations of Avoiding. Steps are counted in control steps, lengths
 * in centimetres, deltas in millimetres. The clearance of an episode is the least distance of the rod's centre from
 * an obstacle's surface.
 */
export function avoidingStatistics(episodes: readonly Episode[]): Readonly<Record<string, number>> {
  const lengths = episodes.map(({ length }) => length);
  const deltaX = episodes.flatMap((episode) => column(episode, 'action', 2, 0).map((v) => 1000 * v));
  const deltaY = episodes.flatMap((episode) => column(episode, 'action', 2, 1).map((v) => 1000 * v));
  const size = deltaX.map((dx, i) => Math.hypot(dx, deltaY[i] as number));
  const crossings = episodes.map((episode) => column(episode, 'next.success', 1, 0).indexOf(1) + 1);
  const firstSideways = episodes.map((episode) =>
    column(episode, 'action', 2, 0).findIndex((dx) => dx !== 0),
  );
  const clearances = episodes.map((episode) => {
    const x = column(episode, 'observation.state', 4, 2);
    const y = column(episode, 'observation.state', 4, 3);
    return lowest(
      obstacles.map((o) => lowest(x.map((_, t) => Math.hypot(x[t]! - o.x, y[t]! - o.y) - o.radius))),
    );
  });
  const spread = (step: number) =>
    100 * deviation(episodes.map((e) => column(e, 'observation.state', 4, 0)[step] as number));
  const visitedX = episodes.flatMap((episode) => column(episode, 'observation.state', 4, 2));
  const visitedY = episodes.flatMap((episode) => column(episode, 'observation.state', 4, 3));
  return {
    lengthMean: mean(lengths),
    lengthSd: deviation(lengths),
    lengthMin: lowest(lengths),
    lengthMax: highest(lengths),
    crossingMean: mean(crossings),
    deltaXMean: mean(deltaX),
    deltaYMean: mean(deltaY),
    deltaXSd: deviation(deltaX),
    deltaYSd: deviation(deltaY),
    deltaAxisMax: highest([...deltaX, ...deltaY].map(Math.abs)),
    deltaYMin: lowest(deltaY),
    deltaSizeMedian: median(size),
    deltaSizeMax: highest(size),
    firstSidewaysMean: mean(firstSideways),
    firstSidewaysMax: highest(firstSideways),
    spread5: spread(5),
    spread8: spread(8),
    spread12: spread(12),
    clearanceMean: 100 * mean(clearances),
    clearanceMin: 100 * lowest(clearances),
    visitedXMin: 100 * lowest(visitedX),
    visitedXMax: 100 * highest(visitedX),
    visitedYMax: 100 * highest(visitedY),
  };
}
