import { describe, expect, it } from 'vitest';
import { Curriculum } from '../../../src/mixture/curriculum.ts';
import { curriculumMetrics } from '../../../src/mixture/curriculum-metrics.ts';
import { trainImc } from '../../../src/mixture/imc.ts';
import { imcConfigSchema } from '../../../src/mixture/imc-config.ts';
import { tf } from '../../../src/tensor/tf.ts';
import type { CurriculaSnapshot } from '../../../src/training/training-run.ts';
import { branchingData } from './toy-data.ts';

await tf.setBackend('cpu');

async function snapshotsOf(level: string): Promise<CurriculaSnapshot[]> {
  const config = imcConfigSchema.parse({
    ...{ components: 3, iterations: 2, tolerance: 0, level, segmentLength: 7 },
    expert: { kind: 'linear' },
    gate: { hidden: [], steps: 1 },
  });
  const snapshots: CurriculaSnapshot[] = [];
  await trainImc(branchingData(6, 3), config, {
    seed: 0,
    onCurricula: (snapshot) => snapshots.push(snapshot),
  });
  return snapshots;
}

describe('curricula as the log has them', () => {
  it('have an entropy over units, and one over steps, which the gate is fitted to', () => {
    // a unit of one step that two components share, and one of three steps that the first holds alone
    const logWeights = Float64Array.of(0, 0, 0, -Infinity);
    const curriculum = Curriculum.fromState(2, 'paper', { logWeights, posteriorIsUniform: false });
    const { gateTargetEntropy, posteriorEntropy, shareEntropy } = curriculumMetrics(curriculum, {
      unitStarts: Int32Array.of(0, 1, 4),
    });
    expect(posteriorEntropy).toBeCloseTo(Math.LN2 / 2, 12);
    expect(gateTargetEntropy).toBeCloseTo(Math.LN2 / 4, 12);
    expect(shareEntropy).toBeCloseTo(-0.75 * Math.log(0.75) - 0.25 * Math.log(0.25), 12);
  });
});

describe('curricula as a viewer sees them', () => {
  for (const level of ['step', 'segment', 'episode']) {
    it(`are distributions over demonstrations and over components (${level} curricula)`, async () => {
      const snapshots = await snapshotsOf(level);
      expect(snapshots.map((snapshot) => snapshot.iteration)).toEqual([0, 1, 2]);
      for (const { components, curricula, episodes, prior, responsibilities } of snapshots) {
        expect([components, episodes]).toEqual([3, 6]);
        const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);
        for (let z = 0; z < components; z++) {
          expect(sum(curricula.subarray(z * episodes, (z + 1) * episodes))).toBeCloseTo(1, 5);
        }
        for (let e = 0; e < episodes; e++) {
          expect(sum(responsibilities.subarray(e * components, (e + 1) * components))).toBeCloseTo(1, 5);
        }
        expect(sum(prior)).toBeCloseTo(1, 5);
      }
    });
  }

  it('start with the demonstration that every component is seeded on', async () => {
    const [first] = await snapshotsOf('episode');
    for (let z = 0; z < 3; z++) {
      expect([...(first as CurriculaSnapshot).curricula.subarray(z * 6, (z + 1) * 6)].toSorted()).toEqual([
        0, 0, 0, 0, 0, 1,
      ]);
    }
  });

  it('name components for good: new ones get the next number, no number comes twice', async () => {
    const config = imcConfigSchema.parse({
      ...{ components: 'auto', iterations: 2, tolerance: 0, expert: { kind: 'linear' } },
      auto: { initialComponents: 2, revisions: 3, growth: 1, tolerance: 1e-4 },
      gate: { hidden: [], steps: 1 },
    });
    const named: (readonly number[])[] = [];
    await trainImc(branchingData(12, 3), config, { seed: 0, onCurricula: ({ names }) => named.push(names) });
    expect(named[0]).toEqual([0, 1]);
    expect(Math.max(...named.flat())).toBeGreaterThan(1);
    let next = 2;
    for (const [i, names] of named.entries()) {
      const added = names.filter((name) => !(named[i - 1] ?? [0, 1]).includes(name));
      expect(added).toEqual(added.map((_, j) => next + j));
      next += added.length;
    }
  });
});
