import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/policies/config.ts';
import type { PartialConfig } from '../../src/policies/method.ts';
import type { Policy } from '../../src/policies/policy.ts';
import { listMethods } from '../../src/policies/registry.ts';
import { loadPolicy, savePolicy } from '../../src/policies/run-directory.ts';
import type { SavedPolicy } from '../../src/policies/saved-policy.ts';
import { tf } from '../../src/tensor/tf.ts';
import { branchingData } from '../unit/mixture/toy-data.ts';

await tf.setBackend('cpu');

const data = branchingData(8, 2, 10);

/** Settings that make a method train in a second; a new method gets a line here and all tests below. */
const quick: Readonly<Record<string, PartialConfig>> = {
  imc: {
    components: 3,
    iterations: 1,
    expert: { hidden: [8], stepsPerIteration: 20, refineSteps: 20, batchSize: 24 },
    gate: { hidden: [8], steps: 20, batchSize: 16 },
  },
};

/** Observations that differ between episodes and steps. */
function observationAt(episode: number, step: number): number[] {
  return [0.05 * episode - 0.02 * step, 0.1 * step];
}

/** Acts over some steps; returns the actions per episode. */
function act(policy: Policy, seeds: readonly number[], steps = 6): number[][] {
  policy.reset(seeds);
  const taken: number[][] = seeds.map(() => []);
  for (let step = 0; step < steps; step++) {
    const observations = seeds.flatMap((seed) => observationAt(seed, step));
    const actions = policy.act(Float32Array.from(observations));
    seeds.forEach((_, i) => {
      taken[i]?.push(...actions.subarray(i * policy.actionSize, (i + 1) * policy.actionSize));
    });
  }
  return taken;
}

for (const method of listMethods()) {
  describe(`the policy of '${method.name}'`, () => {
    let root: string;
    let saved: SavedPolicy;
    let policy: Policy;

    beforeAll(async () => {
      const settings = quick[method.name];
      if (settings === undefined) throw new Error(`no quick settings for '${method.name}' in this test`);
      const config = resolveConfig(method, { envId: data.envId, file: settings });
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

    it('has presets that its own schema accepts', () => {
      for (const envId of Object.keys(method.presets)) {
        expect(() => resolveConfig(method, { envId })).not.toThrow();
      }
    });
  });
}
