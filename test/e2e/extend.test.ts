import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMixture } from '../../src/policies/mixture-method.ts';
import { readPolicy } from '../../src/policies/run-directory.ts';
import { pickNetworks, unshareNetworks } from '../../src/tensor/mlp-shape.ts';
import { modewise, modewiseJson, startModewise, TINY_TRAINING } from './modewise.ts';

let folder: string;
let old: string;
let more: string;
let run: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'modewise-extend-'));
  [old, more, run] = ['old', 'more', 'run'].map((name) => join(folder, name)) as [string, string, string];
  await modewiseJson('collect', 'Avoiding-v0', '--per-mode', '1', '--out', old, '--seed', '0');
  await modewiseJson('collect', 'Avoiding-v0', '--per-mode', '1', '--out', more, '--seed', '1');
  await modewiseJson('train', 'imc', '--data', old, '--out', run, ...TINY_TRAINING);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Holds the experts of a run to be the first of another, bit for bit. */
function expectKept(extended: string, from: string): void {
  const [was, is] = [from, extended].map((path) => readMixture(readPolicy(path)));
  if (was === undefined || is === undefined) throw new Error('unreachable');
  const { networks } = was.expertShape;
  expect(is.actionDeviations.slice(0, networks)).toEqual(was.actionDeviations);
  const kept = pickNetworks(is.experts, is.expertShape.networks, [...Array(networks).keys()]);
  for (const [name, { data }] of Object.entries(unshareNetworks(was.experts, was.expertShape).arrays)) {
    expect(kept[name]?.data, name).toEqual(data);
  }
}

describe('modewise train --extend', () => {
  it('adds as many components for a demonstration as there are, and keeps the old ones', async () => {
    const out = join(folder, 'both');
    await modewiseJson('train', 'imc', '--extend', run, '--data', more, '--out', out);
    const record = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8'));
    expect(record).toMatchObject({
      config: { components: 4, expert: { hidden: [8] } },
      dataset: { path: more, episodes: 48 },
      extends: { run, datasets: [old], episodes: 24 },
    });
    expect(readMixture(readPolicy(out)).expertShape.networks).toBe(8);
    expectKept(out, run);
    const report = await modewiseJson('eval', out, '--rollouts', '4');
    expect(report).toMatchObject({ rollouts: 4 });
    const again = join(folder, 'again');
    const one = ['--set', 'components=1'];
    await modewiseJson('train', 'imc', '--extend', out, '--data', old, '--out', again, ...one);
    expect(readMixture(readPolicy(again)).expertShape.networks).toBe(9);
    expectKept(again, out);
  });

  it('goes on where Ctrl-C stopped it, without being told again what it extends', async () => {
    const out = join(folder, 'interrupted');
    const args = ['train', 'imc', '--data', more, '--out', out];
    const long = ['--set', 'expert.stepsPerIteration=1500'];
    const running = startModewise([...args, '--extend', run, ...long]);
    await running.until(() => existsSync(join(out, 'checkpoint.safetensors')));
    running.process.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
    expectKept(out, run);
    const other = await modewise(...args, '--extend', join(folder, 'both'), '--resume');
    expect(other.code).toBe(1);
    expect(await modewiseJson(...args, '--resume')).toMatchObject({ complete: true });
    expectKept(out, run);
  });

  it('refuses what cannot be extended, and says why', async () => {
    const extend = (...args: string[]) => modewise('train', 'imc', '--out', join(folder, 'refused'), ...args);
    const other = await extend('--extend', run, '--data', more, '--set', 'expert.hidden=[16]');
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('4-8-2');
    const method = await modewise(
      'train',
      'bc',
      '--extend',
      run,
      '--data',
      more,
      '--out',
      join(folder, 'bc'),
    );
    expect(method.code).toBe(2);
    expect(method.stderr).toContain("'bc' cannot extend");
    const nothing = await extend('--extend', join(folder, 'nowhere'), '--data', more);
    expect(nothing.code).toBe(1);
    expect(nothing.stderr).toContain('run.json');
    renameSync(old, `${old}-moved`);
    try {
      const gone = await extend('--extend', run, '--data', more);
      expect(gone.code).toBe(1);
      expect(gone.stderr).toContain('learned from cannot be read');
    } finally {
      renameSync(`${old}-moved`, old);
    }
    const path = join(run, 'run.json');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace(/"sha256": "[0-9a-f]{4}/, '"sha256": "0000'));
    const changed = await extend('--extend', run, '--data', more);
    writeFileSync(path, text);
    expect(changed.code).toBe(1);
    expect(changed.stderr).toContain('have changed');
    expect(existsSync(join(folder, 'refused'))).toBe(false);
  });
});
