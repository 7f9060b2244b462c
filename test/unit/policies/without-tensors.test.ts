import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { loadPolicy, savePolicy } from '../../../src/policies/run-directory.ts';

vi.mock('../../../src/tensor/tf.ts', () => {
  throw new Error('acting loaded TensorFlow.js');
});

it('a saved mixture is loaded and acts without TensorFlow.js, which would cost every worker its start-up', async () => {
  const array = (shape: number[], values: number[]) => ({ shape, data: Float32Array.from(values) });
  const layer = { inputSize: 1, hidden: [], activation: 'silu' };
  const directory = mkdtempSync(join(tmpdir(), 'modewise-light-'));
  try {
    savePolicy(directory, {
      method: 'imc',
      envId: 'Any-v0',
      observationSize: 1,
      actionSize: 1,
      config: {},
      model: {
        observationNormalizer: { version: 1, mean: [0], std: [1] },
        actionNormalizer: { version: 1, mean: [0], std: [1] },
        actionLow: [-9],
        actionHigh: [9],
        expertShape: { ...layer, networks: 2, outputSize: 1 },
        gateShape: { ...layer, networks: 1, outputSize: 2 },
      },
      arrays: {
        'experts/layers.0.weights': array([2, 1, 1], [2, 2]),
        'experts/layers.0.bias': array([2, 1, 1], [1, 1]),
        'gate/layers.0.weights': array([1, 1, 2], [0, 0]),
        'gate/layers.0.bias': array([1, 1, 2], [0, 0]),
      },
    });
    const policy = await loadPolicy(directory);
    policy.reset([0]);
    expect([...policy.act(Float32Array.of(3))]).toEqual([7]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
