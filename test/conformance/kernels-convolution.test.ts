import { beforeAll, describe, expect, it } from 'vitest';
import { Rng } from '../../src/random.ts';
import { convolvePool, imagePatches } from '../../src/tensor/ops/convolution.ts';
import { registerSimdBackend } from '../../src/tensor/simd/register.ts';
import { tf } from '../../src/tensor/tf.ts';
import { type Case, Draw, difference, runOn } from './kernels-support.ts';

/** The value of an operation, and the gradients of Σ weight·value. */
function withGradients(op: (...inputs: tf.Tensor[]) => tf.Tensor): Case['run'] {
  return (...inputs) => {
    const value = op(...inputs);
    const random = Rng.fromSeed('weights');
    const weights = tf.tensor(
      Array.from({ length: value.size }, () => random.normal()),
      value.shape,
    );
    return [value, ...tf.grads((...xs: tf.Tensor[]) => tf.sum(tf.mul(op(...xs), weights)))(inputs)];
  };
}

const cases: Readonly<Record<string, (draw: Draw) => Case>> = {
  imagePatches: (draw) => {
    const size = draw.pick([1, 2, 3, 5]);
    const padding = draw.pick([0, Math.floor(size / 2)]);
    const side = () => size - 1 + draw.size(9);
    return {
      inputs: [draw.floats([draw.size(4), side(), side(), draw.pick([1, 2, 3, 4, 7, 9])])],
      run: withGradients((x) => imagePatches(x as tf.Tensor4D, { size, padding })),
    };
  },
  convolvePool: (draw) => {
    const size = draw.pick([1, 2, 3, 5]);
    const side = () => size + draw.size(9);
    const [sets, channels] = [draw.pick([1, 1, 2, 3]), draw.pick([1, 2, 3, 4, 7])];
    return {
      inputs: [
        draw.floats([sets * draw.size(20), side(), side(), channels]),
        draw.floats([sets, size * size * channels + 1, draw.size(9)]),
      ],
      run: withGradients((x, filters) => convolvePool(x as tf.Tensor4D, filters as tf.Tensor3D, size)),
    };
  },
};

beforeAll(async () => {
  await registerSimdBackend({ threads: 2 });
});

describe('operations of convolutional networks', () => {
  for (const [name, make] of Object.entries(cases)) {
    it(`${name}: value and gradient agree with plain operations`, async () => {
      for (let i = 0; i < 30; i++) {
        const seed = `${name} ${i}`;
        const found = await runOn('simd', make(new Draw(seed)));
        const expected = await runOn('cpu', make(new Draw(seed)));
        expect(difference(found, expected, { relative: 1e-4, absolute: 1e-4 }), seed).toBeUndefined();
      }
    });
  }

  it('patches times a matrix are the convolution of tfjs', async () => {
    const draw = new Draw('convolution');
    const [x, w] = [draw.floats([2, 6, 7, 3]), draw.floats([3, 3, 3, 5])];
    for (const padding of [0, 1]) {
      const run =
        (conv: boolean): Case['run'] =>
        (x, w) =>
          conv
            ? tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, padding === 0 ? 'valid' : 'same')
            : tf.reshape(
                tf.matMul(
                  tf.reshape(imagePatches(x as tf.Tensor4D, { size: 3, padding }), [-1, 27]),
                  tf.reshape(w as tf.Tensor, [27, 5]),
                ),
                [2, 4 + 2 * padding, 5 + 2 * padding, 5],
              );
      const found = await runOn('simd', { inputs: [x, w], run: run(false) });
      const expected = await runOn('cpu', { inputs: [x, w], run: run(true) });
      expect(difference(found, expected, { relative: 1e-5, absolute: 1e-4 })).toBeUndefined();
    }
  });

  it('shared between threads, gives the bits of one', async () => {
    const results: Float32Array[][] = [];
    for (const threads of [1, 2]) {
      await registerSimdBackend({ threads });
      await tf.setBackend('simd');
      const x = tf.randomNormal<tf.Rank.R4>([20, 10, 11, 5], 0, 1, 'float32', 1);
      const filters = tf.randomNormal<tf.Rank.R3>([2, 46, 8], 0, 1, 'float32', 2);
      const pooled = withGradients((...xs) => convolvePool(xs[0] as tf.Tensor4D, xs[1] as tf.Tensor3D, 3));
      const patches = withGradients((images) => imagePatches(images as tf.Tensor4D, { size: 3, padding: 1 }));
      const found = [...(pooled(x, filters) as tf.Tensor[]), ...(patches(x) as tf.Tensor[])];
      results.push(await Promise.all(found.map((tensor) => tensor.data<'float32'>())));
    }
    expect(results[0]).toEqual(results[1]);
  });

  it('say what does not fit', () => {
    expect(() => convolvePool(tf.zeros([2, 3, 3, 1]), tf.zeros([1, 10, 4]), 3)).toThrow(/do not fit/);
    expect(() => convolvePool(tf.zeros([3, 6, 6, 1]), tf.zeros([2, 10, 4]), 3)).toThrow(/do not fit/);
  });
});
