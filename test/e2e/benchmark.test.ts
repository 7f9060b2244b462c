import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeCsv } from '../../src/benchmark/csv.ts';
import { columns, timingColumns } from '../../src/benchmark/table.ts';
import { modewise, modewiseJson, startModewise } from './modewise.ts';

/** Trains in a second or two each: enough to run everything, not enough to learn anything. */
const SUITE = `
tasks: [Reach-v0]
methods:
  - { method: bc, set: { steps: 20, hidden: [8] } }
  - { method: bc, name: diverging, set: { steps: 20, hidden: [8], learningRate: 1.0e+30 } }
  - { method: bc, name: wide, set: { steps: 20, hidden: [16] } }
seeds: [0, 1]
rollouts: 6
demonstrations: 2
`;

interface Summary {
  readonly cells: number;
  readonly done: number;
  readonly failed: readonly { readonly method: string; readonly seed: number; readonly reason: string }[];
  readonly tasks: readonly {
    readonly reference: string;
    readonly rows: readonly { readonly method: string }[];
  }[];
}

describe('modewise bench', () => {
  let folder: string;
  let suite: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'modewise-bench-'));
    suite = join(folder, 'suite.yaml');
    writeFileSync(suite, SUITE);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const out = (name: string) => join(folder, name);
  /** The table without the columns that differ from run to run. */
  const steadyTable = (name: string) => {
    const [names = [], ...rows] = decodeCsv(readFileSync(join(out(name), 'table.csv'), 'utf8'));
    const kept = names.flatMap((column, index) =>
      (timingColumns as readonly string[]).includes(column) ? [] : [index],
    );
    return rows.map((row) => kept.map((index) => row[index]));
  };
  const resultFile = (name: string, method: string, seed: number) =>
    join(out(name), 'cells', 'Reach-v0', method, `seed-${seed}`, 'result.json');

  it('leaves the table, the report and the figures; a cell that fails stops no other', async () => {
    const { code, stderr, stdout } = await modewise('bench', suite, '--out', out('one'), '--json');
    const summary: Summary = JSON.parse(stdout);
    expect(code).toBe(1);
    expect(summary).toMatchObject({ cells: 6, done: 4 });
    expect(summary.failed.map(({ method, seed }) => `${method} ${seed}`)).toEqual([
      'diverging 0',
      'diverging 1',
    ]);
    expect(summary.failed[0]?.reason).toContain('not finite');
    expect(stderr).toContain('2 of 6 cells failed');
    const [names, ...rows] = decodeCsv(readFileSync(join(out('one'), 'table.csv'), 'utf8'));
    expect(names).toEqual(Object.keys(columns));
    expect(rows).toHaveLength(6);
    const report = readFileSync(join(out('one'), 'report.md'), 'utf8');
    for (const text of ['Wilson 95 %', 'McNemar', 'Ranks by success × entropy', 'diverging (2 failed)']) {
      expect(report).toContain(text);
    }
    const figures = readdirSync(join(out('one'), 'figures'));
    expect(figures).toEqual(
      expect.arrayContaining([
        'success-entropy-Reach-v0.svg',
        'modes-Reach-v0.svg',
        'learning-Reach-v0-bc.svg',
      ]),
    );
    for (const file of ['table.parquet', 'comparisons.csv', 'summary.json']) {
      expect(statSync(join(out('one'), file)).size).toBeGreaterThan(50);
    }
  });

  it('goes on after kill -9 on two processes without repeating a finished cell, to the table of one process', async () => {
    const args = ['bench', suite, '--out', out('killed'), '--workers', '2'];
    const running = startModewise(args);
    await running.until(() => existsSync(resultFile('killed', 'bc', 0)));
    running.process.kill('SIGKILL');
    await running.ended;
    const finished = statSync(resultFile('killed', 'bc', 0)).mtimeMs;
    const refused = await modewise(...args);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--resume');
    const resumed = await modewise(...args, '--resume');
    expect(resumed.code).toBe(1);
    expect(resumed.stderr).toContain('bc on Reach-v0, seed 0: success');
    expect(statSync(resultFile('killed', 'bc', 0)).mtimeMs).toBe(finished);
    expect(steadyTable('killed')).toEqual(steadyTable('one'));
    // killed when the training had come to its end, and nothing but its checkpoint said so
    const training = resultFile('killed', 'bc', 0).replace('result.json', 'training.json');
    const noted = JSON.parse(readFileSync(training, 'utf8'));
    writeFileSync(training, JSON.stringify({ ...noted, complete: false, steps: 7 }));
    rmSync(resultFile('killed', 'bc', 0));
    await modewise(...args, '--resume');
    expect(steadyTable('killed')).toEqual(steadyTable('one'));
  });

  it('takes up new rows and refuses changed ones when it is resumed', async () => {
    const more = join(folder, 'more.yaml');
    writeFileSync(
      more,
      SUITE.replace(/ {2}- \{ method: bc, name: div.*\n/, '').replace('seeds: [0, 1]', 'seeds: [0]'),
    );
    const summary = await modewiseJson<Summary>('bench', more, '--out', out('one'), '--resume');
    expect(summary).toMatchObject({ cells: 2, done: 2, failed: [] });
    expect(summary.tasks[0]).toMatchObject({ reference: 'bc', rows: [{ method: 'bc' }, { method: 'wide' }] });
    const late = '  - { method: bc, name: late, set: { steps: 10 } }\nseeds';
    writeFileSync(more, SUITE.replace('hidden: [16]', 'hidden: [12]').replace('seeds', late));
    const refused = await modewise('bench', more, '--out', out('one'), '--resume');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('config.hidden');
    // nothing of a file that was refused is noted
    expect(existsSync(join(out('one'), 'cells', 'Reach-v0', 'late'))).toBe(false);
    // even where no cell of these seeds has been claimed yet
    writeFileSync(
      more,
      `tasks: [Reach-v0]\nmethods: [bc]\nseeds: [9]\nrollouts: 4\ndemonstrations: { seed: 9 }\n`,
    );
    const foreign = await modewise('bench', more, '--out', out('one'), '--resume');
    expect(foreign.code).toBe(2);
    expect(foreign.stderr).toContain('The folder holds other demonstrations of this task');
  });

  it('learns from a dataset, and does not mix what was in it at different times', async () => {
    const data = join(folder, 'data');
    const file = join(folder, 'data.yaml');
    await modewise('collect', 'Reach-v0', '--per-mode', '1', '--out', data);
    const suiteOf = (seeds: string) =>
      `tasks: [{ env: Reach-v0, data: ${data} }]\nmethods: [{ method: bc, set: { steps: 9 } }]\nseeds: ${seeds}\nrollouts: 4\n`;
    writeFileSync(file, suiteOf('[0]'));
    expect((await modewise('bench', file, '--out', out('data-bench'))).code).toBe(0);
    await modewise('collect', 'Reach-v0', '--per-mode', '2', '--out', data, '--resume');
    writeFileSync(file, suiteOf('[0, 1]'));
    const { code, stderr } = await modewise('bench', file, '--out', out('data-bench'), '--resume');
    expect(code).toBe(2);
    expect(stderr).toContain('demonstrations.sha256');
  });

  it('saves on Ctrl-C and says how to go on', async () => {
    const long = join(folder, 'long.yaml');
    writeFileSync(long, 'tasks: [Reach-v0]\nmethods: [bc]\nseeds: [0]\nrollouts: 4\ndemonstrations: 1\n');
    const running = startModewise(['bench', long, '--out', out('stopped')]);
    const cell = join(out('stopped'), 'cells', 'Reach-v0', 'bc', 'seed-0');
    await running.until(() => existsSync(join(cell, 'run', 'metrics.jsonl')));
    running.process.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(stderr).toContain('0 of 1 cells');
    expect(existsSync(join(cell, 'run', 'checkpoint.safetensors'))).toBe(true);
    expect(existsSync(join(cell, 'result.json'))).toBe(false);
  });

  it.each([
    ['a file that is not there', 'nowhere.yaml', null, 'no such benchmark file'],
    [
      'an unknown method',
      'method.yaml',
      'tasks: [Reach-v0]\nmethods: [imk]\nseeds: 1\n',
      "did you mean 'imc'?",
    ],
    ['an unknown task', 'task.yaml', 'tasks: [Reech-v0]\nmethods: [bc]\nseeds: 1\n', 'Reach-v0'],
    ['an unknown key', 'key.yaml', 'tasks: [Reach-v0]\nmethods: [bc]\nseed: 1\n', "'seeds'"],
  ])('refuses %s before it writes anything', async (_, file, text, message) => {
    if (text !== null) writeFileSync(join(folder, file), text);
    const { code, stderr } = await modewise('bench', join(folder, file), '--out', out('refused'));
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(existsSync(out('refused'))).toBe(false);
  });
});
