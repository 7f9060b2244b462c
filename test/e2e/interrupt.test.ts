import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataset } from '../../src/data/store.ts';
import { modewise, modewiseJson, startModewise, TINY_TRAINING } from './modewise.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'modewise-stop-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function hashes(path: string): Promise<readonly string[]> {
  const dataset = await openDataset(path, { access: 'read' });
  const found: string[] = [];
  for await (const episode of dataset) found.push(`${episode.mode} ${episode.finalStateHash}`);
  await dataset.close();
  return found;
}

const dataFiles = (path: string) => {
  const chunk = join(path, 'data', 'chunk-000');
  return existsSync(chunk) ? readdirSync(chunk).filter((name) => name.endsWith('.parquet')).length : 0;
};

describe('Ctrl-C in collect', () => {
  it('keeps the finished episodes, and --resume ends with those of an uninterrupted collection', async () => {
    const out = join(folder, 'stopped');
    const args = (path: string) => [
      'collect',
      'Avoiding-v0',
      '--per-mode',
      '2',
      '--seed',
      '3',
      '--out',
      path,
    ];
    const collecting = startModewise([...args(out), '--json']);
    await collecting.until(() => dataFiles(out) > 0);
    collecting.process.kill('SIGINT');
    const { code, stderr, stdout } = await collecting.ended;
    expect(code).toBe(130);
    expect(stderr).toContain('--resume');
    const report = JSON.parse(stdout) as { episodes: number; interrupted: boolean };
    expect(report.interrupted).toBe(true);
    expect(await hashes(out)).toHaveLength(report.episodes);
    expect(report.episodes).toBeGreaterThan(0);
    expect(report.episodes).toBeLessThan(48);

    const refused = await modewise(...args(out));
    expect(refused.code).toBe(2);
    const resumed = await modewiseJson(...args(out), '--resume');
    expect(resumed).toMatchObject({ episodes: 48, found: report.episodes, interrupted: false });
    const whole = join(folder, 'whole');
    await modewiseJson(...args(whole));
    expect(await hashes(out)).toEqual(await hashes(whole));
  });

  it('twice ends at once, and what was finished is still there', async () => {
    const out = join(folder, 'twice');
    const collecting = startModewise(['collect', 'Avoiding-v0', '--per-mode', '50', '--out', out]);
    await collecting.until(() => dataFiles(out) > 2);
    collecting.process.kill('SIGINT');
    await collecting.until(() => collecting.stderr().includes('stopping')).catch(() => undefined);
    collecting.process.kill('SIGINT');
    expect((await collecting.ended).code).toBe(130);
    const summary = await modewiseJson<{ episodes: number }>('data', 'inspect', out);
    expect(summary.episodes).toBeGreaterThan(2);
  });

  it('with --force leaves the replaced dataset where it says', async () => {
    const out = join(folder, 'forced');
    await modewiseJson('collect', 'Avoiding-v0', '--per-mode', '1', '--seed', '1', '--out', out);
    const old = await hashes(out);
    const collecting = startModewise(['collect', 'Avoiding-v0', '--per-mode', '50', '--force', '--out', out]);
    await collecting.until(() => dataFiles(out) > 1);
    collecting.process.kill('SIGINT');
    const { code, stderr } = await collecting.ended;
    expect(code).toBe(130);
    const kept = /is kept in (.+)/.exec(stderr)?.[1] ?? '';
    expect(await hashes(kept)).toEqual(old);
  });
});

describe('Ctrl-C in train', () => {
  it('leaves a policy that acts and a checkpoint that --resume goes on from', async () => {
    const data = join(folder, 'data');
    const run = join(folder, 'run');
    await modewiseJson('collect', 'Avoiding-v0', '--per-mode', '1', '--out', data);
    // long enough to be stopped half way, and short once resumed
    const settings = [...TINY_TRAINING, '--set', 'expert.refineSteps=400', '--set', 'gate.steps=50'];
    const args = ['train', 'imc', '--data', data, '--out', run, '--backend', 'js', ...settings];
    const training = startModewise(args);
    await training.until(() => existsSync(join(run, 'metrics.jsonl')));
    training.process.kill('SIGINT');
    const { code, stderr } = await training.ended;
    expect(stderr).toContain('--resume');
    expect(code).toBe(130);
    const early = await modewiseJson('eval', run, '--rollouts', '4', '--workers', '1');
    expect(early).toMatchObject({ rollouts: 4 });
    const resumed = await modewiseJson(
      'train',
      'imc',
      '--data',
      data,
      '--out',
      run,
      '--backend',
      'js',
      '--resume',
    );
    expect(resumed).toMatchObject({ complete: true });
    const whole = join(folder, 'whole-run');
    await modewiseJson('train', 'imc', '--data', data, '--out', whole, '--backend', 'js', ...settings);
    const weights = (path: string) => readFileSync(join(path, 'policy.safetensors'));
    expect(weights(run).equals(weights(whole))).toBe(true);
  });
});
