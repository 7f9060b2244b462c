import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../bench', import.meta.url));

function bench(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', `${folder}/main.ts`, ...args],
    {
      encoding: 'utf8',
    },
  );
  return { status, stdout, stderr };
}

describe('npm run bench', () => {
  it('lists every benchmark with a line about it when none is named', () => {
    const { status, stdout } = bench();
    expect(status).toBe(0);
    for (const file of readdirSync(folder)) {
      if (!file.endsWith('.ts') || file === 'main.ts') continue;
      expect(stdout).toMatch(new RegExp(`^ +${file.slice(0, -3)} +\\S.{20,}$`, 'm'));
    }
  });

  it('suggests the nearest name, and ends with 2, for wrong usage', () => {
    expect(bench('inferrence')).toMatchObject({ status: 2, stdout: '' });
    expect(bench('inferrence').stderr).toMatch(/no benchmark 'inferrence'; did you mean 'inference'/);
    expect(bench('inference', '--jsom')).toMatchObject({ status: 2, stdout: '' });
    expect(bench('inference', 'memory')).toMatchObject({ status: 2, stdout: '' });
  });

  it('prints one JSON object with its name and ratios as the last line', () => {
    const { status, stdout } = bench('inference', '--json');
    expect(status).toBe(0);
    const result = JSON.parse(stdout.trim().split('\n').at(-1)!);
    expect(result.name).toBe('inference');
    expect(result.single.ratio).toBeGreaterThan(0);
    expect(result.batch.ratio).toBeGreaterThan(0);
  });
});
