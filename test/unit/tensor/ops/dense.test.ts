import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { Rng } from '../../../../src/random.ts';
import { activations } from '../../../../src/tensor/ops/activation.ts';
import { dense } from '../../../../src/tensor/ops/dense.ts';

const rng = Rng.fromSeed(1);
const normal = (shape: number[]) =>
  tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => rng.normal()),
    shape,
  );

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('dense', () => {
  for (const activation of activations) {
    it(`has the gradient of its own finite differences (${activation})`, () => {
      const x = normal([1, 3, 4]) as tf.Tensor3D;
      const w = normal([2, 4, 5]) as tf.Tensor3D;
      const b = normal([2, 1, 5]) as tf.Tensor3D;
      const dy = normal([2, 3, 5]);
      const loss = (...t: tf.Tensor[]) =>
        tf.sum(tf.mul(dense(t[0] as tf.Tensor3D, t[1] as tf.Tensor3D, t[2] as tf.Tensor3D, activation), dy));
      const gradients = tf.grads(loss)([x, w, b]);
      for (const [i, input] of [x, w, b].entries()) {
        const values = input.dataSync();
        const gradient = (gradients[i] as tf.Tensor).dataSync();
        expect(gradients[i]?.shape).toEqual(input.shape);
        for (let j = 0; j < values.length; j++) {
          const at = (delta: number) => {
            const moved = values.slice();
            moved[j] = (moved[j] as number) + delta;
            const inputs = [x, w, b] as tf.Tensor[];
            inputs[i] = tf.tensor(moved, input.shape);
            return loss(...inputs).dataSync()[0] as number;
          };
          expect(Math.abs((at(2e-3) - at(-2e-3)) / 4e-3 - (gradient[j] as number))).toBeLessThan(0.02);
        }
      }
    });
  }
});
