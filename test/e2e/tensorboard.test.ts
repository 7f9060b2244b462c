import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openEventLog } from '../../src/policies/run-directory.ts';

/** A Python interpreter with the `tensorboard` package; without one the test is skipped. */
// biome-ignore lint/style/noProcessEnv: a test may look for a foreign tool
const PYTHON = process.env.MODEWISE_PYTHON ?? 'python3';
const folder = mkdtempSync(join(tmpdir(), 'modewise-tensorboard-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const script = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
log = EventAccumulator(sys.argv[1])
log.Reload()
print(json.dumps({tag: [[e.step, e.value, e.wall_time] for e in log.Scalars(tag)] for tag in log.Tags()["scalars"]}))
`;

it('TensorBoard reads the scalars of a run that was killed and resumed, each step once', (ctx) => {
  try {
    execFileSync(PYTHON, ['-c', 'import tensorboard'], { stdio: 'ignore' });
  } catch {
    ctx.skip(`${PYTHON} cannot import tensorboard; point MODEWISE_PYTHON to an interpreter that can`);
  }
  const first = openEventLog(folder, () => 1_700_000_000_000);
  const row = (step: number, loss: number) => ({ phase: 'train', step, loss, note: 'text', list: [1, 2] });
  for (const step of [500, 1000, 1500]) first({ ...row(step, 1 / step), validationLoss: 2 });
  // resumed from the checkpoint at step 1000
  const second = openEventLog(folder, () => 1_700_000_100_000);
  for (const step of [1500, 100_000]) second(row(step, 2 / step));
  const output = execFileSync(PYTHON, ['-c', script, folder], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const read = JSON.parse(output.trim().split('\n').at(-1) ?? '') as Record<string, number[][]>;
  expect(Object.keys(read).sort()).toEqual(['train/loss', 'train/validationLoss']);
  const values = [1 / 500, 1 / 1000, 2 / 1500, 2 / 100_000];
  expect(read['train/loss']?.map(([step]) => step)).toEqual([500, 1000, 1500, 100_000]);
  expect(read['train/loss']?.map(([, value]) => value)).toEqual(values.map(Math.fround));
  expect(read['train/loss']?.at(-1)?.[2]).toBe(1_700_000_100);
});
