import '../../envs/index.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { collect, demonstrationInfo } from '../../demos/collect.ts';
import { createDataset } from '../../src/data/store.ts';
import { loadTrainingData } from '../../src/data/training-data.ts';
import { evaluate } from '../../src/eval/evaluate.ts';
import { resolveConfig } from '../../src/policies/config.ts';
import { findMethod } from '../../src/policies/registry.ts';
import { trainPolicy } from '../../src/policies/train.ts';
import { selectBackend } from '../../src/tensor/backend.ts';

const root = mkdtempSync(join(tmpdir(), 'modewise-avoiding-'));

afterAll(() => rmSync(root, { recursive: true, force: true }));

it('learns all ways of Avoiding from 96 human-like demonstrations', { timeout: 900_000 }, async (ctx) => {
  const backend = await selectBackend('auto');
  if (backend.name === 'js') return ctx.skip('no backend is fast enough here; `npm run build` makes simd');
  const envId = 'Avoiding-v0';
  const datasetPath = join(root, 'data');
  const dataset = await createDataset(datasetPath, await demonstrationInfo(envId));
  await collect({ envId, perMode: 4, seed: 0, dataset });
  const data = await loadTrainingData(dataset);
  await dataset.close();
  const method = findMethod('imc');
  const directory = join(root, 'run');
  await trainPolicy({
    method,
    config: resolveConfig(method, { envId }),
    data,
    datasetPath,
    seed: 0,
    directory,
    existing: 'refuse',
    backend,
    versions: {},
  });
  const plan = { runDirectory: directory, envId, rollouts: 480, seed: 1, workers: 1 };
  const committed = await evaluate(plan);
  expect(committed.success.rate).toBeGreaterThanOrEqual(0.95);
  expect(committed.entropy.value).toBeGreaterThanOrEqual(0.93);
  expect(committed.modes.covered).toBeGreaterThanOrEqual(23);
  // drawing the component anew at every step loses ways where all demonstrations look alike
  const perStep = await evaluate({ ...plan, overrides: { commitment: 'step' } });
  expect(perStep.entropy.value).toBeLessThan(committed.entropy.value);
});
