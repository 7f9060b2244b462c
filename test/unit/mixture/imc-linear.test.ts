import { describe, expect, it } from 'vitest';
import { Normalizer } from '../../../src/data/normalizer.ts';
import { trainImc } from '../../../src/mixture/imc.ts';
import { imcConfigSchema } from '../../../src/mixture/imc-config.ts';
import { InferenceMlp } from '../../../src/tensor/inference-mlp.ts';
import { tf } from '../../../src/tensor/tf.ts';
import type { MetricsRow } from '../../../src/training/training-run.ts';
import { branchingData, twoBranches } from './toy-data.ts';

await tf.setBackend('cpu');

const quickGate = { steps: 1, hidden: [4], batchSize: 8 };

async function train(settings: object, data = branchingData(24, 4)) {
  const rows: MetricsRow[] = [];
  const config = imcConfigSchema.parse({
    tolerance: 0,
    gate: quickGate,
    ...settings,
    expert: { kind: 'linear', refineSteps: 0, ...('expert' in settings ? (settings.expert as object) : {}) },
  });
  const model = await trainImc(data, config, { seed: 0, onMetrics: (row) => rows.push(row) });
  return { model, rows: rows.filter((row) => row.phase === 'select') };
}

/** The actions of expert 0, in the units of the data. */
function actionsOf(model: Awaited<ReturnType<typeof train>>['model'], observations: number[]): number[] {
  const inputs = Normalizer.fromJSON(model.observationNormalizer).normalize(observations);
  const outputs = new Float32Array(observations.length);
  new InferenceMlp(model.expertShape, model.experts).forward(0, inputs, outputs, observations.length);
  return [...Normalizer.fromJSON(model.actionNormalizer).denormalize(outputs)];
}

describe('IMC with linear-Gaussian experts in closed form', () => {
  for (const level of ['step', 'segment', 'episode']) {
    for (const initialization of ['spread', 'random']) {
      it(`never lowers its bound (${level} curricula, ${initialization} start)`, async () => {
        const { rows } = await train({
          components: 5,
          iterations: 25,
          level,
          segmentLength: 7,
          initialization,
          eta: 2,
        });
        const bounds = rows.map((row) => row.bound as number);
        expect(bounds).toHaveLength(25);
        for (let i = 1; i < bounds.length; i++) {
          expect(bounds[i]).toBeGreaterThanOrEqual(
            (bounds[i - 1] as number) - 1e-9 * Math.abs(bounds[i] as number),
          );
        }
        expect((bounds.at(-1) as number) - (bounds[0] as number)).toBeGreaterThan(0.05);
      });
    }
  }

  it('logs an objective that the bound never exceeds', async () => {
    const { rows } = await train({ components: 5, iterations: 10 });
    for (const row of rows) expect(row.bound as number).toBeLessThanOrEqual((row.objective as number) + 1e-9);
  });

  it('stops when the bound has settled, and says so', async () => {
    const { model, rows } = await train({ components: 4, iterations: 50, tolerance: 1e-3 });
    expect(model.stopped).toBe('tolerance');
    expect(rows.length).toBeLessThan(50);
    expect((await train({ components: 4, iterations: 3 })).model.stopped).toBe('iterations');
  });

  it('with one component and a small eta picks one of two branches; maximum likelihood averages them', async () => {
    const data = twoBranches();
    const expert = { standardDeviation: 0.3 };
    const one = { components: 1, level: 'step', iterations: 30, expert };
    const picked = await train({ ...one, eta: 1 }, data);
    const averaged = await train({ ...one, eta: 1e9 }, data);
    const [low, high] = actionsOf(picked.model, [1.1, 1.9]) as [number, number];
    const sign = Math.sign(low);
    expect(low * sign).toBeCloseTo(1.1, 1);
    expect(high * sign).toBeCloseTo(1.9, 1);
    for (const action of actionsOf(averaged.model, [1.1, 1.9])) expect(Math.abs(action)).toBeLessThan(0.05);
  });

  it('with two components holds both branches', async () => {
    const settings = { components: 2, level: 'step', iterations: 30, expert: { standardDeviation: 0.3 } };
    const { model } = await train(settings, twoBranches());
    expect(model.components.map((component) => component.mode).toSorted()).toEqual([0, 1]);
    for (const component of model.components) expect(component.purity).toBeCloseTo(1, 6);
  });

  it('finds the pacing anew for a wanted share of active samples', async () => {
    const { rows } = await train({ components: 3, iterations: 4, level: 'step', activeSamples: 0.4 });
    expect(new Set(rows.map((row) => row.eta)).size).toBeGreaterThan(1);
  });
});
