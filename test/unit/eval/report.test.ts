import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { evaluatePolicy } from '../../../src/eval/evaluate-policy.ts';
import { formatReport, toReport, writeReport } from '../../../src/eval/report.ts';
import { toyPolicy, toyTask } from './toy-task.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const evaluation = (rollouts = 20) =>
  evaluatePolicy(
    toyPolicy(4, (rng) => rng.integer(4)),
    toyTask(4),
    { envId: 'Toy-v0', rollouts, seed: 5 },
  );

describe('the report', () => {
  it('has the fields that scripts read, and no rows', async () => {
    const report = toReport(await evaluation(), { workers: 2, seconds: 1.5, commit: 'episode' });
    expect(report).toMatchObject({
      env: 'Toy-v0',
      policy: 'toy',
      rollouts: 20,
      success: { rate: 1, high: 1 },
      entropy: { ceiling: expect.any(Number), value: expect.any(Number) },
      modes: { covered: 4, total: 4 },
      seconds: 1.5,
    });
    expect(report.modes.counts.reduce((a, b) => a + b)).toBe(20);
    expect(report).not.toHaveProperty('rows');
  });

  it('is written beside one row per episode, under the name of its protocol', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'modewise-report-'));
    folders.push(folder);
    const result = await evaluation();
    const report = toReport(result, { workers: 1, seconds: 1, commit: 'step' });
    const files = writeReport(folder, report, result.rows);
    expect(files.report).toBe(join(folder, 'eval-20-rollouts-seed-5-commit-step.json'));
    expect(JSON.parse(readFileSync(files.report, 'utf8'))).toEqual(JSON.parse(JSON.stringify(report)));
    const rows = readFileSync(files.rows, 'utf8').trim().split('\n');
    expect(rows.map((row) => JSON.parse(row))).toEqual(result.rows);
  });

  it('tells people the interval and the ceiling beside each score', async () => {
    const text = formatReport(toReport(await evaluation(), { workers: 1, seconds: 1 }));
    expect(text).toMatch(/success\s+100\.0 % {2}\(95 % interval 83\.9 % to 100\.0 %\)/);
    expect(text).toMatch(/entropy\s+0\.\d{3} {2}\(a uniform policy would score 0\.943 on average\)/);
    expect(text).toContain('4 of 4 covered');
    const contexts = { total: 5, zeroSuccess: 0 };
    const several = { ...(await evaluation()), contexts, marginalEntropy: 0.75 };
    expect(formatReport(toReport(several, { workers: 1, seconds: 1 }))).toMatch(
      /entropy over all contexts\s+0\.750 {2}\(1\.50 of 2\.00 bits\)/,
    );
  });
});
