import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CheckpointError, ConfigError, OutputExistsError } from '../../../src/errors.ts';
import { resolveConfig } from '../../../src/policies/config.ts';
import { findMethod } from '../../../src/policies/registry.ts';
import {
  loadCheckpoint,
  loadPolicy,
  loadRunRecord,
  readPolicy,
  savePolicy,
} from '../../../src/policies/run-directory.ts';
import type { SavedPolicy } from '../../../src/policies/saved-policy.ts';
import { trainPolicy } from '../../../src/policies/train.ts';
import { tf } from '../../../src/tensor/tf.ts';
import { branchingData } from '../mixture/toy-data.ts';

await tf.setBackend('cpu');

const data = branchingData(8, 2, 10);
const method = findMethod('imc');
const sets = ['components=2', 'iterations=1', 'gate.steps=10', 'gate.hidden=[4]', 'gate.batchSize=8'];
sets.push('expert.hidden=[4]', 'expert.stepsPerIteration=10', 'expert.refineSteps=10', 'expert.batchSize=8');
const config = resolveConfig(method, { envId: data.envId, sets });

let root: string;
let trained: SavedPolicy;
let directory: string;

function train(existing: 'refuse' | 'resume', settings: unknown = config) {
  const record = {
    datasetPath: 'somewhere',
    seed: 0,
    backend: { name: 'js' as const },
    versions: { modewise: '0' },
  };
  return trainPolicy({ method, config: settings, data, directory, existing, ...record });
}

/** Changes the text of a file of the run. */
function edit(file: string, change: (text: string) => string): void {
  writeFileSync(join(directory, file), change(readFileSync(join(directory, file), 'utf8')));
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'modewise-run-'));
  directory = join(root, 'trained');
  trained = (await train('refuse')).policy;
});

beforeEach(() => {
  directory = mkdtempSync(join(root, 'run-'));
  savePolicy(directory, trained);
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('a run folder', () => {
  it('holds the record, the log, the checkpoint and the policy', () => {
    directory = join(root, 'trained');
    const record = loadRunRecord(directory);
    expect(record).toMatchObject({
      method: 'imc',
      envId: 'Branching-v0',
      seed: 0,
      config: { components: 2 },
      dataset: { path: 'somewhere', episodes: 8, steps: 80, demonstrations: [4, 4] },
    });
    const rows = readFileSync(join(directory, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
    expect(rows.map((row) => JSON.parse(row).phase)).toEqual(['select', 'refine', 'gate']);
    expect(loadCheckpoint(directory)?.state.position).toMatchObject({ phase: 'done' });
  });

  it('gives the policy back bit by bit', () => {
    const read = readPolicy(directory);
    expect(JSON.parse(JSON.stringify({ ...read, arrays: 0 }))).toEqual(
      JSON.parse(JSON.stringify({ ...trained, arrays: 0 })),
    );
    for (const [name, array] of Object.entries(trained.arrays)) {
      expect(read.arrays[name]?.shape).toEqual(array.shape);
      expect(read.arrays[name]?.data).toEqual(array.data);
    }
    expect(Object.keys(read.arrays)).toHaveLength(Object.keys(trained.arrays).length);
  });

  it('is not mixed with another run', async () => {
    await expect(train('refuse')).rejects.toThrow(OutputExistsError);
  });

  it('continues to the same result, and only with what it began with', async () => {
    directory = join(root, 'trained');
    const again = await train('resume');
    expect(again.policy.arrays['gate/layers.0.bias']?.data).toEqual(
      trained.arrays['gate/layers.0.bias']?.data,
    );
    const other = resolveConfig(method, { envId: data.envId, sets: [...sets, 'eta=3'] });
    await expect(train('resume', other)).rejects.toThrow(CheckpointError);
  });
});

describe('loading a policy', () => {
  const damages: [what: string, damage: () => void, message: string][] = [
    ['a folder without one', () => rmSync(join(directory, 'policy.json')), 'policy.json'],
    ['missing weights', () => rmSync(join(directory, 'policy.safetensors')), 'policy.safetensors'],
    ['JSON that is cut short', () => edit('policy.json', (text) => text.slice(0, 200)), 'damaged'],
    ['a foreign file', () => edit('policy.json', () => '{"hello": "world"}'), 'foreign'],
    [
      'another version',
      () => edit('policy.json', (text) => text.replace('"version": 1', '"version": 2')),
      'version',
    ],
    [
      'a missing normalizer',
      () => edit('policy.json', (text) => text.replace('"observationNormalizer"', '"somethingElse"')),
      'observationNormalizer',
    ],
    [
      'an unusable normalizer',
      () => edit('policy.json', (text) => text.replace(/"std": \[\s*[\d.e-]+/, '"std": [0')),
      'std',
    ],
    [
      'weights in which a bit has flipped',
      () => {
        const path = join(directory, 'policy.safetensors');
        const bytes = readFileSync(path);
        bytes[bytes.length - 3] = (bytes[bytes.length - 3] as number) ^ 1;
        writeFileSync(path, bytes);
      },
      'sha256',
    ],
    [
      'weights that are cut short',
      () => {
        const path = join(directory, 'policy.safetensors');
        writeFileSync(path, readFileSync(path).subarray(0, 300));
      },
      'policy.safetensors',
    ],
  ];
  for (const [what, damage, message] of damages) {
    it(`refuses ${what}, saying which file and what is wrong`, async () => {
      damage();
      await expect(loadPolicy(directory)).rejects.toThrow(CheckpointError);
      await expect(loadPolicy(directory)).rejects.toThrow(message);
    });
  }

  it('acts with another commitment when asked to', async () => {
    const policy = await loadPolicy(directory, { commitment: 'step' });
    policy.reset([0]);
    expect(policy.act(new Float32Array(2))).toHaveLength(2);
  });

  it('refuses overrides that are unknown, invalid or not of acting', async () => {
    await expect(loadPolicy(directory, { commitmnt: 'step' })).rejects.toThrow("did you mean 'commitment'?");
    await expect(loadPolicy(directory, { components: 3 })).rejects.toThrow(ConfigError);
    await expect(loadPolicy(directory, { commitment: 'never' })).rejects.toThrow(ConfigError);
  });
});
