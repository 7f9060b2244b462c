import { beforeAll, describe, expect, it } from 'vitest';
import { CheckpointError, ConfigError } from '../../../src/errors.ts';
import { Rng } from '../../../src/random.ts';
import { selectBackend } from '../../../src/tensor/backend.ts';
import { BatchedMlp } from '../../../src/tensor/batched-mlp.ts';
import type { MlpShape } from '../../../src/tensor/mlp-shape.ts';
import { gaussianLogLikelihood } from '../../../src/tensor/ops/gaussian-log-likelihood.ts';
import { AdamW, type AdamWOptions } from '../../../src/tensor/optimizer.ts';
import { tf } from '../../../src/tensor/tf.ts';

const shape: MlpShape = { networks: 3, inputSize: 2, hidden: [8], outputSize: 1, activation: 'silu' };

function regression() {
  const rng = Rng.fromSeed('regression');
  const x = tf.tensor2d(
    Float32Array.from({ length: 64 }, () => rng.normal()),
    [32, 2],
  );
  const y = tf.tidy(() => tf.sum(tf.square(x), 1, true) as tf.Tensor2D);
  const mlp = BatchedMlp.draw(shape, Rng.fromSeed(1));
  const loss = (): tf.Scalar => tf.neg(tf.mean(gaussianLogLikelihood(mlp.forward(x), y, tf.scalar(0))));
  return { mlp, loss };
}

/** AdamW by the book (Loshchilov and Hutter 2019, algorithm 2), in double precision. */
class BookAdamW {
  readonly m: number[];
  readonly v: number[];
  t = 0;

  constructor(readonlyWeights: readonly number[]) {
    this.m = readonlyWeights.map(() => 0);
    this.v = readonlyWeights.map(() => 0);
  }

  step(weights: number[], gradient: readonly number[], rate: number, decay: number): void {
    this.t++;
    for (let i = 0; i < weights.length; i++) {
      this.m[i] = 0.9 * this.m[i]! + 0.1 * gradient[i]!;
      this.v[i] = 0.999 * this.v[i]! + 0.001 * gradient[i]! ** 2;
      const mHat = this.m[i]! / (1 - 0.9 ** this.t);
      const vHat = this.v[i]! / (1 - 0.999 ** this.t);
      weights[i] = weights[i]! - rate * (mHat / (Math.sqrt(vHat) + 1e-8) + decay * weights[i]!);
    }
  }
}

describe.each(['js', 'simd'] as const)('AdamW on %s', (backendName) => {
  beforeAll(async () => {
    await selectBackend(backendName);
  });

  it('spares clones of a variable', () => {
    const variable = tf.variable(tf.tensor1d([1, 2]));
    const clone = variable.clone();
    new AdamW([variable]).step(() => tf.sum(variable), 0.1);
    expect([...clone.dataSync()]).toEqual([1, 2]);
    expect(variable.dataSync()[0]).toBeCloseTo(0.9, 5);
  });

  it('takes the steps of the book, with decay on the matrix and none on the bias', () => {
    const start = [1, -2, 3, 4];
    const scales = [1, 10, -0.1, 5];
    const matrix = tf.variable(tf.tensor2d(start, [2, 2]));
    const bias = tf.variable(tf.tensor1d(start));
    const optimizer = new AdamW([matrix, bias], { weightDecay: 0.1 });
    const expected = [[...start], [...start]];
    const books = expected.map((weights) => new BookAdamW(weights));
    for (let i = 0; i < 20; i++) {
      const rate = 0.05 / (1 + i);
      // the gradient of Σ scale·w³/3 is scale·w²
      const loss = optimizer.step(
        () =>
          tf.add<tf.Scalar>(
            tf.sum(tf.mul(tf.pow(tf.reshape(matrix, [4]), 3), tf.tensor1d(scales).div(3))),
            tf.sum(tf.mul(tf.pow(bias, 3), tf.tensor1d(scales).div(3))),
          ),
        rate,
      );
      expect(loss.shape).toEqual([]);
      expected.forEach((weights, k) => {
        const gradient = weights.map((w, j) => scales[j]! * w * w);
        books[k]!.step(weights, gradient, rate, k === 0 ? 0.1 : 0);
      });
    }
    [matrix, bias].forEach((variable, k) => {
      const found = variable.dataSync();
      expected[k]!.forEach((value, j) => {
        expect(found[j]).toBeCloseTo(value, 4);
      });
    });
  });

  it('scales all gradients to the joint norm that was asked for', () => {
    const step = (options: AdamWOptions): number[] => {
      const [a, b] = [tf.variable(tf.tensor1d([0])), tf.variable(tf.tensor1d([0]))];
      const optimizer = new AdamW([a, b], { ...options, beta1: 0, beta2: 0, epsilon: 1 });
      optimizer.step(() => tf.add<tf.Scalar>(tf.sum(tf.mul(a, 3)), tf.sum(tf.mul(b, 4))), 1);
      return [a.dataSync()[0]!, b.dataSync()[0]!];
    };
    // without moments the step is g / (|g| + 1)
    expect(step({})[0]).toBeCloseTo(-3 / 4, 5);
    expect(step({ clipNorm: 100 })[1]).toBeCloseTo(-4 / 5, 5);
    expect(step({ clipNorm: 1 })[0]).toBeCloseTo(-0.6 / 1.6, 5);
    expect(step({ clipNorm: 1 })[1]).toBeCloseTo(-0.8 / 1.8, 5);
  });

  it('lowers a loss, keeps the tensor count flat and never reads back', () => {
    const { mlp, loss } = regression();
    const optimizer = new AdamW(mlp.variables, { weightDecay: 0.01, clipNorm: 1 });
    const first = optimizer.step(loss, 1e-2);
    const before = tf.memory().numTensors;
    const backend = tf.backend();
    let reads = 0;
    const kept = { readSync: backend.readSync, read: backend.read };
    backend.readSync = (id) => {
      reads++;
      return kept.readSync.call(backend, id);
    };
    backend.read = (id) => {
      reads++;
      return kept.read.call(backend, id);
    };
    for (let i = 0; i < 50; i++) optimizer.step(loss, 1e-2).dispose();
    Object.assign(backend, kept);
    expect(reads).toBe(0);
    expect(tf.memory().numTensors).toBe(before);
    expect(optimizer.step(loss, 1e-2).dataSync()[0]).toBeLessThan(first.dataSync()[0]! - 1);
  });

  it('continues from a saved state with the same bits', async () => {
    const straight = regression();
    const a = new AdamW(straight.mlp.variables, { weightDecay: 0.01 });
    for (let i = 0; i < 5; i++) a.step(straight.loss, 1e-2);
    const saved = { weights: await straight.mlp.toArrays(), optimizer: await a.getState() };
    for (let i = 0; i < 5; i++) a.step(straight.loss, 1e-3);

    const resumed = regression();
    const b = new AdamW(resumed.mlp.variables, { weightDecay: 0.01 });
    for (let i = 0; i < 3; i++) b.step(resumed.loss, 1);
    resumed.mlp.assign(saved.weights);
    b.setState(saved.optimizer);
    for (let i = 0; i < 5; i++) b.step(resumed.loss, 1e-3);
    expect(await resumed.mlp.toArrays()).toEqual(await straight.mlp.toArrays());
    expect(await b.getState()).toEqual(await a.getState());
  });

  it('keeps the bits of networks that are not active', async () => {
    const { mlp, loss } = regression();
    const optimizer = new AdamW(mlp.variables, { weightDecay: 0.01 });
    optimizer.step(loss, 1e-2);
    const before = await mlp.toArrays();
    const momentsBefore = (await optimizer.getState()).moments;
    optimizer.setActive([1, 0, 1]);
    optimizer.step(loss, 1e-2);
    optimizer.step(loss, 1e-2);
    const after = await mlp.toArrays();
    const momentsAfter = (await optimizer.getState()).moments;
    for (const [old, now] of [
      [before, after],
      [momentsBefore, momentsAfter],
    ] as const) {
      for (const name of Object.keys(old)) {
        const part = old[name]!.data.length / 3;
        const same = [0, 1, 2].map(
          (e) =>
            old[name]!.data.slice(e * part, (e + 1) * part).join() ===
            now[name]!.data.slice(e * part, (e + 1) * part).join(),
        );
        expect(same, name).toEqual([false, true, false]);
      }
    }
    optimizer.setActive(null);
    optimizer.step(loss, 1e-2);
    expect((await mlp.toArrays())['layers.0.bias']).not.toEqual(after['layers.0.bias']);
  });

  it('leaves variables alone that the loss does not use', () => {
    const [used, unused] = [tf.variable(tf.tensor1d([1])), tf.variable(tf.tensor1d([1]))];
    new AdamW([used, unused]).step(() => tf.sum(used), 0.1);
    expect(used.dataSync()[0]).toBeCloseTo(0.9, 5);
    expect(unused.dataSync()[0]).toBe(1);
  });

  it('lets a gradient that is not finite show in the weights', () => {
    const variable = tf.variable(tf.tensor1d([0]));
    const optimizer = new AdamW([variable], { clipNorm: 1 });
    optimizer.step(() => tf.sum(tf.mul(variable, Number.NaN)), 0.1);
    expect(variable.dataSync()[0]).toBeNaN();
  });

  it('frees its moments, and only them', () => {
    const variable = tf.variable(tf.zeros([3, 3]));
    const before = tf.memory().numTensors;
    const optimizer = new AdamW([variable]);
    optimizer.setActive([1, 0, 1]);
    optimizer.step(() => tf.sum(variable), 0.1).dispose();
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
    expect(variable.isDisposed).toBe(false);
  });

  it('refuses options out of range and states of other variables', async () => {
    const variable = tf.variable(tf.zeros([3]));
    for (const options of [
      { beta1: 1 },
      { beta2: -0.1 },
      { epsilon: 0 },
      { weightDecay: -1 },
      { clipNorm: 0 },
    ]) {
      expect(() => new AdamW([variable], options)).toThrow(ConfigError);
    }
    const other = await new AdamW([tf.variable(tf.zeros([4]))]).getState();
    expect(() => new AdamW([variable]).setState(other)).toThrow(CheckpointError);
    expect(() => new AdamW([variable]).setState({ step: 1, moments: {} })).toThrow(/no such array/);
  });
});
