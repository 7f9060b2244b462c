import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reproductions } from '../../src/reproduce/registry.ts';
import { modewise, modewiseJson, startModewise } from './modewise.ts';

interface Result {
  readonly name: string;
  readonly verdict: string;
  readonly figures: readonly {
    readonly name: string;
    readonly mean: number | null;
    readonly holds?: boolean;
  }[];
  readonly report: string;
}

describe('modewise reproduce', () => {
  let folder: string;
  let empty: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'modewise-reproduce-'));
    empty = join(folder, 'empty');
    mkdirSync(empty);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('lists what can be reproduced', async () => {
    const { stdout } = await modewise('reproduce');
    for (const { name } of reproductions) expect(stdout).toContain(name);
  });

  it('refuses a name that is not there, with the nearest one', async () => {
    const { code, stderr } = await modewise('reproduce', 'softmax-gating-rate');
    expect(code).toBe(2);
    expect(stderr).toContain('softmax-gating-rates');
  });

  it('goes on after kill -9, and ends in what an uninterrupted run has', async () => {
    const args = (out: string) => [
      'reproduce',
      'em-mirror-descent',
      '--quick',
      '--data',
      empty,
      '--out',
      join(folder, out),
    ];
    const running = startModewise(args('killed'));
    await running.until(() => running.stderr().includes('instance/10 '));
    running.process.kill('SIGKILL');
    await running.ended;
    expect(existsSync(join(folder, 'killed', 'report.md'))).toBe(false);
    const refused = await modewise(...args('killed'));
    expect(refused.code).toBe(2);
    const resumed = startModewise([...args('killed'), '--resume']);
    expect((await resumed.ended).code).toBe(0);
    expect(resumed.stderr()).not.toContain('instance/5 ');
    const whole = await modewiseJson<Result>(...args('whole'));
    const results = (out: string) => readFileSync(join(folder, out, 'results.json'), 'utf8');
    expect(results('killed')).toBe(results('whole'));
    // without the images nothing is claimed about them
    expect(whole).toMatchObject({ name: 'em-mirror-descent', verdict: 'not-run' });
    expect(readFileSync(whole.report, 'utf8')).toContain('apt-get install dataset-fashion-mnist');
  });

  it('keeps finished work on Ctrl-C and says how to go on', async () => {
    const out = join(folder, 'stopped');
    const running = startModewise(['reproduce', 'softmax-gating-rates', '--quick', '--out', out]);
    await running.until(() => running.stderr().includes('(1 done)'));
    running.process.kill('SIGINT');
    const { code, stderr } = await running.ended;
    expect(code).toBe(130);
    expect(stderr).toContain('--resume');
    expect(existsSync(join(out, 'units.jsonl'))).toBe(true);
  });

  it.each(reproductions.map(({ name }) => name))(
    '%s --quick ends with a verdict, figures and a report',
    async (name) => {
      const out = join(folder, name);
      const { figures, report, verdict } = await modewiseJson<Result>(
        'reproduce',
        name,
        '--quick',
        '--out',
        out,
      );
      expect(['holds', 'falls-short', 'not-run']).toContain(verdict);
      // without its data a reproduction has nothing to show but how to get them
      if (verdict !== 'not-run') expect(figures.length).toBeGreaterThan(0);
      const text = readFileSync(report, 'utf8');
      if (verdict === 'not-run') expect(text).toContain('**Not run.**');
      for (const [, chart] of text.matchAll(/\]\((.+\.svg)\)/g))
        expect(existsSync(join(out, chart as string))).toBe(true);
    },
  );

  it('imc-pushing is a benchmark: bench goes on with its folder, and it goes on with one of bench', async () => {
    // left by the test above
    const whole = join(folder, 'imc-pushing');
    const suite = join(whole, 'suite.yaml');
    const benchmark = join(folder, 'from-bench', 'benchmark');
    cpSync(join(whole, 'benchmark'), benchmark, { recursive: true });
    // one cell is computed anew by bench, the others are found
    rmSync(join(benchmark, 'cells', 'Pushing-v0', 'ml-cur'), { recursive: true });
    const benched = await modewise('bench', suite, '--out', benchmark, '--resume');
    expect(benched.code).toBe(0);
    expect(benched.stderr).toContain(
      'imc on Pushing-v0, seed 0: success 0.0 %, entropy 0.000 (found finished)',
    );
    const args = ['reproduce', 'imc-pushing', '--quick', '--out', join(folder, 'from-bench')];
    const refused = await modewise(...args, '--force');
    expect(refused.code).toBe(2);
    // a wrong seed is refused, and does not take the folder
    expect((await modewise(...args, '--resume', '--seed', '5')).code).toBe(2);
    const reproduced = await modewise(...args, '--resume');
    expect(reproduced.code).toBe(0);
    expect(reproduced.stderr.match(/found finished/g)).toHaveLength(5);
    const results = (of: string) => readFileSync(join(of, 'results.json'), 'utf8');
    expect(results(join(folder, 'from-bench'))).toBe(results(whole));
  });
});
