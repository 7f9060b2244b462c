import { beforeAll, describe, expect, it } from 'vitest';
import { CheckpointError, ConfigError } from '../../../src/errors.ts';
import { Rng } from '../../../src/random.ts';
import { BatchedConvolutions, drawConvolutions } from '../../../src/tensor/batched-convolutions.ts';
import { type ConvolutionShape, convolutionOutputSize } from '../../../src/tensor/convolution-shape.ts';
import { registerSimdBackend } from '../../../src/tensor/simd/register.ts';
import { tf } from '../../../src/tensor/tf.ts';

const shape: ConvolutionShape = {
  ...{ networks: 3, height: 13, width: 11, channels: 2 },
  layers: [{ filters: 3 }, { filters: 4, normalize: true, pool: false }, { filters: 2, normalize: true }],
  padded: true,
};
const images = () => tf.randomNormal<tf.Rank.R4>([5, 13, 11, 2], 0.5, 2, 'float32', 7);

/** The same stacks by tfjs's own operations, one network at a time; statistics of the batch. */
function reference(x: tf.Tensor4D, arrays: ReturnType<typeof drawConvolutions>): tf.Tensor {
  const take = (index: number, part: string, e: number, size: number[]) => {
    const { data } = arrays[`convolutions.${index}.${part}`] as { data: Float32Array };
    const length = data.length / shape.networks;
    return tf.tensor(data.slice(e * length, (e + 1) * length), size);
  };
  const stacks = Array.from({ length: shape.networks }, (_, e) => {
    let state: tf.Tensor4D = x;
    shape.layers.forEach(({ filters, normalize, pool }, index) => {
      const kernel = take(index, 'weights', e, [3, 3, state.shape[3], filters]) as tf.Tensor4D;
      let y = tf.conv2d(state, kernel, 1, 'same');
      if (normalize === true) {
        const { mean, variance } = tf.moments(y, [0, 1, 2]);
        y = tf.mul(
          tf.div(tf.sub(y, mean), tf.sqrt(tf.add(variance, 1e-5))),
          take(index, 'gain', e, [filters]),
        );
      }
      y = tf.relu(tf.add(y, take(index, 'bias', e, [filters])));
      state = pool === false ? y : tf.maxPool(y, 2, 2, 'valid');
    });
    return tf.reshape(state, [x.shape[0], -1]);
  });
  return tf.stack(stacks);
}

/** Starting weights with gains and offsets that matter. */
function draw(): ReturnType<typeof drawConvolutions> {
  const rng = Rng.fromSeed('gains');
  const arrays = drawConvolutions(shape, Rng.fromSeed(1));
  for (const [name, { data }] of Object.entries(arrays)) {
    if (/gain|bias/.test(name)) for (let i = 0; i < data.length; i++) data[i] = rng.normal(0.5, 0.5);
  }
  return arrays;
}

for (const backend of ['cpu', 'simd'] as const) {
  describe(`stacks of convolutional layers on ${backend}`, () => {
    beforeAll(async () => {
      if (backend === 'simd') await registerSimdBackend({ threads: 2 });
      await tf.setBackend(backend);
    });

    it('answer as convolution, normalization, rectifier and pooling one after the other', async () => {
      const arrays = draw();
      const stack = new BatchedConvolutions(shape, arrays);
      const [found, expected] = [stack.forward(images(), true), reference(images(), arrays)];
      expect(found.shape).toEqual([3, 5, convolutionOutputSize(shape)]);
      const difference = await tf.max(tf.abs(tf.sub(found, expected))).data();
      expect(difference[0]).toBeLessThan(1e-4);
      stack.dispose();
    });

    it('have the gradients of those', (ctx) => {
      if (backend === 'cpu') return ctx.skip('the slopes by differences take long there');
      const arrays = draw();
      const stack = new BatchedConvolutions(shape, arrays);
      const loss = () => tf.mean<tf.Scalar>(tf.square(stack.forward(images(), true)));
      const { grads } = tf.variableGrads(loss, [...stack.variables]);
      for (const variable of stack.variables) {
        const values = variable.dataSync().slice();
        const gradient = grads[variable.name]?.dataSync() as Float32Array;
        for (const at of [0, Math.floor(values.length / 2), values.length - 1]) {
          const slope = [1e-3, -1e-3].map((step) => {
            const moved = values.slice();
            moved[at] = (moved[at] as number) + step;
            variable.assign(tf.tensor(moved, variable.shape));
            return loss().dataSync()[0] as number;
          });
          variable.assign(tf.tensor(values, variable.shape));
          const numeric = ((slope[0] as number) - (slope[1] as number)) / 2e-3;
          expect(Math.abs((gradient[at] as number) - numeric)).toBeLessThan(
            0.03 * Math.max(0.1, Math.abs(numeric)),
          );
        }
      }
      stack.dispose();
    });

    it('once calibrated, answer the same in any company', async () => {
      const before = tf.memory().numTensors;
      const stack = new BatchedConvolutions(shape, draw());
      stack.calibrate([images()]);
      const whole = tf.tidy(() => stack.forward(images(), true));
      const alone = tf.tidy(() => stack.forward(tf.slice(images(), 0, 1), false));
      const first = tf.tidy(() => tf.slice(whole, 0, [3, 1, -1]));
      const difference = tf.tidy(() => tf.max(tf.abs(tf.sub(first, alone))).dataSync()[0]);
      expect(difference).toBeLessThan(1e-4);
      const copy = new BatchedConvolutions(shape, drawConvolutions(shape, Rng.fromSeed(9)));
      copy.assign(await stack.toArrays());
      const again = tf.tidy(() => copy.forward(tf.slice(images(), 0, 1), false));
      expect([...again.dataSync()]).toEqual([...alone.dataSync()]);
      tf.dispose([whole, alone, first, again]);
      stack.dispose();
      copy.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });

    it('give finite answers to images without contrast', () => {
      const stack = new BatchedConvolutions(shape, draw());
      const answers = tf.tidy(() => stack.forward(tf.ones([4, 13, 11, 2]), true).dataSync());
      expect(answers.every(Number.isFinite)).toBe(true);
      stack.dispose();
    });
  });
}

it('stacks that contradict themselves, and arrays that do not fit, are refused', () => {
  const small = { ...shape, height: 4, padded: false };
  expect(() => drawConvolutions(small, Rng.fromSeed(0))).toThrow(ConfigError);
  expect(() => convolutionOutputSize({ ...shape, layers: [{ filters: 0 }] })).toThrow(ConfigError);
  expect(() => new BatchedConvolutions(shape, {})).toThrow(CheckpointError);
});
