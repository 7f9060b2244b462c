import { describe, expect, it } from 'vitest';
import { Normalizer } from '../../../src/data/normalizer.ts';
import { type ActingMixture, MixturePolicy } from '../../../src/policies/mixture-policy.ts';
import { Rng } from '../../../src/random.ts';
import { drawMlp } from '../../../src/tensor/mlp-init.ts';

function mixture(): ActingMixture {
  const rng = Rng.fromSeed(4);
  const shape = { inputSize: 3, hidden: [8], activation: 'silu' } as const;
  const expertShape = { ...shape, networks: 6, outputSize: 2 };
  const gateShape = { ...shape, networks: 1, outputSize: 6 };
  const values = (width: number) => Float32Array.from({ length: 50 * width }, () => rng.normal());
  return {
    observationNormalizer: Normalizer.fit(values(3), 3).toJSON(),
    actionNormalizer: Normalizer.fit(values(2), 2).toJSON(),
    actionLow: [-9, -9],
    actionHigh: [9, 9],
    actionDeviations: Array.from({ length: 6 }, () => [0.1, 0.2]),
    expertShape,
    experts: drawMlp(expertShape, rng.fork('experts')),
    gateShape,
    gate: drawMlp(gateShape, rng.fork('gate')),
  };
}

const observation = (step: number) => Float32Array.of(Math.sin(step), Math.cos(step), step / 10);

describe('restarting one episode of a batch', () => {
  it.each([
    ['step', 'mean'],
    [3, 'draw'],
    ['episode', 'draw'],
  ] as const)(
    'begins it afresh and leaves the others alone, commitment %s, choose %s',
    (commitment, choose) => {
      const batch = new MixturePolicy('imc', mixture(), { commitment, choose });
      const alone = (seed: number) => {
        const policy = new MixturePolicy('imc', mixture(), { commitment, choose });
        policy.reset([seed]);
        return policy;
      };
      const first = alone(1);
      const old = alone(2);
      const fresh = alone(7);
      batch.reset([1, 2]);
      for (let step = 0; step < 20; step++) {
        // the second slot is restarted before its eighth step, in the middle of a commitment of 3
        if (step === 7) batch.restart(1, 7);
        const second = step < 7 ? old : fresh;
        const actions = batch.act(new Float32Array([...observation(step), ...observation(step)]));
        expect([...actions]).toEqual([...first.act(observation(step)), ...second.act(observation(step))]);
        expect(batch.explain().component[1]).toBe(second.explain().component[0]);
      }
    },
  );

  it('refuses an episode that is not in the batch', () => {
    const batch = new MixturePolicy('imc', mixture(), { commitment: 'episode', choose: 'mean' });
    batch.reset([1, 2]);
    expect(() => batch.restart(2, 0)).toThrow(RangeError);
  });
});
