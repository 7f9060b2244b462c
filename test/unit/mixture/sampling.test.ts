import { describe, expect, it } from 'vitest';
import { Curriculum } from '../../../src/mixture/curriculum.ts';
import { CurriculumSampler } from '../../../src/mixture/curriculum-sampler.ts';
import { solveNormalEquations } from '../../../src/mixture/least-squares.ts';
import { columnLogSumExp, logSumExp } from '../../../src/mixture/log-space.ts';
import { episodeShapes, spreadSeeds } from '../../../src/mixture/spread.ts';
import { cutIntoUnits, unitOfStep } from '../../../src/mixture/units.ts';
import { Rng } from '../../../src/random.ts';
import { randomTable } from './random-table.ts';

describe('units', () => {
  const episodeStarts = Int32Array.of(0, 5, 12);

  it('are steps, stretches that no episode end cuts through, or episodes', () => {
    expect([...cutIntoUnits('step', episodeStarts, 3)]).toEqual([...Array(13).keys()]);
    expect([...cutIntoUnits('segment', episodeStarts, 3)]).toEqual([0, 3, 5, 8, 11, 12]);
    expect([...cutIntoUnits('episode', episodeStarts, 3)]).toEqual([0, 5, 12]);
  });

  it('number every step', () => {
    expect([...unitOfStep(Int32Array.of(0, 3, 5, 8))]).toEqual([0, 0, 0, 1, 1, 2, 2, 2]);
  });
});

describe('minibatches', () => {
  it('follow p(u|z) times the length of the unit, steps of a unit being equally likely', () => {
    const unitStarts = Int32Array.of(0, 2, 3, 8, 12);
    const curriculum = Curriculum.uniform(4, 3, 'paper');
    curriculum.update(randomTable(4, 3, 'sampler'), { eta: 1 });
    const draws = 60_000;
    const steps = new Int32Array(3 * draws);
    new CurriculumSampler(curriculum, unitStarts).draw(Rng.fromSeed(1), steps);
    for (let z = 0; z < 3; z++) {
      const selection = curriculum.selection(z);
      const mass = [...unitOfStep(unitStarts)].map((unit) => selection[unit] as number);
      const total = mass.reduce((a, b) => a + b);
      const counts = new Array<number>(12).fill(0);
      for (const step of steps.subarray(z * draws, (z + 1) * draws))
        counts[step] = (counts[step] as number) + 1;
      counts.forEach((count, step) => {
        const expected = (mass[step] as number) / total;
        const deviation = Math.sqrt((expected * (1 - expected)) / draws);
        expect(Math.abs(count / draws - expected)).toBeLessThan(5 * deviation + 1e-12);
      });
    }
  });

  it('never leave the seed of a component', () => {
    const curriculum = Curriculum.seeded(6, [[2, 4]], 'paper');
    const steps = new Int32Array(500);
    new CurriculumSampler(curriculum, Int32Array.of(0, 1, 2, 3, 4, 5, 6)).draw(Rng.fromSeed(2), steps);
    expect(new Set(steps)).toEqual(new Set([2, 3]));
  });
});

describe('spread seeds', () => {
  it('take one demonstration of each of four far-off groups', () => {
    const rng = Rng.fromSeed(3);
    const points = Float64Array.from({ length: 40 * 2 }, (_, i) => Math.floor(i / 20) * 100 + rng.normal());
    for (let seed = 0; seed < 20; seed++) {
      const chosen = spreadSeeds(points, 2, 4, Rng.fromSeed(seed));
      expect(new Set(chosen.map((i) => Math.floor(i / 10))).size).toBe(4);
    }
  });

  it('give more components than demonstrations a demonstration each', () => {
    const chosen = spreadSeeds(Float64Array.of(0, 1, 5), 1, 8, Rng.fromSeed(0));
    expect(chosen).toHaveLength(8);
    expect(new Set(chosen)).toEqual(new Set([0, 1, 2]));
  });

  it('compare demonstrations of different length by their course', () => {
    const path = (n: number) => Array.from({ length: n }, (_, i) => i / (n - 1));
    const shapes = episodeShapes(
      Float32Array.from([...path(11), ...path(41), 0.5]),
      1,
      Int32Array.of(0, 11, 52, 53),
    );
    const [a, b] = [shapes.subarray(0, 20), shapes.subarray(20, 40)];
    a.forEach((value, i) => {
      expect(value).toBeCloseTo(b[i] as number, 6);
    });
    expect(new Set(shapes.subarray(40))).toEqual(new Set([0.5]));
  });
});

describe('sums in log space', () => {
  it('neither overflow nor underflow, and know the empty sum', () => {
    expect(logSumExp([-1e4, -1e4])).toBeCloseTo(-1e4 + Math.LN2, 9);
    expect(logSumExp([1e4, 1e4])).toBeCloseTo(1e4 + Math.LN2, 9);
    expect(logSumExp([])).toBe(Number.NEGATIVE_INFINITY);
    expect(logSumExp([Number.NEGATIVE_INFINITY])).toBe(Number.NEGATIVE_INFINITY);
  });

  it('are the same by columns and one by one', () => {
    const table = randomTable(50, 4, 'columns').map((value) => 300 * value);
    columnLogSumExp(table, 4).forEach((value, z) => {
      expect(value).toBeCloseTo(logSumExp(table, z, 50, 4), 9);
    });
  });
});

describe('weighted least squares', () => {
  it('solves well-posed problems', () => {
    const gram = Float64Array.of(4, 1, 1, 3);
    const x = solveNormalEquations(gram, Float64Array.of(1, 2), 2, 1);
    expect(4 * x[0]! + x[1]!).toBeCloseTo(1, 12);
    expect(x[0]! + 3 * x[1]!).toBeCloseTo(2, 12);
  });

  it('takes the solution of least norm where samples do not fix all coefficients', () => {
    // one sample with inputs (1, 1) and output 2
    const x = solveNormalEquations(Float64Array.of(1, 1, 1, 1), Float64Array.of(2, 2), 2, 1);
    expect(x[0]).toBeCloseTo(1, 12);
    expect(x[1]).toBeCloseTo(1, 12);
    expect([...solveNormalEquations(new Float64Array(4), new Float64Array(2), 2, 1)]).toEqual([0, 0]);
  });
});
