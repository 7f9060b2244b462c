import { beforeAll, describe, expect, it } from 'vitest';
import { CheckpointError, ConfigError } from '../../../src/errors.ts';
import { Rng } from '../../../src/random.ts';
import { BatchedMlp } from '../../../src/tensor/batched-mlp.ts';
import { drawMlp } from '../../../src/tensor/mlp-init.ts';
import { type MlpShape, pickNetworks } from '../../../src/tensor/mlp-shape.ts';
import { activations } from '../../../src/tensor/ops/activation.ts';
import { tf } from '../../../src/tensor/tf.ts';
import { referenceForward, widen } from './reference-mlp.ts';

const base: MlpShape = {
  networks: 3,
  inputSize: 2,
  hidden: [5, 5, 5],
  outputSize: 2,
  activation: 'tanh',
};
const forms: Readonly<Record<string, Partial<MlpShape>>> = {
  'independent networks': {},
  'a shared trunk with a head per network': { sharedWeights: 3, sharedBiases: 3 },
  'shared weights with biases per network': { sharedWeights: 2 },
  'one trunk layer, then shared weights': { sharedWeights: 2, sharedBiases: 1 },
  'residual blocks': { residual: true },
  'residual blocks on shared weights': { residual: true, sharedWeights: 2 },
  'no hidden layer': { hidden: [] },
  'one network': { networks: 1 },
};

function normals(count: number, name: string): Float32Array {
  const rng = Rng.fromSeed(name);
  return Float32Array.from({ length: count }, () => rng.normal());
}

describe('BatchedMlp', () => {
  beforeAll(() => tf.setBackend('cpu'));

  for (const [name, form] of Object.entries(forms)) {
    const shape: MlpShape = { ...base, ...form };
    const batch = 4;
    const { networks, inputSize, outputSize } = shape;
    const x = normals(networks * batch * inputSize, 'x');
    const weighting = normals(networks * batch * outputSize, 'weighting');

    it(`computes what the definition says: ${name}`, () => {
      const mlp = BatchedMlp.draw(shape, Rng.fromSeed(1));
      const weights = widen(drawMlp(shape, Rng.fromSeed(1)));
      const output = mlp.forward(tf.tensor3d(x, [networks, batch, inputSize])).dataSync();
      for (let e = 0; e < networks; e++) {
        for (let b = 0; b < batch; b++) {
          const row = e * batch + b;
          const input = x.subarray(row * inputSize, (row + 1) * inputSize);
          referenceForward(shape, weights, e, input).forEach((expected, n) => {
            expect(output[row * outputSize + n]).toBeCloseTo(expected, 5);
          });
        }
      }
      mlp.dispose();
    });

    it(`has the gradients of finite differences in double precision: ${name}`, () => {
      const mlp = BatchedMlp.draw(shape, Rng.fromSeed(1));
      const weights = widen(drawMlp(shape, Rng.fromSeed(1)));
      const loss = (): number => {
        let sum = 0;
        for (let e = 0; e < networks; e++) {
          for (let b = 0; b < batch; b++) {
            const row = e * batch + b;
            const input = x.subarray(row * inputSize, (row + 1) * inputSize);
            referenceForward(shape, weights, e, input).forEach((value, n) => {
              sum += value * weighting[row * outputSize + n]!;
            });
          }
        }
        return sum;
      };
      const { grads } = tf.variableGrads(
        () =>
          tf.sum(
            tf.mul(
              mlp.forward(tf.tensor3d(x, [networks, batch, inputSize])),
              tf.tensor3d(weighting, [networks, batch, outputSize]),
            ),
          ),
        [...mlp.variables],
      );
      const names = mlp.variables.map(
        (_, i) => `layers.${Math.floor(i / 2)}.${i % 2 === 0 ? 'weights' : 'bias'}`,
      );
      mlp.variables.forEach((variable, i) => {
        const gradient = grads[variable.name]!.dataSync();
        const array = weights[names[i]!]!;
        for (let j = 0; j < array.length; j++) {
          const kept = array[j]!;
          array[j] = kept + 1e-5;
          const above = loss();
          array[j] = kept - 1e-5;
          const below = loss();
          array[j] = kept;
          expect(gradient[j], `${names[i]}[${j}]`).toBeCloseTo((above - below) / 2e-5, 4);
        }
      });
      mlp.dispose();
    });

    it(`treats one input for all networks like that input repeated: ${name}`, () => {
      const mlp = BatchedMlp.draw(shape, Rng.fromSeed(1));
      const shared = tf.tensor2d(x.subarray(0, batch * inputSize), [batch, inputSize]);
      const repeated = tf.tile(tf.expandDims<tf.Tensor3D>(shared, 0), [networks, 1, 1]);
      const once = mlp.forward(shared);
      expect(once.shape).toEqual([networks, batch, outputSize]);
      expect([...once.dataSync()]).toEqual([...mlp.forward(repeated).dataSync()]);
      mlp.dispose();
    });
  }

  it('draws network e alike however many networks there are, within ±1/√K', () => {
    const few = drawMlp({ ...base, networks: 2 }, Rng.fromSeed(7));
    const many = drawMlp({ ...base, networks: 5 }, Rng.fromSeed(7));
    for (const name of Object.keys(few)) {
      const start = few[name]!.data;
      expect([...many[name]!.data.subarray(0, start.length)]).toEqual([...start]);
    }
    const wide = drawMlp({ ...base, hidden: [1000], inputSize: 16 }, Rng.fromSeed(7));
    const values = [...(wide['layers.0.weights']!.data as Float32Array)];
    expect(Math.max(...values)).toBeLessThanOrEqual(0.25);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-0.25);
    const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    expect(variance).toBeCloseTo(0.25 ** 2 / 3, 3);
  });

  it('gives the same outputs after its weights went through arrays', async () => {
    const mlp = BatchedMlp.draw(base, Rng.fromSeed(1));
    const copy = new BatchedMlp(base, await mlp.toArrays());
    const other = BatchedMlp.draw(base, Rng.fromSeed(2));
    other.assign(await mlp.toArrays());
    const input = tf.tensor2d(normals(8, 'rows'), [4, 2]);
    const expected = [...mlp.forward(input).dataSync()];
    expect([...copy.forward(input).dataSync()]).toEqual(expected);
    expect([...other.forward(input).dataSync()]).toEqual(expected);
  });

  it('keeps copies: changing the arrays afterwards changes nothing', async () => {
    const arrays = drawMlp(base, Rng.fromSeed(1));
    const mlp = new BatchedMlp(base, arrays);
    const saved = await mlp.toArrays();
    (arrays['layers.0.weights']!.data as Float32Array).fill(0);
    (saved['layers.1.weights']!.data as Float32Array).fill(0);
    expect(await mlp.toArrays()).toEqual(drawMlp(base, Rng.fromSeed(1)));
  });

  it('frees everything', () => {
    const before = tf.memory().numTensors;
    const mlp = BatchedMlp.draw({ ...base, residual: true, sharedWeights: 2 }, Rng.fromSeed(1));
    const input = tf.tensor2d(normals(8, 'rows'), [4, 2]);
    mlp.forward(input).dispose();
    input.dispose();
    mlp.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('says which saved array does not fit, and changes no weight then', async () => {
    const mlp = BatchedMlp.draw(base, Rng.fromSeed(1));
    const { 'layers.3.bias': _, ...incomplete } = drawMlp(base, Rng.fromSeed(2));
    expect(() => mlp.assign(incomplete)).toThrow(CheckpointError);
    expect(() => mlp.assign(incomplete)).toThrow(/layers\.3\.bias/);
    const narrow = drawMlp({ ...base, inputSize: 3 }, Rng.fromSeed(2));
    expect(() => new BatchedMlp(base, narrow)).toThrow(
      /layers\.0\.weights[\s\S]*\[3, 3, 5\][\s\S]*\[3, 2, 5\]/,
    );
    expect(await mlp.toArrays()).toEqual(drawMlp(base, Rng.fromSeed(1)));
  });

  it('refuses shapes that contradict themselves', () => {
    const bad: Partial<MlpShape>[] = [
      { networks: 0 },
      { hidden: [5, 0] },
      { inputSize: 1.5 },
      { sharedWeights: 4 },
      { sharedWeights: 1, sharedBiases: 2 },
      { sharedWeights: -1 },
      { residual: true, hidden: [5, 5] },
      { residual: true, hidden: [5, 5, 6] },
    ];
    for (const part of bad) expect(() => drawMlp({ ...base, ...part }, Rng.fromSeed(1))).toThrow(ConfigError);
  });

  it('picks networks out of saved ones', async () => {
    const shape: MlpShape = { ...base, sharedWeights: 1 };
    const arrays = drawMlp(shape, Rng.fromSeed(1));
    const picked = new BatchedMlp({ ...shape, networks: 4 }, pickNetworks(arrays, 3, [2, 0, 0, 1]));
    const input = tf.tensor2d(normals(8, 'rows'), [4, 2]);
    const all = tf.unstack(new BatchedMlp(shape, arrays).forward(input)).map((t) => [...t.dataSync()]);
    const some = tf.unstack(picked.forward(input)).map((t) => [...t.dataSync()]);
    expect(some).toEqual([all[2], all[0], all[0], all[1]]);
  });

  it('accepts every activation', () => {
    for (const activation of activations) {
      const mlp = BatchedMlp.draw({ ...base, activation }, Rng.fromSeed(3));
      expect(mlp.forward(tf.ones<tf.Rank.R3>([1, 1, 2])).shape).toEqual([3, 1, 2]);
    }
  });
});
