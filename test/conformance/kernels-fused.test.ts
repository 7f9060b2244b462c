import { beforeAll, describe, expect, it } from 'vitest';
import { Rng } from '../../src/random.ts';
import { activations } from '../../src/tensor/ops/activation.ts';
import { adamUpdate } from '../../src/tensor/ops/adam-update.ts';
import { attention, causalMask } from '../../src/tensor/ops/attention.ts';
import { dense } from '../../src/tensor/ops/dense.ts';
import { gaussianLogLikelihood } from '../../src/tensor/ops/gaussian-log-likelihood.ts';
import { layerNorm } from '../../src/tensor/ops/layer-norm.ts';
import { logSoftmax, logSumExp } from '../../src/tensor/ops/log-sum-exp.ts';
import { softmaxCrossEntropy } from '../../src/tensor/ops/softmax-cross-entropy.ts';
import { registerSimdBackend } from '../../src/tensor/simd/register.ts';
import { tf } from '../../src/tensor/tf.ts';
import { type Case, Draw, difference, runOn } from './kernels-support.ts';

/** The value of a call, and the gradients of Σ weight·value with respect to every input. */
function withGradients(op: (...inputs: tf.Tensor[]) => tf.Tensor): Case['run'] {
  return (...inputs) => {
    const value = op(...inputs);
    const random = Rng.fromSeed('weights');
    const weights = tf.tensor(
      Array.from({ length: value.size }, () => random.normal()),
      value.shape,
    );
    const gradients = tf.grads((...xs: tf.Tensor[]) => tf.sum(tf.mul(op(...xs), weights)))(inputs);
    return [value, ...gradients];
  };
}

type MakeCase = (draw: Draw) => Case;

const denseCase =
  (activation: (typeof activations)[number], shared: { input?: boolean; weights?: boolean } = {}): MakeCase =>
  (draw) => {
    const E = draw.pick([1, 2, 9, 16]);
    const [B, K, N] = [draw.pick([draw.size(70), 32]), draw.size(20), draw.size(20)];
    return {
      inputs: [
        draw.floats([shared.input === true ? 1 : E, B, K], { scale: 1 }),
        draw.floats([shared.weights === true ? 1 : E, K, N], { scale: 1 }),
        draw.floats([E, 1, N]),
      ],
      run: withGradients((x, w, b) =>
        dense(x as tf.Tensor3D, w as tf.Tensor3D, b as tf.Tensor3D, activation),
      ),
    };
  };

const cases: Readonly<Record<string, MakeCase>> = {
  ...Object.fromEntries(
    activations.flatMap((activation) => [
      [`dense, ${activation}`, denseCase(activation)],
      [`dense, ${activation}, shared input`, denseCase(activation, { input: true })],
      [`dense, ${activation}, shared weights`, denseCase(activation, { weights: true })],
      [
        `dense, ${activation}, shared input and weights`,
        denseCase(activation, { input: true, weights: true }),
      ],
    ]),
  ),
  gaussianLogLikelihood: (draw) => {
    const [E, B, D] = [draw.size(4), draw.size(300), draw.size(6)];
    return {
      inputs: [
        draw.floats([E, B, D]),
        draw.floats([draw.pick([1, E]), B, D]),
        draw.floats(draw.pick([[], [D]])),
      ],
      run: withGradients((mean, target, logVariance) =>
        gaussianLogLikelihood(mean as tf.Tensor3D, target as tf.Tensor3D, logVariance as tf.Tensor1D),
      ),
    };
  },
  logSumExp: (draw) => ({
    inputs: [
      draw.floats(
        [...draw.shape(2), draw.size(30)].map((n) => Math.max(1, n)),
        { scale: 30 },
      ),
    ],
    run: withGradients((x) => logSumExp(x)),
  }),
  logSoftmax: (draw) => ({
    inputs: [draw.floats([draw.size(9), draw.size(30)], { scale: 30 })],
    run: withGradients((x) => logSoftmax(x)),
  }),
  softmaxCrossEntropy: (draw) => {
    const shape = [draw.size(40), draw.size(30)];
    const targets = draw.floats(shape);
    return {
      inputs: [
        draw.floats(shape, { scale: 10 }),
        { ...targets, values: targets.values.map((v) => Math.max(v, 0)) },
      ],
      run: withGradients((logits, targets) => softmaxCrossEntropy(logits, targets)),
    };
  },
  layerNorm: (draw) => {
    const D = 2 + draw.size(30);
    return {
      inputs: [draw.floats([draw.size(5), draw.size(9), D]), draw.floats([D]), draw.floats([D])],
      run: withGradients((x, gain, offset) => layerNorm(x, gain as tf.Tensor1D, offset as tf.Tensor1D)),
    };
  },
  attention: (draw) => {
    const [batch, T, D] = [draw.size(3), draw.size(12), draw.size(9)];
    const causal = draw.rng.uniform() < 0.5;
    const one = () => draw.floats([batch, 2, T, D], { scale: 1 });
    return {
      inputs: [one(), one(), one()],
      run: withGradients((q, k, v) => attention(q, k, v, causal ? causalMask(T) : undefined)),
    };
  },
};

beforeAll(async () => {
  await registerSimdBackend({ threads: 2 });
});

describe('fused operations', () => {
  for (const [name, make] of Object.entries(cases)) {
    it(`${name}: values and gradients agree with plain operations`, async () => {
      for (let i = 0; i < 12; i++) {
        const seed = `${name} ${i}`;
        const found = await runOn('simd', make(new Draw(seed)));
        const expected = await runOn('cpu', make(new Draw(seed)));
        expect(difference(found, expected, { relative: 1e-4, absolute: 2e-4 }), seed).toBeUndefined();
      }
    });
  }

  it('Adam follows its definition, decays, clips and masks, and leaves clones alone', async () => {
    await tf.setBackend('simd');
    const draw = new Draw('adam');
    const shapes = [
      [3, 5, 7],
      [3, 1, 7],
      [4, 9000],
    ];
    const start = shapes.map((shape) => draw.floats(shape));
    const variables = start.map(({ values, shape }) => tf.variable(tf.tensor([...values], [...shape])));
    const moments = (): tf.Variable[] => shapes.map((shape) => tf.variable(tf.zeros(shape), false));
    const [m, v] = [moments(), moments()];
    const clone = tf.clone(variables[0] as tf.Tensor);
    const active = [1, 0, 1];
    const reference = start.map(({ values }) => ({
      x: [...values],
      m: values.map(() => 0),
      v: values.map(() => 0),
    }));
    const [beta1, beta2, epsilon, learningRate] = [0.9, 0.99, 1e-8, 0.05];
    for (let step = 1; step <= 5; step++) {
      const gradients = shapes.map((shape) => draw.floats(shape));
      const tensors = gradients.map(({ values, shape }) => tf.tensor([...values], [...shape]));
      const scale = tf.scalar(0.5);
      const parameters = variables.map((value, i) => ({
        value,
        gradient: tensors[i] as tf.Tensor,
        m: m[i] as tf.Variable,
        v: v[i] as tf.Variable,
        weightDecay: i === 0 ? 0.1 : 0,
      }));
      expect(adamUpdate(parameters, { learningRate, beta1, beta2, epsilon, step, scale, active })).toBe(true);
      for (const [i, state] of reference.entries()) {
        const perEntry = state.x.length / 3;
        for (let j = 0; j < state.x.length; j++) {
          if (shapes[i]?.[0] === 3 && active[Math.floor(j / perEntry)] === 0) continue;
          const g = 0.5 * (gradients[i]?.values[j] as number);
          state.m[j] = beta1 * (state.m[j] as number) + (1 - beta1) * g;
          state.v[j] = beta2 * (state.v[j] as number) + (1 - beta2) * g * g;
          const root = Math.sqrt((state.v[j] as number) / (1 - beta2 ** step)) + epsilon;
          const decayed = (state.x[j] as number) * (1 - learningRate * (i === 0 ? 0.1 : 0));
          state.x[j] = decayed - (learningRate * (state.m[j] as number)) / (1 - beta1 ** step) / root;
        }
      }
      tf.dispose([tensors, scale]);
    }
    for (const [i, { x }] of reference.entries()) {
      const found = (variables[i] as tf.Tensor).dataSync();
      expect(found.every((value, j) => Math.abs(value - (x[j] as number)) < 1e-4)).toBe(true);
    }
    expect([...clone.dataSync()]).toEqual([...(start[0]?.values ?? [])]);
    tf.dispose([variables, m, v, clone]);
  });

  it('say what does not fit', async () => {
    await tf.setBackend('simd');
    const zeros = (...shape: [number, number, number]) => tf.zeros(shape) as tf.Tensor3D;
    expect(() => dense(zeros(3, 4, 5), zeros(2, 5, 6), zeros(2, 1, 6))).toThrow(/do not fit/);
    expect(() => gaussianLogLikelihood(zeros(2, 4, 5), zeros(2, 4, 3), tf.scalar(0))).toThrow(/do not fit/);
  });
});
