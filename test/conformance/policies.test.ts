import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CheckpointError, DatasetError } from '../../src/errors.ts';
import { resolveConfig } from '../../src/policies/config.ts';
import type { TrainingOutcome } from '../../src/policies/method.ts';
import type { Policy } from '../../src/policies/policy.ts';
import { listMethods } from '../../src/policies/registry.ts';
import { loadPolicy, savePolicy } from '../../src/policies/run-directory.ts';
import type { SavedPolicy } from '../../src/policies/saved-policy.ts';
import { tf } from '../../src/tensor/tf.ts';
import type { Checkpoint, CurriculaSnapshot, TrainingRun } from '../../src/training/training-run.ts';
import { branchingData } from '../unit/mixture/toy-data.ts';
import { act, observationAt, quickSettings } from './policies-support.ts';

await tf.setBackend('cpu');

const data = branchingData(8, 2, 10);

for (const method of listMethods()) {
  describe(`the policy of '${method.name}'`, () => {
    let root: string;
    let saved: SavedPolicy;
    let policy: Policy;

    beforeAll(async () => {
      const config = resolveConfig(method, { envId: data.envId, file: quickSettings(method.name) });
      const outcome = await method.train(data, config, { seed: 0 });
      expect(outcome.complete).toBe(true);
      saved = outcome.policy;
      policy = method.load(saved);
      root = mkdtempSync(join(tmpdir(), 'modewise-policy-'));
      savePolicy(root, saved);
    });

    afterAll(() => rmSync(root, { recursive: true, force: true }));

    it('says what it is', () => {
      expect(policy.method).toBe(method.name);
      expect([policy.observationSize, policy.actionSize]).toEqual([2, 2]);
      expect([saved.observationSize, saved.actionSize]).toEqual([2, 2]);
      expect(saved.envId).toBe(data.envId);
    });

    it('acts the same again for the same seeds', () => {
      expect(act(policy, [0, 1, 2])).toEqual(act(policy, [0, 1, 2]));
    });

    it('acts in an episode as it would if the episode were alone', () => {
      const seeds = [5, 3, 8, 1];
      const together = act(policy, seeds);
      seeds.forEach((seed, i) => {
        expect(act(policy, [seed])[0]).toEqual(together[i]);
      });
    });

    it('learns the same bits when it is watched, and acts in between', async () => {
      const config = resolveConfig(method, { envId: data.envId, file: quickSettings(method.name) });
      const interim: SavedPolicy[] = [];
      const tensors: number[] = [];
      const curricula: CurriculaSnapshot[] = [];
      const { policy: watched } = await method.train(data, config, {
        seed: 0,
        onCurricula: (snapshot) => curricula.push(snapshot),
        onInterim: async (take) => {
          const before = tf.memory().numTensors;
          interim.push(await take());
          tensors.push(tf.memory().numTensors - before);
        },
      });
      expect(interim.length).toBeGreaterThan(0);
      expect(tensors.every((left) => left === 0)).toBe(true);
      for (const early of interim)
        expect(act(method.load(early), [0]).flat().every(Number.isFinite)).toBe(true);
      expect(interim[0]).not.toEqual(saved);
      for (const { components, names } of curricula) expect(names).toHaveLength(components);
      expect(watched).toEqual(saved);
    });

    it('begins one episode of a batch afresh without touching the others', () => {
      policy.reset([4, 6]);
      const at = (step: number) => Float32Array.from([...observationAt(4, step), ...observationAt(6, step)]);
      policy.act(at(0));
      policy.restart(0, 7);
      const mixed = policy.act(Float32Array.from([...observationAt(7, 0), ...observationAt(6, 1)]));
      expect([...mixed.subarray(0, 2)]).toEqual(act(policy, [7], 1)[0]);
      expect([...mixed.subarray(2)]).toEqual(act(policy, [6], 2)[0]?.slice(2));
      expect(() => policy.restart(9, 0)).toThrow(RangeError);
    });

    it('gives finite actions that are the caller’s to keep', () => {
      policy.reset([0]);
      const first = policy.act(Float32Array.from(observationAt(0, 0)));
      const copy = first.slice();
      policy.act(Float32Array.from(observationAt(0, 5)));
      expect(first).toEqual(copy);
      expect(first.every(Number.isFinite)).toBe(true);
    });

    it('acts bit by bit the same after it was saved and loaded', async () => {
      const seeds = [0, 1, 2, 3];
      expect(act(await loadPolicy(root), seeds)).toEqual(act(policy, seeds));
    });

    it('explains every episode, if it explains', (ctx) => {
      if (policy.explain === undefined) return ctx.skip(`${method.name} has no components to explain`);
      act(policy, [0, 1]);
      const { component, gate } = policy.explain();
      expect(component).toHaveLength(2);
      const components = gate.length / 2;
      for (const row of [gate.subarray(0, components), gate.subarray(components)]) {
        expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
      }
      for (const z of component) expect(z).toBeLessThan(components);
    });

    it('acts with the best checkpoint and with weights that were not averaged, where it has them', (ctx) => {
      if (!method.actingKeys.includes('checkpoint')) return ctx.skip(`${method.name} has no checkpoints`);
      const config = saved.config as object;
      const actions = [{}, { checkpoint: 'best' }, { weights: 'raw' }].map((choice) =>
        act(method.load({ ...saved, config: { ...config, ...choice } }), [0, 1]).flat(),
      );
      for (const taken of actions) expect(taken.every(Number.isFinite)).toBe(true);
      expect(actions[2]).not.toEqual(actions[0]);
      const arrays = Object.fromEntries(
        Object.entries(saved.arrays).filter(([name]) => !name.includes('best/')),
      );
      expect(() => method.load({ ...saved, arrays, config: { ...config, checkpoint: 'best' } })).toThrow(
        CheckpointError,
      );
    });

    it('has presets that its own schema accepts', () => {
      for (const envId of Object.keys(method.presets)) {
        expect(() => resolveConfig(method, { envId })).not.toThrow();
      }
    });
  });
}

/** The numbers of a policy's arrays. */
function numbersOf({ policy }: TrainingOutcome): Record<string, number[]> {
  const entries = Object.entries(policy.arrays);
  return Object.fromEntries(entries.map(([name, array]) => [name, Array.from(array.data, Number)]));
}

for (const method of listMethods()) {
  describe(`the training of '${method.name}'`, () => {
    const train = (run: Partial<TrainingRun> = {}, trainOn = data) =>
      method.train(trainOn, resolveConfig(method, { envId: data.envId, file: quickSettings(method.name) }), {
        seed: 0,
        ...run,
      });

    it('gives the same bits for the same seed, and others for another', async () => {
      const [a, b, other] = [await train(), await train(), await train({ seed: 1 })];
      expect(numbersOf(a)).toEqual(numbersOf(b));
      expect(numbersOf(a)).not.toEqual(numbersOf(other));
    });

    it('resumed from any checkpoint, gives the bits of an uninterrupted one', async () => {
      const checkpoints: Checkpoint[] = [];
      const whole = await train({ saveCheckpoint: (checkpoint) => void checkpoints.push(checkpoint) });
      expect(checkpoints.length).toBeGreaterThan(0);
      for (const resumeFrom of checkpoints) {
        const resumed = await train({ resumeFrom });
        expect(numbersOf(resumed)).toEqual(numbersOf(whole));
        expect(resumed.complete).toBe(true);
      }
    });

    it('aborted anywhere, acts nevertheless, and resumes to the bits of an uninterrupted one', async () => {
      const whole = await train();
      let total = 0;
      await train({ onProgress: (progress) => (total = progress.total) });
      for (const share of [0.3, 0.7]) {
        const abort = new AbortController();
        let saved: Checkpoint | undefined;
        const interrupted = await train({
          signal: abort.signal,
          onProgress: ({ done }) => done >= share * total && abort.abort(),
          saveCheckpoint: (checkpoint) => {
            saved = checkpoint;
          },
        });
        expect(interrupted.complete).toBe(false);
        const actions = act(method.load(interrupted.policy), [0, 1]).flat();
        expect(actions.every(Number.isFinite)).toBe(true);
        const resumed = await train({ resumeFrom: saved as unknown as Checkpoint });
        expect(numbersOf(resumed)).toEqual(numbersOf(whole));
      }
    });

    it('refuses to resume with another seed', async () => {
      let saved: Checkpoint | undefined;
      await train({
        saveCheckpoint: (checkpoint) => {
          saved = checkpoint;
        },
      });
      await expect(train({ seed: 1, resumeFrom: saved as unknown as Checkpoint })).rejects.toThrow(
        'another seed',
      );
    });

    it('leaves no tensors behind and never waits for the backend', async () => {
      const before = tf.memory().numTensors;
      const reads = vi.spyOn(tf.Tensor.prototype, 'dataSync');
      try {
        await train();
        expect(reads).not.toHaveBeenCalled();
      } finally {
        reads.mockRestore();
      }
      expect(tf.memory().numTensors).toBe(before);
    });

    it('reports progress that ends at its total', async () => {
      let last = { done: 0, total: -1 };
      await train({ onProgress: (progress) => (last = progress) });
      expect(last.done).toBe(last.total);
    });

    it('refuses data that is not finite', async () => {
      const actions = data.actions.slice();
      actions[5] = Number.NaN;
      await expect(train({}, { ...data, actions })).rejects.toThrow(DatasetError);
    });

    it('learns finite weights from features that never vary', async () => {
      const observations = data.observations.map(() => 0.5);
      const outcome = await train({}, { ...data, observations });
      for (const values of Object.values(numbersOf(outcome)))
        expect(values.every(Number.isFinite)).toBe(true);
    });
  });
}
