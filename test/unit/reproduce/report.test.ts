import { describe, expect, it } from 'vitest';
import { drawChart } from '../../../src/chart.ts';
import { formatReport, toResult } from '../../../src/reproduce/report.ts';
import { judge, type Part } from '../../../src/reproduce/reproduction.ts';
import { reachedAt } from '../../../src/reproduce/synthetic-em.ts';

const part: Part = {
  title: 'Toy',
  protocol: ['two runs'],
  figures: [
    { name: 'good', mean: 1, spread: 0.5, count: 2, target: '≥ 1', holds: true },
    {
      name: 'told',
      mean: 2,
      spread: null,
      count: 1,
      published: { value: '~3', mark: 'unverified', source: 'a talk' },
    },
  ],
  charts: [{ file: 'c', title: 'C', xLabel: 'x', yLabel: 'y', series: [] }],
  notes: [],
};
const missed: Part = {
  ...part,
  figures: [{ name: 'bad', mean: null, spread: null, count: 2, target: '≤ 1', holds: false }],
};
const absent: Part = { ...part, figures: [], notRun: 'No data. Get them.' };

describe('the verdict', () => {
  it('is decided by what misses its target, then by what could not be run', () => {
    expect(judge([part])).toBe('holds');
    expect(judge([part, absent])).toBe('not-run');
    expect(judge([part, absent, missed])).toBe('falls-short');
  });

  it('holds only where something was judged', () => {
    const told = { ...part, figures: part.figures.filter(({ holds }) => holds === undefined) };
    expect(told.figures).toHaveLength(1);
    expect(judge([told])).toBe('not-run');
    expect(judge([told, part])).toBe('holds');
  });
});

describe('a report', () => {
  const reproduction = { name: 'toy', summary: 'A toy', paper: 'P', duration: '', run: async () => [part] };
  const text = formatReport(reproduction, { name: 'toy', quick: true, seed: 3 }, [part, missed, absent]);

  it('says verdict, command, mean and spread, target, and the published figure with its mark', () => {
    expect(text).toContain('Verdict: falls-short');
    expect(text).toContain('modewise reproduce toy --quick --seed 3');
    expect(text).toContain('| good | 1 ± 0.500, n = 2 | ≥ 1 | yes |  |');
    expect(text).toContain('~3 (unverified; a talk)');
    expect(text).toContain('| bad | not reached | ≤ 1 | **no** |');
    expect(text).toContain('**Not run.** No data. Get them.');
    expect(text).toContain('![C](c.svg)');
  });

  it('has a result with every figure and the part it is from', () => {
    const { figures, name, verdict } = toResult('toy', [part, missed]);
    expect({ name, verdict }).toEqual({ name: 'toy', verdict: 'falls-short' });
    expect(figures.map(({ part: from, name: figure }) => [from, figure])).toEqual([
      ['Toy', 'good'],
      ['Toy', 'told'],
      ['Toy', 'bad'],
    ]);
  });
});

describe('a chart', () => {
  it('is one SVG with a line for each series, names escaped, whatever the values', () => {
    const svg = drawChart({
      file: 'a',
      title: 'a < b & c',
      xLabel: 'n',
      yLabel: 'loss',
      logX: true,
      logY: true,
      floor: 1e-12,
      series: [
        { name: 'one', x: [1, 10, 100], y: [1, 0.1, 0], band: { low: [0.5, 0.05, 0], high: [2, 0.2, 0.1] } },
        { name: 'flat', x: [1, 100], y: [1, 1] },
      ],
    });
    expect(svg).toContain('a &lt; b &amp; c');
    expect(svg.match(/<polyline/g)).toHaveLength(2);
    expect(svg).not.toMatch(/NaN|Infinity/);
    expect(drawChart({ file: 'e', title: '', xLabel: '', yLabel: '', series: [] })).not.toMatch(
      /NaN|Infinity/,
    );
  });
});

describe('when a curve is below a value', () => {
  it('is when it stays there', () => {
    expect(reachedAt([3, 0.5, 2, 0.5, 0.4], 1)).toBe(3);
    expect(reachedAt([0, 0], 1)).toBe(0);
    expect(reachedAt([3, 0.5, 2], 1)).toBeNull();
  });
});
