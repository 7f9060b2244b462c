import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { CellResult } from '../../../src/benchmark/cell-files.ts';
import { decodeCsv, encodeCsv } from '../../../src/benchmark/csv.ts';
import { summaryTable } from '../../../src/benchmark/markdown.ts';
import type { CellSpec } from '../../../src/benchmark/plan.ts';
import { benchmarkSection, parseTable, replaceResults } from '../../../src/benchmark/results-section.ts';
import { contestOf, summarizeTable } from '../../../src/benchmark/summary.ts';
import { columns, rowOf, type TableRow, tableCsv, tableParquet } from '../../../src/benchmark/table.ts';
import { readParquet, readRows } from '../../../src/data/formats/parquet.ts';
import { wilson } from '../../../src/eval/wilson.ts';

const spec = (name: string, seed: number): CellSpec => ({
  ...{ task: 'Reach-v0', name, method: name === 'wide' ? 'imc' : name, config: {}, seed },
  ...{ rollouts: 8, evaluationSeed: 1000, demonstrations: { perMode: 2, seed: 0, trunk: 1 } },
});

function result(successes: number, entropy: number): CellResult {
  return {
    score: {
      rollouts: 8,
      success: wilson(successes, 8),
      entropy: { value: entropy, ceiling: 0.9 },
      modes: { covered: 2, total: 2, counts: [successes - 1, 1], names: ['left', 'right'] },
      successTimesEntropy: (successes / 8) * entropy,
      klToDemonstrations: 1 - entropy,
      marginalEntropy: entropy,
      contexts: { total: 1, zeroSuccess: 0 },
      successesWithoutMode: 0,
      truncated: 0,
      meanDistance: 0.125,
      meanSteps: 40,
      metrics: {},
      components: [],
    } as unknown as CellResult['score'],
    training: { complete: true, seconds: 90, steps: 300, backend: 'simd' },
    evaluationSeconds: 1,
    msPerAction: 0.025,
    parameters: 58,
    demonstrations: 4,
    contextsHash: '',
  };
}

const failure = { what: 'The training loss is not finite', where: 'train, step 7,\n"batch" 3', found: 'NaN' };
const table: readonly TableRow[] = [
  rowOf(spec('imc', 0), { status: 'done', result: result(8, 0.5) }),
  rowOf(spec('imc', 1), { status: 'done', result: result(6, 0.75) }),
  rowOf(spec('wide', 0), { status: 'done', result: result(8, 1) }),
  rowOf(spec('bc', 0), { status: 'done', result: result(4, 0) }),
  rowOf(spec('bc', 1), { status: 'failed', failure }),
  rowOf(spec('mdn', 0), { status: 'failed', failure }),
].filter((row) => row !== undefined);

const HEAD =
  'task,method,seed,status,success,success_low,success_high,entropy,entropy_ceiling,success_times_entropy,modes_covered,modes,kl,distance,steps,ms_per_action,train_seconds,parameters,training_steps,demonstrations,rollouts,successes,successes_without_mode,contexts,contexts_without_success,evaluation_seed,algorithm,backend,metrics,reason';

describe('the table', () => {
  const folder = mkdtempSync(join(tmpdir(), 'modewise-table-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is CSV with one row a cell, numbers in full and nothing for what a failed cell lacks', () => {
    const lines = tableCsv(table).split('\n');
    expect(lines[0]).toBe(HEAD);
    expect(lines[2]).toBe(
      'Reach-v0,imc,1,done,0.75,0.40926987910258916,0.9285223111419724,0.75,0.9,0.5625,2,2,0.25,0.125,40,0.025,90,58,300,4,8,6,0,1,0,1000,imc,simd,,',
    );
    expect(lines[5]).toBe(
      'Reach-v0,bc,1,failed,,,,,,,,,,,,,,,,,,,,,,1000,bc,,,"The training loss is not finite; train, step 7, ""batch"" 3; NaN"',
    );
  });

  it('says the same as Parquet', async () => {
    const path = join(folder, 'table.parquet');
    writeFileSync(path, tableParquet(table));
    const file = readParquet(path);
    const rows = await readRows(file, Object.keys(columns));
    const plain = rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name,
          typeof value === 'bigint' ? Number(value) : (value ?? null),
        ]),
      ),
    );
    expect(plain).toEqual(table);
  });

  it('comes back from CSV as it was, and is refused without its columns', () => {
    expect(parseTable(tableCsv(table), 'table.csv')).toEqual(table);
    expect(() => parseTable(tableCsv(table).replace(',entropy_ceiling,', ',ceiling,'), 't.csv')).toThrow(
      'no column entropy_ceiling',
    );
    expect(() => parseTable(tableCsv([]), 't.csv')).toThrow('no rows');
    expect(() => parseTable(tableCsv(table).replace('0.75,0.9', 'x,0.9'), 't.csv')).toThrow('t.csv:3');
  });

  it('keeps any text through CSV', () => {
    const field = fc.string({ minLength: 1 }).map((text) => text.replaceAll('\r', ''));
    fc.assert(
      fc.property(fc.array(fc.tuple(field, field), { minLength: 1 }), (rows) => {
        expect(decodeCsv(encodeCsv(['a', 'b'], rows))).toEqual([['a', 'b'], ...rows]);
      }),
    );
  });
});

describe('the summary', () => {
  const summary = summarizeTable(table);

  it('is Markdown with mean ± sample standard deviation over seeds', () => {
    expect(summaryTable(summary).slice(2)).toEqual([
      '| imc | 2 | 0.875 ± 0.177 | 0.640 to 0.965 | 0.625 ± 0.177 | 0.900 | 0.531 ± 0.044 | 2 of 2 | 0.375 ± 0.177 | 0.125 ± 0.000 | 40.0 ± 0.0 | 0.025 | 1.5 ± 0.0 | 300 | 58 |',
      '| wide | 1 | 1.000 | 0.676 to 1.000 | 1.000 | 0.900 | 1.000 | 2 of 2 | 0.000 | 0.125 | 40.0 | 0.025 | 1.5 | 300 | 58 |',
      '| bc (1 failed) | 1 | 0.500 | 0.215 to 0.785 | 0.000 | 0.900 | 0.000 | 2 of 2 | 1.000 | 0.125 | 40.0 | 0.025 | 1.5 | 300 | 58 |',
      '| mdn (1 failed) | – | – | – | – | – | – | – | – | – | – | – | – | – | – |',
    ]);
  });

  it('takes the best row of another algorithm for the competitor', () => {
    expect(contestOf(summary, 'imc')?.competitor.method).toBe('bc');
    expect(contestOf(summary, 'bc')?.competitor.method).toBe('wide');
    expect(contestOf(summary, 'mdn')).toBeUndefined();
  });

  it('goes between the markers of a README, and nothing else changes', () => {
    const section = benchmarkSection(table, 'modewise bench x.yaml');
    const readme = 'before\n<!-- results:begin  measured -->\nold\n<!-- results:end -->\nafter\n';
    const changed = replaceResults(readme, section, 'README.md');
    expect(changed).toMatch(
      /^before\n<!-- results:begin {2}measured -->\n\*\*Reach-v0\*\*: 4 demonstrations, 8 rollouts/,
    );
    expect(changed).toMatch(/\n<!-- results:end -->\nafter\n$/);
    expect(changed).not.toContain('old');
    expect(changed).toContain('| mdn | 0 | failed | – |');
    expect(changed).toContain('| 0.025 | 1.5 | 300 | 58 |');
    expect(changed).toContain('Best competitor of imc: **bc**');
    expect(replaceResults(changed, section, 'README.md')).toBe(changed);
    expect(() => replaceResults('no place', section, 'README.md')).toThrow('results:begin');
  });
});
