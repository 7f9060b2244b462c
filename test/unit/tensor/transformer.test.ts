import { describe, expect, it } from 'vitest';
import { CheckpointError, ConfigError } from '../../../src/errors.ts';
import { Rng } from '../../../src/random.ts';
import { InferenceTransformer } from '../../../src/tensor/inference-transformer.ts';
import type { NamedArrays } from '../../../src/tensor/named-arrays.ts';
import { registerSimdBackend } from '../../../src/tensor/simd/register.ts';
import { tf } from '../../../src/tensor/tf.ts';
import { Transformer } from '../../../src/tensor/transformer.ts';
import { drawTransformer, type TransformerShape } from '../../../src/tensor/transformer-shape.ts';

await registerSimdBackend({ threads: 1 });

const base = { layers: 2, heads: 3, width: 12, tokens: 5 };
const shapes: Readonly<Record<string, TransformerShape>> = {
  causal: { ...base, causal: true },
  'seeing all': { ...base, causal: false, expansion: 2 },
  'causal with memory': { ...base, causal: true, memoryTokens: 3 },
  'seeing all with memory': { ...base, causal: false, memoryTokens: 4, heads: 1 },
};

/** Weights that differ from 0 everywhere, also gains, biases and offsets, so that nothing can be forgotten. */
function weights(shape: TransformerShape): NamedArrays {
  const rng = Rng.fromSeed(3);
  const drawn = drawTransformer(shape, rng);
  return Object.fromEntries(
    Object.entries(drawn).map(([name, { shape: size, data }]) => [
      name,
      {
        shape: size,
        data: Float32Array.from(Array.from(data, Number), (value) => value + rng.normal(0, 0.3)),
      },
    ]),
  );
}

function numbers(count: number, seed: number): Float32Array {
  const rng = Rng.fromSeed(seed);
  return Float32Array.from({ length: count }, () => rng.normal());
}

async function forward(shape: TransformerShape, tokens: Float32Array, memory: Float32Array, rows: number) {
  const stack = new Transformer(shape, weights(shape));
  const { memoryTokens = 0, width } = shape;
  const out = tf.tidy(() =>
    stack.forward(
      tf.tensor3d(tokens, [rows, tokens.length / rows / width, width]),
      memoryTokens > 0 ? tf.tensor3d(memory, [rows, memoryTokens, width]) : undefined,
    ),
  );
  const values = await out.data();
  out.dispose();
  stack.dispose();
  return values;
}

describe.each(Object.entries(shapes))('a transformer %s', (_, shape) => {
  const rows = 3;
  const { memoryTokens = 0, width } = shape;
  const memory = numbers(rows * memoryTokens * width, 2);

  it.each(['cpu', 'simd'])('gives the same numbers with tensors (%s) and without', async (backend) => {
    await tf.setBackend(backend);
    const plain = new InferenceTransformer(shape, weights(shape));
    for (const length of [5, 2]) {
      const tokens = numbers(rows * length * width, 1);
      const expected = await forward(shape, tokens, memory, rows);
      const found = tokens.slice();
      plain.forward(
        found,
        length,
        memoryTokens > 0 ? { rows, memory: plain.remember(memory, rows) } : { rows },
      );
      for (const [i, value] of found.entries())
        expect(Math.abs(value - (expected[i] as number))).toBeLessThan(1e-5);
    }
  });

  it('gives a sequence the same bits alone and in a batch', () => {
    const plain = new InferenceTransformer(shape, weights(shape));
    const size = 5 * width;
    const tokens = numbers(rows * size, 1);
    const together = tokens.slice();
    plain.forward(together, 5, memoryTokens > 0 ? { rows, memory: plain.remember(memory, rows) } : { rows });
    for (let row = 0; row < rows; row++) {
      const alone = tokens.slice(row * size, (row + 1) * size);
      const seen = memory.slice(row * memoryTokens * width, (row + 1) * memoryTokens * width);
      plain.forward(alone, 5, memoryTokens > 0 ? { memory: plain.remember(seen, 1) } : {});
      expect(alone).toEqual(together.slice(row * size, (row + 1) * size));
    }
  });

  it('lets a token change only what may look at it', () => {
    const plain = new InferenceTransformer(shape, weights(shape));
    const options =
      memoryTokens > 0 ? { memory: plain.remember(memory.slice(0, memoryTokens * width), 1) } : {};
    const tokens = numbers(5 * width, 1);
    const changed = tokens.slice();
    changed[3 * width] = 9;
    plain.forward(tokens, 5, options);
    plain.forward(changed, 5, options);
    const differs = (t: number) =>
      tokens.subarray(t * width, (t + 1) * width).some((value, d) => value !== changed[t * width + d]);
    expect([0, 1, 2, 3, 4].map(differs)).toEqual(
      shape.causal ? [false, false, false, true, true] : [true, true, true, true, true],
    );
  });

  it('has gradients that agree with finite differences', async () => {
    await tf.setBackend('cpu');
    const stack = new Transformer(shape, weights(shape));
    const tokens = tf.tensor3d(numbers(2 * 5 * width, 1), [2, 5, width]);
    const seen =
      memoryTokens > 0
        ? tf.tensor3d(numbers(2 * memoryTokens * width, 2), [2, memoryTokens, width])
        : undefined;
    const target = tf.tensor3d(numbers(2 * 5 * width, 5), [2, 5, width]);
    const loss = () => tf.mean(tf.mul(stack.forward(tokens, seen), target)) as tf.Scalar;
    const { grads } = tf.variableGrads(loss, [...stack.variables]);
    for (const variable of stack.variables) {
      const gradient = await (grads[variable.name] as tf.Tensor).data();
      const values = (await variable.data()).slice();
      const at = values.length >> 1;
      const around = [-1, 1].map((sign) => {
        const moved = values.slice();
        moved[at] = (moved[at] as number) + sign * 0.01;
        variable.assign(tf.tensor(moved, variable.shape));
        return loss().dataSync()[0] as number;
      });
      variable.assign(tf.tensor(values, variable.shape));
      const slope = ((around[1] as number) - (around[0] as number)) / 0.02;
      expect(Math.abs(slope - (gradient[at] as number))).toBeLessThan(1e-3 * Math.max(1, Math.abs(slope)));
    }
    stack.dispose();
  });
});

describe('a transformer', () => {
  it('is saved and loaded bit by bit, and refuses what does not fit', async () => {
    await tf.setBackend('cpu');
    const shape = shapes.causal as TransformerShape;
    const stack = Transformer.draw(shape, Rng.fromSeed(0));
    const arrays = await stack.toArrays();
    const other = Transformer.draw(shape, Rng.fromSeed(1));
    other.assign(arrays);
    expect(await other.toArrays()).toEqual(arrays);
    expect(() => other.assign({ ...arrays, positions: { shape: [1], data: new Float32Array(1) } })).toThrow(
      CheckpointError,
    );
    expect(() => new InferenceTransformer(shape, {})).toThrow(CheckpointError);
    expect(() => Transformer.draw({ ...shape, heads: 5 }, Rng.fromSeed(0))).toThrow(ConfigError);
    stack.dispose();
    other.dispose();
  });
});
