import { describe, expect, it } from 'vitest';
import type { FinishedBenchmark } from '../../../src/benchmark/report.ts';
import { summarizeTable } from '../../../src/benchmark/summary.ts';
import { columns, type TableRow } from '../../../src/benchmark/table.ts';
import { pushingPart } from '../../../src/reproduce/pushing-figures.ts';
import { judge } from '../../../src/reproduce/reproduction.ts';

const TASK = 'Pushing-v0';
const HALF_WIDTH = 0.05;

function rowOf(method: string, seed: number, success: number): TableRow {
  const empty = Object.fromEntries(Object.keys(columns).map((name) => [name, null])) as TableRow;
  return {
    ...empty,
    ...{ task: TASK, method, algorithm: method, seed, status: 'done', success, entropy: 0.5 },
    ...{ entropy_ceiling: 0.9, success_times_entropy: success / 2, modes_covered: 4, modes: 4 },
    ...{ successes: 480 * success, rollouts: 480, demonstrations: 2000, training_steps: 100 },
  };
}

/** A benchmark in which every method has these successes, a number for each seed, with intervals of one width. */
function finish(successes: Readonly<Record<string, readonly number[]>>, failed: readonly TableRow[] = []) {
  const rows = [
    ...Object.entries(successes).flatMap(([method, values]) =>
      values.map((success, seed) => rowOf(method, seed, success)),
    ),
    ...failed,
  ];
  const around = (value: number) => ({ value, low: value - HALF_WIDTH, high: value + HALF_WIDTH });
  const ranks = Object.entries(successes).map(([name, values]) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const rank = { value: 1, low: 1, high: 1 };
    return { name, success: around(mean), score: around(mean / 2), rank, first: 0 };
  });
  const summary = {
    ...{ table: '', report: '', cells: rows.length, done: rows.length - failed.length, overall: [] },
    failed: failed.map(({ method, reason, seed, task }) => ({ task, method, seed, reason })),
    tasks: [...[{ task: TASK, reference: 'imc', competitor: null, rows: summarizeTable(rows), ranks }]].map(
      (one) => ({ ...one, comparisons: [] }),
    ),
  };
  return { rows, summary } satisfies FinishedBenchmark;
}

const contest = { task: TASK, reference: 'imc', quick: false };

describe('IMC against other mixtures on Pushing', () => {
  it('holds where IMC is level with the best of the others and far from EM', () => {
    const part = pushingPart(
      finish({ imc: [0.7, 0.8], 'em-textbook': [0.1, 0.2], mdn: [0.75, 0.85] }),
      contest,
    );
    const [success, score, gain] = part.figures;
    expect(success).toMatchObject({
      name: 'success that imc gains over the best of the others, mdn',
      holds: true,
    });
    expect(success?.mean).toBeCloseTo(-0.05, 12);
    expect(score).toMatchObject({ holds: true });
    expect(gain).toMatchObject({ name: 'success that imc gains over em-textbook', count: 2, holds: true });
    expect(gain?.mean).toBeCloseTo(0.6, 12);
    expect(judge([part])).toBe('holds');
  });

  it('falls short where another one is better by more than the intervals, or EM succeeds as well', () => {
    const worse = pushingPart(finish({ imc: [0.5], 'em-textbook': [0.1], mdn: [0.8] }), contest);
    expect(worse.figures[0]).toMatchObject({ holds: false });
    expect(worse.figures[2]).toMatchObject({ holds: true });
    const near = pushingPart(finish({ imc: [0.78], 'em-textbook': [0.73], mdn: [0.7] }), contest);
    expect(near.figures.slice(0, 3).map(({ holds }) => holds)).toEqual([true, true, false]);
    expect(judge([near])).toBe('falls-short');
  });

  it('compares seeds that both have finished, and says what failed', () => {
    const failed = { ...rowOf('em-textbook', 1, 0), status: 'failed', success: null, reason: 'no memory' };
    const part = pushingPart(
      finish({ imc: [0.6, 0.9], 'em-textbook': [0.1], mdn: [0.5, 0.5] }, [failed]),
      contest,
    );
    const gain = part.figures.find(({ name }) => name === 'success that imc gains over em-textbook');
    expect(gain).toMatchObject({ count: 1 });
    expect(gain?.mean).toBeCloseTo(0.5, 12);
    expect(part.notRun).toContain('em-textbook, seed 1: no memory');
    expect(judge([part])).toBe('not-run');
  });

  it('judges nothing of a quick run', () => {
    const part = pushingPart(finish({ imc: [0], 'em-textbook': [0], mdn: [0] }), { ...contest, quick: true });
    expect(part.figures.filter(({ target }) => target !== undefined)).toEqual([]);
    expect(judge([part])).toBe('not-run');
  });
});
