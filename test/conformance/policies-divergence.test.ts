import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DivergenceError } from '../../src/errors.ts';
import { resolveConfig } from '../../src/policies/config.ts';
import type { Method } from '../../src/policies/method.ts';
import { listMethods } from '../../src/policies/registry.ts';
import { loadCheckpoint, loadPolicy, readPolicy } from '../../src/policies/run-directory.ts';
import { trainPolicy } from '../../src/policies/train.ts';
import { tf } from '../../src/tensor/tf.ts';
import type { Checkpoint } from '../../src/training/training-run.ts';
import { branchingData } from '../unit/mixture/toy-data.ts';
import { act, quickSettings } from './policies-support.ts';

await tf.setBackend('cpu');

const data = branchingData(8, 2, 10);
const divergence = {
  what: 'The loss is not finite',
  where: 'test, step 9',
  remedy: 'lower the learning rate',
};

/** A method whose training diverges once it has saved some checkpoints. */
function diverging(method: Method, checkpoints: number): Method {
  let saved = 0;
  return {
    ...method,
    train: (data, config, run) => {
      const diverge = () => {
        throw new DivergenceError(divergence);
      };
      if (run.resumeFrom === undefined && checkpoints === 0) diverge();
      const saveCheckpoint = async (checkpoint: Checkpoint) => {
        await run.saveCheckpoint?.(checkpoint);
        if (++saved === checkpoints) diverge();
      };
      return method.train(data, config, { ...run, saveCheckpoint });
    },
  };
}

describe.each(listMethods().map((method) => [method.name, method] as const))('%s', (name, method) => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'modewise-diverging-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const train = (checkpoints: number) =>
    trainPolicy({
      method: diverging(method, checkpoints),
      config: resolveConfig(method, { envId: data.envId, file: quickSettings(name) }),
      ...{ data, datasetPath: 'somewhere', seed: 0, directory, existing: 'refuse' },
      ...{ backend: { name: 'js' }, versions: {} },
    });

  it('leaves the policy of the last good checkpoint when its training diverges, marked as that', async () => {
    const training = train(1);
    await expect(training).rejects.toThrow(DivergenceError);
    await expect(training).rejects.toThrow(/test, step 9\n.*lower the learning rate; .*last good checkpoint/);
    const saved = readPolicy(directory);
    expect(saved.diverged).toBe('test, step 9');
    expect(
      act(await loadPolicy(directory), [0, 1])
        .flat()
        .every(Number.isFinite),
    ).toBe(true);
    // the same as of a training that was stopped there
    const config = resolveConfig(method, { envId: data.envId, file: quickSettings(name) });
    const resumeFrom = loadCheckpoint(directory) as Checkpoint;
    const stopped = await method.train(data, config, { seed: 0, resumeFrom, signal: AbortSignal.abort() });
    expect(saved.arrays).toEqual(stopped.policy.arrays);
  });

  it('leaves no policy when its training diverges before any checkpoint', async () => {
    await expect(train(0)).rejects.toThrow(/lower the learning rate$/);
    expect(() => readPolicy(directory)).toThrow('policy.json');
  });
});
