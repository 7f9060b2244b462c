import { expect, it } from 'vitest';
import type { EpisodeRow } from '../../../src/eval/rollout.ts';
import { scoreRows } from '../../../src/eval/score.ts';

function row(rollout: number, metrics?: Readonly<Record<string, number>>): EpisodeRow {
  return {
    context: 0,
    rollout,
    contextName: 'only',
    seed: rollout,
    success: false,
    mode: null,
    steps: 1,
    truncated: true,
    distance: 1,
    stateHash: '0000000000000000',
    components: [],
    ...(metrics === undefined ? {} : { metrics }),
  };
}

it('reports the means of what a task measures beside success', () => {
  const rows = [
    row(0, { maxCoverage: 0.5, finalCoverage: 0 }),
    row(1, { maxCoverage: 1, finalCoverage: 0.5 }),
  ];
  expect(scoreRows(rows, ['one', 'other']).metrics).toEqual({ maxCoverage: 0.75, finalCoverage: 0.25 });
});

it('reports nothing more for a task that measures nothing else', () => {
  expect(scoreRows([row(0)], ['one', 'other']).metrics).toEqual({});
});
