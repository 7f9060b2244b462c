import { expect, it } from 'vitest';
import { Rng } from '../../../src/random.ts';
import { InferenceGradient } from '../../../src/tensor/inference-gradient.ts';
import { drawMlp } from '../../../src/tensor/mlp-init.ts';
import type { MlpShape } from '../../../src/tensor/mlp-shape.ts';
import { activations } from '../../../src/tensor/ops/activation.ts';
import { referenceForward, widen } from './reference-mlp.ts';

const base: MlpShape = {
  networks: 1,
  inputSize: 4,
  hidden: [7, 7, 7, 7, 7],
  outputSize: 1,
  activation: 'mish',
};
const forms: Readonly<Record<string, Partial<MlpShape>>> = {
  plain: {},
  residual: { residual: true },
  'residual without blocks': { residual: true, hidden: [7] },
  linear: { hidden: [] },
};
const rows = 5;

for (const activation of activations) {
  for (const [name, form] of Object.entries(forms)) {
    it(`agrees with differences of the network in double precision: ${activation}, ${name}`, () => {
      const shape: MlpShape = { ...base, ...form, activation };
      const drawn = Object.entries(drawMlp(shape, Rng.fromSeed(1)));
      // starting weights make plain networks nearly constant
      const scale = form.residual === true ? 1 : 2;
      const arrays = Object.fromEntries(
        drawn.map(([name, array]) => {
          const data = (array.data as Float32Array).map((weight) => scale * weight);
          return [name, { ...array, data }];
        }),
      );
      const rng = Rng.fromSeed('rows');
      const x = Float32Array.from({ length: rows * 4 }, () => rng.normal(0, 2));
      const found = new Float32Array(rows * 4);
      new InferenceGradient(shape, arrays).gradient(x, found, rows);
      const weights = widen(arrays);
      const step = 1e-5;
      for (let i = 0; i < x.length; i++) {
        const at = (change: number) => {
          const row = Array.from(x.subarray(i - (i % 4), i - (i % 4) + 4));
          row[i % 4] = (row[i % 4] as number) + change;
          return referenceForward(shape, weights, 0, row)[0] as number;
        };
        const expected = (at(step) - at(-step)) / (2 * step);
        expect(Math.abs((found[i] as number) - expected)).toBeLessThan(1e-5 * (1 + Math.abs(expected)));
      }
      expect(Math.max(...found.map(Math.abs))).toBeGreaterThan(0.05);
    });
  }
}

it('refuses several networks or outputs', () => {
  for (const form of [{ networks: 2 }, { outputSize: 2 }]) {
    const shape = { ...base, ...form };
    expect(() => new InferenceGradient(shape, drawMlp(shape, Rng.fromSeed(0)))).toThrow(RangeError);
  }
});
