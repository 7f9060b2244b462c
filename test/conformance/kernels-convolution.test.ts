import { beforeAll, describe, expect, it } from 'vitest';
import { Rng } from '../../src/random.ts';
import { imagePatches, maxPool } from '../../src/tensor/ops/convolution.ts';
import { registerSimdBackend } from '../../src/tensor/simd/register.ts';
import { tf } from '../../src/tensor/tf.ts';
import { type Case, Draw, difference, runOn } from './kernels-support.ts';

/** The value of an operation on images, and the gradient of Σ weight·value. */
function withGradient(op: (x: tf.Tensor4D) => tf.Tensor): Case['run'] {
  return (x) => {
    const value = op(x as tf.Tensor4D);
    const random = Rng.fromSeed('weights');
    const weights = tf.tensor(
      Array.from({ length: value.size }, () => random.normal()),
      value.shape,
    );
    return [
      value,
      tf.grad((images: tf.Tensor) => tf.sum(tf.mul(op(images as tf.Tensor4D), weights)))(x as tf.Tensor),
    ];
  };
}

function images(draw: Draw, least: number): Case['inputs'] {
  const side = () => least - 1 + draw.size(9);
  return [draw.floats([draw.size(4), side(), side(), draw.pick([1, 2, 3, 4, 7, 9])])];
}

const cases: Readonly<Record<string, (draw: Draw) => Case>> = {
  imagePatches: (draw) => {
    const size = draw.pick([1, 2, 3, 5]);
    const options = { size, padding: draw.pick([0, Math.floor(size / 2)]) };
    return { inputs: images(draw, size), run: withGradient((x) => imagePatches(x, options)) };
  },
  maxPool: (draw) => ({ inputs: images(draw, 2), run: withGradient(maxPool) }),
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
        expect(difference(found, expected, { relative: 1e-5, absolute: 1e-5 }), seed).toBeUndefined();
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
    await tf.setBackend('simd');
    const x = tf.randomNormal<tf.Rank.R4>([64, 30, 31, 8], 0, 1, 'float32', 1);
    const [all, part] = [x, tf.slice(x, [63, 0, 0, 0])];
    for (const op of [(t: tf.Tensor4D) => imagePatches(t, { size: 3, padding: 1 }), maxPool]) {
      const whole = tf.slice(op(all), [63, 0, 0, 0]);
      expect(await whole.data()).toEqual(await op(part as tf.Tensor4D).data());
    }
  });
});
