import { beforeAll, describe, expect, it } from 'vitest';
import { CheckpointError } from '../../../src/errors.ts';
import { Rng } from '../../../src/random.ts';
import { selectBackend } from '../../../src/tensor/backend.ts';
import { BatchedMlp } from '../../../src/tensor/batched-mlp.ts';
import { InferenceMlp } from '../../../src/tensor/inference-mlp.ts';
import { drawMlp } from '../../../src/tensor/mlp-init.ts';
import type { MlpShape } from '../../../src/tensor/mlp-shape.ts';
import { activations } from '../../../src/tensor/ops/activation.ts';
import { tf } from '../../../src/tensor/tf.ts';
import { referenceForward, widen } from './reference-mlp.ts';

const base: MlpShape = {
  networks: 3,
  inputSize: 4,
  hidden: [33, 33, 33],
  outputSize: 6,
  activation: 'silu',
};
const forms: Readonly<Record<string, Partial<MlpShape>>> = {
  independent: {},
  trunk: { sharedWeights: 3, sharedBiases: 3 },
  'shared weights': { sharedWeights: 2 },
  residual: { residual: true },
  linear: { hidden: [] },
};

function rows(count: number, shape: MlpShape): Float32Array {
  const rng = Rng.fromSeed('rows');
  return Float32Array.from({ length: count * shape.inputSize }, () => rng.normal(0, 2));
}

describe.each(['js', 'simd'] as const)('InferenceMlp beside networks on %s', (backendName) => {
  beforeAll(async () => {
    await selectBackend(backendName);
  });

  for (const activation of activations) {
    for (const [name, form] of Object.entries(forms)) {
      it(`agrees with BatchedMlp and with double precision to 1e-5: ${activation}, ${name}`, () => {
        const shape: MlpShape = { ...base, ...form, activation };
        const arrays = drawMlp(shape, Rng.fromSeed(1));
        const mlp = new InferenceMlp(shape, arrays);
        const x = rows(5, shape);
        const trained = new BatchedMlp(shape, arrays).forward(tf.tensor2d(x, [5, 4])).dataSync();
        const output = new Float32Array(5 * 6);
        for (let e = 0; e < 3; e++) {
          mlp.forward(e, x, output, 5);
          for (let i = 0; i < output.length; i++) {
            expect(Math.abs(output[i]! - trained[e * 30 + i]!)).toBeLessThan(1e-5);
          }
          const expected = referenceForward(shape, widen(arrays), e, x.subarray(0, 4));
          expected.forEach((value, n) => {
            expect(Math.abs(output[n]! - value)).toBeLessThan(1e-5);
          });
        }
      });
    }
  }
});

describe('InferenceMlp', () => {
  it('gives a row the same bits alone, in any batch and by any network order', () => {
    const mlp = new InferenceMlp(base, drawMlp(base, Rng.fromSeed(1)));
    const x = rows(7, base);
    const together = new Float32Array(7 * 6);
    mlp.forward(1, x, together, 7);
    const alone = new Float32Array(6);
    for (let row = 0; row < 7; row++) {
      mlp.forward(1, x.subarray(row * 4, row * 4 + 4), alone);
      expect([...alone]).toEqual([...together.subarray(row * 6, row * 6 + 6)]);
    }
    const each = new Float32Array(7 * 6);
    mlp.forwardEach(Int32Array.of(0, 1, 2, 1, 0, 2, 1), x, each);
    expect([...each.subarray(6, 12)]).toEqual([...together.subarray(6, 12)]);
    expect([...each.subarray(36, 42)]).toEqual([...together.subarray(36, 42)]);
    expect([...each.subarray(0, 6)]).not.toEqual([...together.subarray(0, 6)]);
  });

  it('gives these bits on every engine and machine', () => {
    const shape: MlpShape = { ...base, hidden: [16, 16], activation: 'mish' };
    const mlp = new InferenceMlp(shape, drawMlp(shape, Rng.fromSeed('golden')));
    const output = new Float32Array(6);
    mlp.forward(2, Float32Array.of(0.1, -0.2, 0.3, -0.4), output);
    expect([...new Uint32Array(output.buffer)].map((bits) => bits.toString(16))).toMatchInlineSnapshot(`
      [
        "3e7223fa",
        "bd7a0e26",
        "3d7cbc23",
        "be3deab0",
        "be62ac6d",
        "3d39357b",
      ]
    `);
  });

  it('passes NaN on instead of hiding it', () => {
    for (const activation of activations) {
      const shape: MlpShape = { ...base, activation };
      const output = new Float32Array(6);
      new InferenceMlp(shape, drawMlp(shape, Rng.fromSeed(1))).forward(
        0,
        Float32Array.of(1, Number.NaN, 1, 1),
        output,
      );
      expect([...output].every(Number.isNaN), activation).toBe(true);
    }
  });

  it('refuses networks that do not exist and arrays that are too short', () => {
    const mlp = new InferenceMlp(base, drawMlp(base, Rng.fromSeed(1)));
    const [x, y] = [new Float32Array(8), new Float32Array(12)];
    expect(() => mlp.forward(3, x, y)).toThrow(/network 3 is not in 0 \.\. 2/);
    expect(() => mlp.forward(-1, x, y)).toThrow(RangeError);
    expect(() => mlp.forward(0, x, y, 3)).toThrow(/3 rows need 12 inputs and 18 outputs, found 8 and 12/);
    expect(() => mlp.forwardEach(Int32Array.of(0, 5), x, y)).toThrow(RangeError);
    expect(() => new InferenceMlp({ ...base, networks: 4 }, drawMlp(base, Rng.fromSeed(1)))).toThrow(
      CheckpointError,
    );
  });
});
