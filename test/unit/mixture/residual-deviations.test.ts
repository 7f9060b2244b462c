import { describe, expect, it } from 'vitest';
import { Curriculum } from '../../../src/mixture/curriculum.ts';
import { residualDeviations } from '../../../src/mixture/residual-deviations.ts';
import { Rng } from '../../../src/random.ts';

describe('residual deviations', () => {
  it('are those of what each component selected, per action', () => {
    const rng = Rng.fromSeed(5);
    const steps = 6000;
    // experts that answer (o, 0) and (-o, 0), on the first and second half of the steps
    const observations = Float32Array.from({ length: steps }, () => rng.normal());
    const deviations = [
      [0.1, 1],
      [0.5, 0.02],
    ];
    const actions = Float32Array.from({ length: 2 * steps }, (_, i) => {
      const step = Math.floor(i / 2);
      const z = step < steps / 2 ? 0 : 1;
      const mean = i % 2 === 1 ? 0 : (observations[step] as number) * (z === 0 ? 1 : -1);
      return mean + (deviations[z]?.[i % 2] as number) * rng.normal();
    });
    const unitStarts = Int32Array.of(0, steps / 2, steps);
    const curriculum = Curriculum.divided(Int32Array.of(0, 1), 2, 'paper');
    const shape = { networks: 2, inputSize: 1, hidden: [], outputSize: 2, activation: 'relu' } as const;
    const arrays = {
      'layers.0.weights': { shape: [2, 1, 2], data: Float32Array.of(1, 0, -1, 0) },
      'layers.0.bias': { shape: [2, 1, 2], data: new Float32Array(4) },
    };
    const data = { actions, actionSize: 2, observations, observationSize: 1, unitStarts };
    const found = residualDeviations(data, curriculum, { shape, arrays }, rng.fork('residuals'));
    for (const [z, row] of found.entries()) {
      for (const [d, deviation] of row.entries()) {
        expect(deviation / (deviations[z]?.[d] as number)).toBeCloseTo(1, 1);
      }
    }
  });

  it('weigh steps by responsibilities, not by how well they are explained', () => {
    const rng = Rng.fromSeed(6);
    const steps = 6000;
    const actions = Float32Array.from({ length: steps }, () => rng.normal());
    const unitStarts = Int32Array.from({ length: steps + 1 }, (_, step) => step);
    // one expert that answers 0, with the joint log-density of every step as a trained density leaves it
    const logWeights = Float64Array.from(actions, (action) => -0.5 * action * action);
    const curriculum = Curriculum.fromState(1, 'paper', { logWeights, posteriorIsUniform: false });
    const shape = { networks: 1, inputSize: 1, hidden: [], outputSize: 1, activation: 'relu' } as const;
    const arrays = {
      'layers.0.weights': { shape: [1, 1, 1], data: Float32Array.of(0) },
      'layers.0.bias': { shape: [1, 1, 1], data: new Float32Array(1) },
    };
    const data = {
      actions,
      actionSize: 1,
      observations: new Float32Array(steps),
      observationSize: 1,
      unitStarts,
    };
    const found = residualDeviations(data, curriculum, { shape, arrays }, rng.fork('residuals'));
    // weighed by the density it would be 0.71
    expect(Math.abs((found[0]?.[0] as number) - 1)).toBeLessThan(0.1);
  });
});
