import { describe, expect, it } from 'vitest';
import { DivergenceError } from '../../../src/errors.ts';
import { Curriculum } from '../../../src/mixture/curriculum.ts';
import { curriculumObjective } from '../../../src/mixture/objective.ts';
import { randomTable } from './random-table.ts';

const U = 13;
const C = 5;

/** p(u, z), computed here from the log weights in the plainest way. */
function joint(curriculum: Curriculum): number[] {
  const weights = [...curriculum.logWeights].map(Math.exp);
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / total);
}

/** L for any q, from its definition: E_p(u,z)[ll + η log q] + η H(p(u, z)). */
function boundByDefinition(p: number[], logLikelihoods: Float64Array, q: Float64Array, eta: number): number {
  return p.reduce(
    (sum, mass, i) =>
      mass === 0 ? sum : sum + mass * (logLikelihoods[i]! + eta * Math.log(q[i]!) - eta * Math.log(mass)),
    0,
  );
}

/** E_p(u)[KL(p(z|u) ‖ q(z|u))], from its definition. */
function expectedKl(p: number[], q: Float64Array): number {
  let total = 0;
  for (let row = 0; row < p.length; row += C) {
    const unit = p.slice(row, row + C).reduce((a, b) => a + b, 0);
    for (let i = row; i < row + C; i++) {
      if (p[i]! > 0) total += p[i]! * Math.log(p[i]! / unit / q[i]!);
    }
  }
  return total;
}

describe('the bound and the objective', () => {
  for (const eta of [0.3, 1, 4]) {
    it(`the bound is the objective minus eta times the expected KL (eta = ${eta})`, () => {
      const curriculum = Curriculum.uniform(U, C, 'paper');
      curriculum.update(randomTable(U, C, 'first'), { eta });
      const q = curriculum.posterior();
      const logLikelihoods = randomTable(U, C, 'second');
      const { bound } = curriculum.update(logLikelihoods, { eta });
      const p = joint(curriculum);
      const objective = curriculumObjective(curriculum.logWeights, logLikelihoods, C, eta);
      expect(bound).toBeCloseTo(boundByDefinition(p, logLikelihoods, q, eta), 9);
      const gap = eta * expectedKl(p, q);
      expect(gap).toBeGreaterThan(1e-3);
      expect(Math.abs(objective - bound - gap)).toBeLessThan(1e-9);
    });
  }

  it('are equal right after the E-step', () => {
    const curriculum = Curriculum.uniform(U, C, 'paper');
    const logLikelihoods = randomTable(U, C, 'first');
    curriculum.update(logLikelihoods, { eta: 0.7 });
    const objective = curriculumObjective(curriculum.logWeights, logLikelihoods, C, 0.7);
    const after = boundByDefinition(joint(curriculum), logLikelihoods, curriculum.posterior(), 0.7);
    expect(Math.abs(objective - after)).toBeLessThan(1e-9);
  });

  it('no other curricula reach a higher bound', () => {
    const curriculum = Curriculum.uniform(U, C, 'paper');
    const logLikelihoods = randomTable(U, C, 'first');
    const q = curriculum.posterior();
    const { bound } = curriculum.update(logLikelihoods, { eta: 1 });
    const best = joint(curriculum);
    const other = randomTable(U, C, 'other').map(Math.exp);
    const total = other.reduce((a, b) => a + b, 0);
    for (const share of [0.01, 0.1, 1]) {
      const mixed = best.map((p, i) => (1 - share) * p + (share * other[i]!) / total);
      expect(boundByDefinition(mixed, logLikelihoods, q, 1)).toBeLessThan(bound);
    }
  });

  it('the bound never falls while the experts stay as they are', () => {
    const logLikelihoods = randomTable(U, C, 'fixed');
    const curriculum = Curriculum.uniform(U, C, 'paper');
    let before = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < 40; i++) {
      const { bound } = curriculum.update(logLikelihoods, { eta: 1.3 });
      expect(bound).toBeGreaterThanOrEqual(before - 1e-9);
      before = bound;
    }
  });
});

describe('posterior and curricula', () => {
  it('a uniform start gives a posterior of exactly 1/C', () => {
    const posterior = Curriculum.uniform(U, 4, 'paper').posterior();
    expect(new Set(posterior)).toEqual(new Set([0.25]));
  });

  it('the posterior of every unit, the prior and every curriculum add up to 1', () => {
    const curriculum = Curriculum.uniform(U, C, 'paper');
    for (const name of ['a', 'b', 'c']) curriculum.update(randomTable(U, C, name), { eta: 0.2 });
    const posterior = curriculum.posterior();
    for (let u = 0; u < U; u++) {
      expect(posterior.subarray(u * C, (u + 1) * C).reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    }
    expect(curriculum.prior().reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    for (let z = 0; z < C; z++) {
      expect(curriculum.selection(z).reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    }
  });

  it('with one component the weights are the likelihoods to the power 1/eta', () => {
    const logLikelihoods = randomTable(U, 1, 'single');
    const curriculum = Curriculum.uniform(U, 1, 'paper');
    curriculum.update(logLikelihoods, { eta: 2 });
    const powers = logLikelihoods.map((value) => Math.exp(value / 2));
    const total = powers.reduce((a, b) => a + b);
    curriculum.selection(0).forEach((p, u) => {
      expect(p).toBeCloseTo(powers[u]! / total, 12);
    });
  });

  it('a very large eta weighs all units alike: maximum likelihood', () => {
    const curriculum = Curriculum.uniform(U, C, 'paper');
    curriculum.update(randomTable(U, C, 'any'), { eta: 1e9 });
    for (let z = 0; z < C; z++) {
      for (const p of curriculum.selection(z)) expect(p).toBeCloseTo(1 / U, 8);
      expect(curriculum.entropies()[z]).toBeCloseTo(Math.log(U), 6);
    }
  });

  it('keeps its precision when exponents have accumulated far beyond the range of exp', () => {
    const curriculum = Curriculum.uniform(U, C, 'paper');
    const logLikelihoods = randomTable(U, C, 'far').map((value) => value * 400);
    for (let i = 0; i < 50; i++) curriculum.update(logLikelihoods, { eta: 0.5 });
    for (let u = 0; u < U; u++) {
      const row = [...logLikelihoods.subarray(u * C, (u + 1) * C)];
      expect(curriculum.posterior()[u * C + row.indexOf(Math.max(...row))]).toBeCloseTo(1, 12);
    }
  });

  it('seeds steer the first training only: after an update nothing stays locked', () => {
    const logLikelihoods = randomTable(U, 2, 'seeds');
    const seeded = Curriculum.seeded(
      U,
      [
        [0, 1],
        [3, 5],
      ],
      'paper',
    );
    expect([...seeded.selection(1)].map((p, u) => (p > 0 ? u : -1)).filter((u) => u >= 0)).toEqual([3, 4]);
    const uniform = Curriculum.uniform(U, 2, 'paper');
    seeded.update(logLikelihoods, { eta: 1 });
    uniform.update(logLikelihoods, { eta: 1 });
    expect(seeded.logWeights).toEqual(uniform.logWeights);
  });

  it('refuses a log-likelihood that is not finite, naming unit and component', () => {
    const logLikelihoods = randomTable(U, C, 'nan');
    logLikelihoods[2 * C + 3] = Number.NaN;
    const curriculum = Curriculum.uniform(U, C, 'paper');
    expect(() => curriculum.update(logLikelihoods, { eta: 1 })).toThrow(DivergenceError);
    expect(() => curriculum.update(logLikelihoods, { eta: 1 })).toThrow('unit 2, component 3');
  });

  it('continues from a saved state with the same bits', () => {
    const whole = Curriculum.uniform(U, C, 'released');
    const first = Curriculum.uniform(U, C, 'released');
    for (const name of ['a', 'b']) {
      whole.update(randomTable(U, C, name), { eta: 1 });
      first.update(randomTable(U, C, name), { eta: 1 });
    }
    const resumed = Curriculum.fromState(C, 'released', first.state());
    expect(resumed.update(randomTable(U, C, 'c'), { eta: 1 })).toEqual(
      whole.update(randomTable(U, C, 'c'), { eta: 1 }),
    );
    expect(resumed.logWeights).toEqual(whole.logWeights);
  });
});

describe('the released form', () => {
  it('gives every unit weight 1 under its best component', () => {
    const curriculum = Curriculum.uniform(U, C, 'released');
    for (const name of ['a', 'b', 'c']) {
      curriculum.update(randomTable(U, C, name), { eta: 0.4 });
      for (let u = 0; u < U; u++) {
        const row = curriculum.logWeights.subarray(u * C, (u + 1) * C);
        expect(Math.exp(Math.max(...row))).toBe(1);
      }
    }
  });

  it('has the posteriors of the released EM when eta is 1, for the same experts', () => {
    const curriculum = Curriculum.uniform(U, C, 'released');
    // the authors' EM: log r ← normalize_z(log p_θ(a|o, z) + log r)
    let responsibilities = new Float64Array(U * C).fill(1 / C);
    for (const name of ['a', 'b', 'c', 'd']) {
      const logLikelihoods = randomTable(U, C, name);
      curriculum.update(logLikelihoods, { eta: 1 });
      const raw = responsibilities.map((r, i) => r * Math.exp(logLikelihoods[i]!));
      responsibilities = raw.map((value, i) => {
        const row = Math.floor(i / C) * C;
        return value / raw.subarray(row, row + C).reduce((a, b) => a + b);
      });
      curriculum.posterior().forEach((p, i) => {
        expect(Math.abs(p - responsibilities[i]!)).toBeLessThan(1e-12);
      });
    }
  });

  it('shares its posteriors with the paper form, which differs in how units compare', () => {
    const paper = Curriculum.uniform(U, C, 'paper');
    const released = Curriculum.uniform(U, C, 'released');
    for (const name of ['a', 'b']) {
      paper.update(randomTable(U, C, name), { eta: 0.5 });
      released.update(randomTable(U, C, name), { eta: 0.5 });
    }
    const other = released.posterior();
    paper.posterior().forEach((p, i) => {
      expect(p).toBeCloseTo(other[i]!, 10);
    });
    expect(Math.abs(Math.log(paper.selection(0)[0]! / released.selection(0)[0]!))).toBeGreaterThan(0.5);
  });
});
