import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect, demonstrationInfo } from '../../../demos/collect.ts';
import { makeTask, type Task } from '../../../envs/task.ts';
import { describeDataset } from '../../../src/benchmark/dataset-source.ts';
import { createDataset } from '../../../src/data/store.ts';
import { DatasetError } from '../../../src/errors.ts';
import '../../../envs/index.ts';

const envId = 'Reach-v0';

describe('a dataset that a benchmark learns from', () => {
  const folder = mkdtempSync(join(tmpdir(), 'modewise-source-'));
  const path = join(folder, 'reach');
  let task: Pick<Task, 'actionNames' | 'behavior' | 'observationNames'>;
  beforeAll(async () => {
    const dataset = await createDataset(path, await demonstrationInfo(envId));
    const { signal } = new AbortController();
    await collect({ envId, perMode: 1, seed: 0, trunk: 1, dataset, signal });
    await dataset.close();
    ({ task } = await makeTask(envId));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is known by what is in it', async () => {
    const source = await describeDataset(path, envId, task);
    expect(source).toEqual({ data: path, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  });

  it('is refused where it is of another task, of other widths, or lacks a mode', async () => {
    const modes = [...task.behavior.modes, 'around the back'];
    const refused: readonly (readonly [string, typeof task, string])[] = [
      ['Avoiding-v0', task, 'episodes of Reach-v0'],
      [envId, { ...task, observationNames: [...task.observationNames, 'z'] }, 'another version of the task'],
      [envId, { ...task, actionNames: ['x'] }, 'another version of the task'],
      [envId, { ...task, behavior: { modes } }, 'around the back'],
    ];
    for (const [id, other, message] of refused) {
      await expect(describeDataset(path, id, other)).rejects.toThrow(DatasetError);
      await expect(describeDataset(path, id, other)).rejects.toThrow(message);
    }
  });
});
