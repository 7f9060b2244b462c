import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvaluationReport } from '../../src/eval/report.ts';
import { modewise, modewiseJson, startModewise, TINY_TRAINING } from './modewise.ts';

let folder: string;
let data: string;
let run: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'modewise-e2e-'));
  data = join(folder, 'data');
  run = join(folder, 'run');
  await modewiseJson('collect', 'Avoiding-v0', '--per-mode', '1', '--out', data, '--seed', '0');
  await modewiseJson('train', 'imc', '--data', data, '--out', run, '--seed', '0', ...TINY_TRAINING);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An evaluation without what depends on the machine. */
function numbers(report: EvaluationReport) {
  const { seconds, actionMicroseconds, workers, ...rest } = report;
  return rest;
}

describe('collect, then train, then eval', () => {
  it('leaves a dataset that holds every mode, and replays', async () => {
    const summary = await modewiseJson('data', 'inspect', data);
    expect(summary).toMatchObject({
      env: 'Avoiding-v0',
      episodes: 24,
      successes: 24,
      modes: { covered: 24, total: 24 },
    });
    const report = await modewiseJson('data', 'validate', data, '--replay', '24');
    expect(report).toMatchObject({ valid: true, finished: true, replayed: 24, problems: [] });
  });

  it('records the resolved settings, versions, backend and seed of a run', () => {
    const record = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8'));
    expect(record).toMatchObject({ method: 'imc', envId: 'Avoiding-v0', seed: 0, config: { components: 4 } });
    expect(record.versions).toHaveProperty('modewise');
    expect(record.backend).toHaveProperty('name');
  });

  it('scores the policy as one JSON object, the same for any number of workers', async () => {
    const rows = (report: { files: { rows: string } }) => readFileSync(report.files.rows, 'utf8');
    type Printed = EvaluationReport & { files: { report: string; rows: string } };
    const evaluate = (...args: string[]) =>
      modewiseJson<Printed>('eval', run, '--rollouts', '30', '--seed', '1', ...args);
    const one = await evaluate('--workers', '1');
    const rowsOfOne = rows(one);
    const two = await evaluate('--workers', '2');
    expect(one).toMatchObject({ env: 'Avoiding-v0', policy: 'imc', rollouts: 30 });
    expect(one.success.low).toBeLessThanOrEqual(one.success.rate);
    expect(one.success.high).toBeGreaterThanOrEqual(one.success.rate);
    expect(one.entropy.ceiling).toBeGreaterThanOrEqual(0);
    expect(one.modes.total).toBe(24);
    expect(one.modes.counts).toHaveLength(24);
    expect(one.seconds).toBeGreaterThan(0);
    expect(numbers(two)).toEqual(numbers(one));
    expect(rows(two)).toBe(rowsOfOne);
    expect(rowsOfOne.trim().split('\n')).toHaveLength(30);
    expect(JSON.parse(readFileSync(one.files.report, 'utf8')).success).toEqual(one.success);
  });

  it('redraws the component every step when asked to', async () => {
    const report = await modewiseJson<EvaluationReport>('eval', run, '--rollouts', '4', '--commit', 'step');
    expect(report.commit).toBe('step');
    expect(existsSync(join(run, 'eval-4-rollouts-seed-0-commit-step.json'))).toBe(true);
  });

  it('trains the same policy again from the same seed', async () => {
    const again = join(folder, 'again');
    await modewiseJson('train', 'imc', '--data', data, '--out', again, '--seed', '0', ...TINY_TRAINING);
    expect(
      readFileSync(join(again, 'policy.safetensors')).equals(readFileSync(join(run, 'policy.safetensors'))),
    ).toBe(true);
  });
});

describe('watch', () => {
  it('serves the page on its port, says so when the port is taken, and ends with Ctrl-C', async () => {
    const watching = startModewise(['watch', run, '--port', '0', '--rollouts', '3', '--json']);
    await watching.until(() => watching.stdout().includes('\n'));
    const { port, url } = JSON.parse(watching.stdout()) as { port: number; url: string };
    const page = await fetch(url);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<html');
    const second = await modewise('watch', run, '--port', String(port));
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`port ${port} is taken`);
    watching.process.kill('SIGINT');
    expect((await watching.ended).code).toBe(0);
  });
});

describe('quickstart', () => {
  it('ends with the score alone on stdout, and can be started again', async () => {
    const out = join(folder, 'quick');
    const args = ['quickstart', 'avoiding', '--no-watch', '--per-mode', '1', '--rollouts', '6', '--out', out];
    const first = await modewise(...args, ...TINY_TRAINING, '--json');
    expect(first.code).toBe(0);
    expect(first.stdout.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(first.stdout)).toMatchObject({ env: 'Avoiding-v0', rollouts: 6, modes: { total: 24 } });
    expect(first.stderr).toContain('3/3 scoring');
    const refused = await modewise(...args, ...TINY_TRAINING);
    expect(refused.code).toBe(2);
    const resumed = await modewise(...args, ...TINY_TRAINING, '--resume', '--json', '--quiet');
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toBe('');
    expect(JSON.parse(resumed.stdout).success).toEqual(JSON.parse(first.stdout).success);
  });
});
