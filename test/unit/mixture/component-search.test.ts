import { describe, expect, it } from 'vitest';
import { DivergenceError } from '../../../src/errors.ts';
import {
  evenBound,
  greatestBound,
  type Revision,
  reviseComponents,
} from '../../../src/mixture/component-search.ts';
import { Curriculum } from '../../../src/mixture/curriculum.ts';
import type { Experts } from '../../../src/mixture/experts.ts';
import { expertShape } from '../../../src/mixture/experts.ts';
import { expertKinds, imcConfigSchema } from '../../../src/mixture/imc-config.ts';
import { MixtureProblem } from '../../../src/mixture/mixture-problem.ts';
import { makeExperts } from '../../../src/mixture/network-mixture.ts';
import { Rng } from '../../../src/random.ts';
import { warmupCosine } from '../../../src/tensor/learning-rate.ts';
import { pickNetworks } from '../../../src/tensor/mlp-shape.ts';
import { tf } from '../../../src/tensor/tf.ts';
import { randomTable } from './random-table.ts';
import { branchingData } from './toy-data.ts';

await tf.setBackend('cpu');

const eta = 1;

/** Experts trained on demonstrations of some of four ways, and the curricula that follow. */
async function trained(kind: string, seeds: readonly number[], settings: object = {}) {
  const config = imcConfigSchema.parse({
    components: 'auto',
    auto: { trialSteps: 60, maxComponents: 8, ...settings },
    expert: { kind, hidden: [8, 8], batchSize: 64, learningRate: 0.02, standardDeviation: 0.2 },
  });
  const problem = new MixtureProblem(branchingData(12, 4), config);
  const shape = expertShape({ expert: config.expert, components: seeds.length }, problem);
  const experts = makeExperts(problem, config, { shape, rng: Rng.fromSeed(0).fork('experts') });
  const seeded = Curriculum.seeded(
    problem.units,
    seeds.map((episode) => problem.unitsOfEpisode(episode)),
    'paper',
  );
  await experts.improve(seeded, { from: 0, to: 150, learningRate: () => 0.02, phase: 'experts' });
  const curriculum = Curriculum.uniform(problem.units, seeds.length, 'paper');
  const { bound } = curriculum.update(await experts.logLikelihoods(), { eta });
  return { config, problem, experts, curriculum, bound };
}

type Trained = Awaited<ReturnType<typeof trained>>;

async function revise(
  { bound, config, curriculum, experts, problem }: Trained,
  { learningRate = 0.02, signal }: { learningRate?: number; signal?: AbortSignal } = {},
) {
  return reviseComponents({
    ...{ config: config.auto, problem, experts, curriculum, eta, bound },
    learningRate: warmupCosine({ peak: learningRate, totalSteps: config.auto.trialSteps }),
    score: (of: Experts) => of.logLikelihoods(),
    rng: Rng.fromSeed(0).fork('candidates'),
    run: signal === undefined ? {} : { signal },
  });
}

async function explainedBy(experts: Experts): Promise<number> {
  const values = await experts.logLikelihoods();
  const { networks } = experts.shape;
  return evenBound(
    Float64Array.from({ length: values.length / networks }, (_, unit) =>
      Math.max(...values.subarray(unit * networks, (unit + 1) * networks)),
    ),
  );
}

describe('the values that the bound reaches', () => {
  it('with the experts fixed: updates of the curricula rise to the greatest bound, and never above', () => {
    const logLikelihoods = randomTable(15, 4, 'fixed experts');
    const best = Float64Array.from({ length: 15 }, (_, u) =>
      Math.max(...logLikelihoods.subarray(u * 4, u * 4 + 4)),
    );
    for (const pace of [0.5, 2]) {
      const curriculum = Curriculum.uniform(15, 4, 'paper');
      const limit = greatestBound(best, pace);
      let bound = Number.NEGATIVE_INFINITY;
      for (let update = 0; update < 2000; update++) {
        const next = curriculum.update(logLikelihoods, { eta: pace }).bound;
        expect(next).toBeGreaterThanOrEqual(bound - 1e-12);
        bound = next;
      }
      expect(bound).toBeLessThanOrEqual(limit + 1e-12);
      expect(bound).toBeGreaterThan(limit - 1e-3);
    }
  });
});

describe('a revision of the components', () => {
  for (const kind of expertKinds) {
    it(`adds components for ways that none explains, and leaves the others bit for bit (${kind})`, async () => {
      const start = await trained(kind, [0, 1]);
      const before = (await start.experts.snapshot()).raw;
      const explained = await explainedBy(start.experts);
      const revision = await revise(start);
      expect(revision?.added).toBeGreaterThan(0);
      expect(revision?.deleted).toEqual([]);
      const now = start.experts.shape.networks;
      expect(now).toBe(2 + (revision?.added ?? 0));
      expect(revision?.curriculum.components).toBe(now);
      const after = pickNetworks((await start.experts.snapshot()).raw, now, [0, 1]);
      for (const [name, { data }] of Object.entries(before)) expect(after[name]?.data, name).toEqual(data);
      expect(revision?.explained).toBeGreaterThan(explained);
      expect(revision?.explained).toBeCloseTo(await explainedBy(start.experts), 9);
      expect(revision?.bound).toBeGreaterThanOrEqual(start.bound);
      start.experts.dispose();
    });
  }

  it('rejects what does not raise the bound enough: nothing has changed then', async () => {
    const start = await trained('shared-weights', [0, 1, 2, 3], { tolerance: 10 });
    const state = await start.experts.getState();
    const weights = start.curriculum.logWeights.slice();
    const revision = await revise(start);
    expect(revision).toMatchObject({ added: 0, deleted: [], rejected: 4, bound: start.bound });
    expect(revision?.curriculum).toBe(start.curriculum);
    expect(start.curriculum.logWeights).toEqual(weights);
    expect(await start.experts.getState()).toEqual(state);
    start.experts.dispose();
  });

  it('deletes one of two components that hold the same demonstrations', async () => {
    const start = await trained('linear', [0, 0, 1, 2, 3], { growth: 0.01, maxComponents: 5 });
    const before = (await start.experts.snapshot()).raw;
    const explained = await explainedBy(start.experts);
    const revision = await revise(start);
    expect(revision?.deleted).toHaveLength(1);
    const [gone] = (revision as Revision).deleted as [number];
    expect([0, 1]).toContain(gone);
    const kept = [0, 1, 2, 3, 4].filter((z) => z !== gone);
    const expected = pickNetworks(before, 5, kept);
    const after = pickNetworks(
      (await start.experts.snapshot()).raw,
      start.experts.shape.networks,
      [0, 1, 2, 3],
    );
    for (const [name, { data }] of Object.entries(expected)) expect(after[name]?.data, name).toEqual(data);
    expect(revision?.explained).toBeGreaterThanOrEqual(explained - 0.02 * Math.abs(explained));
  });

  it('keeps a component that nothing else can stand in for, however small its share', async () => {
    const start = await trained('linear', [0, 1, 2, 3], { deleteShare: 4, growth: 0.01, maxComponents: 4 });
    const revision = await revise(start);
    expect(revision).toMatchObject({ added: 0, deleted: [] });
    expect(revision?.rejected).toBe(4);
  });

  it('stays within its limits', async () => {
    const few = await trained('linear', [0], { maxComponents: 2, tolerance: 0 });
    await revise(few);
    expect(few.experts.shape.networks).toBe(2);
    const many = await trained('linear', [0, 0, 0, 0], {
      minComponents: 3,
      maxComponents: 4,
      tolerance: 0.5,
    });
    await revise(many);
    expect(many.experts.shape.networks).toBeGreaterThanOrEqual(3);
  });

  it('has changed nothing when candidates diverge', async () => {
    const start = await trained('shared-weights', [0, 1]);
    const state = await start.experts.getState();
    const tensors = tf.memory().numTensors;
    await expect(revise(start, { learningRate: 1e30 })).rejects.toThrow(DivergenceError);
    expect(await start.experts.getState()).toEqual(state);
    expect(tf.memory().numTensors).toBe(tensors);
    start.experts.dispose();
  });

  it('has changed nothing when it is aborted', async () => {
    const start = await trained('shared-weights', [0, 1]);
    const state = await start.experts.getState();
    const tensors = tf.memory().numTensors;
    expect(await revise(start, { signal: AbortSignal.abort() })).toBeUndefined();
    expect(await start.experts.getState()).toEqual(state);
    expect(tf.memory().numTensors).toBe(tensors);
    start.experts.dispose();
  });
});
