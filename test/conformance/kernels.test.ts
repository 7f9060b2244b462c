import { beforeAll, describe, expect, it } from 'vitest';
import { registerSimdBackend, simdKernels } from '../../src/tensor/simd/register.ts';
import { tf } from '../../src/tensor/tf.ts';
import { type Case, Draw, difference, runOn } from './kernels-support.ts';

/** Sums of products are compared at the scale of their terms: they cancel. */
const absolute = (name: string): number => (/MatMul|Sum|Mean/.test(name) ? 1e-4 : 2e-6);

/** How many random calls of each kernel are compared. */
const repeats = 25;

type MakeCase = (draw: Draw) => Case;

const unary =
  (op: (x: tf.Tensor) => tf.Tensor, scale = 2): MakeCase =>
  (draw) => ({
    inputs: [draw.floats(draw.shape(), { specials: true, scale })],
    run: (x) => op(x as tf.Tensor),
  });

const binary =
  (op: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): MakeCase =>
  (draw) => {
    const shape = draw.shape();
    const other = draw.broadcastable(shape);
    const [a, b] = draw.rng.uniform() < 0.5 ? [shape, other] : [other, shape];
    const inputs = [draw.floats(a, { specials: true }), draw.floats(b, { specials: true })];
    return { inputs, run: (a, b) => op(a as tf.Tensor, b as tf.Tensor) };
  };

const reduction =
  (op: (x: tf.Tensor, axis: number[] | undefined, keepDims: boolean) => tf.Tensor): MakeCase =>
  (draw) => {
    const shape = draw.shape(4, 40).map((size) => Math.max(1, size));
    const axes = shape.map((_, d) => d).filter(() => draw.rng.uniform() < 0.5);
    const keepDims = draw.rng.uniform() < 0.5;
    const specials = draw.rng.uniform() < 0.2;
    return {
      inputs: [draw.floats(shape, { specials })],
      run: (x) => op(x as tf.Tensor, axes.length > 0 ? axes : undefined, keepDims),
    };
  };

const comparison = (op: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): MakeCase => binary(op);

/** Batched, broadcast and transposed; sizes from degenerate to several blocks deep. */
const product: MakeCase = (draw) => {
  const [M, N, K] = [0, 1, 2].map(() => draw.pick([1, 2, 3, 4, 5, 7, 8, 16, 33, 64, 70])) as [
    number,
    number,
    number,
  ];
  const deep = draw.rng.uniform() < 0.1 ? 600 : K;
  const [ta, tb] = [draw.rng.uniform() < 0.5, draw.rng.uniform() < 0.5];
  const batch = draw.pick([[], [3], [2, 2]]);
  const a = [...batch, ...(ta ? [deep, M] : [M, deep])];
  const b = [...batch, ...(tb ? [N, deep] : [deep, N])];
  return {
    inputs: [draw.floats(a, { scale: 1 }), draw.floats(b, { scale: 1 })],
    run: (a, b) => tf.matMul(a as tf.Tensor, b as tf.Tensor, ta, tb),
  };
};

const fusedProduct: MakeCase = (draw) => {
  const [M, N, K] = [draw.size(20), draw.size(20), draw.size(20)];
  const activation = draw.pick(['linear', 'relu', 'sigmoid', 'relu6', 'leakyrelu', 'elu'] as const);
  return {
    inputs: [draw.floats([M, K]), draw.floats([K, N]), draw.floats([N])],
    run: (a, b, bias) =>
      tf.fused.matMul({
        a: a as tf.Tensor2D,
        b: b as tf.Tensor2D,
        transposeA: false,
        transposeB: false,
        bias: bias as tf.Tensor,
        activation,
        leakyreluAlpha: 0.3,
      }),
  };
};

const anyKind = (draw: Draw, shape: readonly number[]) =>
  draw.pick([() => draw.floats(shape, { specials: true }), () => draw.integers(shape, 100)])();

const joined =
  (op: (xs: tf.Tensor[], axis: number) => tf.Tensor, equal: boolean): MakeCase =>
  (draw) => {
    const shape = draw.shape();
    const axis = draw.rng.integer(shape.length);
    const kind = draw.rng.uniform() < 0.5;
    const inputs = [0, 1, 2].map(() => {
      const own = shape.map((size, d) => (d === axis && !equal ? draw.size(5) : size));
      return kind ? draw.floats(own) : draw.integers(own, 50);
    });
    return { inputs, run: (...xs) => op(xs, axis) };
  };

/** Per kernel of ours, random calls that reach it. */
const cases: Readonly<Record<string, MakeCase>> = {
  Add: binary(tf.add),
  Sub: binary(tf.sub),
  Multiply: binary(tf.mul),
  RealDiv: binary(tf.div),
  Maximum: binary(tf.maximum),
  Minimum: binary(tf.minimum),
  SquaredDifference: binary(tf.squaredDifference),
  Neg: unary(tf.neg),
  Abs: unary(tf.abs),
  Exp: unary(tf.exp, 40),
  Log: unary(tf.log),
  Log1p: unary(tf.log1p),
  Sqrt: unary(tf.sqrt),
  Rsqrt: unary(tf.rsqrt),
  Square: unary(tf.square),
  Reciprocal: unary(tf.reciprocal),
  Relu: unary(tf.relu),
  Relu6: unary(tf.relu6, 6),
  LeakyRelu: unary((x) => tf.leakyRelu(x, 0.1)),
  Sigmoid: unary(tf.sigmoid, 10),
  Tanh: unary(tf.tanh),
  Softplus: unary(tf.softplus, 10),
  Erf: unary(tf.erf),
  Step: unary((x) => tf.step(x, 0.25)),
  Sign: unary(tf.sign),
  BatchMatMul: product,
  _FusedMatMul: fusedProduct,
  Sum: reduction(tf.sum),
  Mean: reduction(tf.mean),
  Max: reduction(tf.max),
  Min: reduction(tf.min),
  Softmax: (draw) => ({
    inputs: [draw.floats(draw.shape(), { specials: draw.rng.uniform() < 0.2, scale: 20 })],
    run: (x) => tf.softmax(x as tf.Tensor),
  }),
  Transpose: (draw) => {
    const shape = draw.shape(5, 6);
    return {
      inputs: [anyKind(draw, shape)],
      run: (x) => tf.transpose(x as tf.Tensor, draw.rng.shuffle(shape.map((_, d) => d))),
    };
  },
  Slice: (draw) => {
    const shape = draw.shape();
    const begin = shape.map((size) => (size === 0 ? 0 : draw.rng.integer(size)));
    const size = shape.map((size, d) => draw.rng.integer(size - (begin[d] as number) + 1));
    return { inputs: [anyKind(draw, shape)], run: (x) => tf.slice(x as tf.Tensor, begin, size) };
  },
  Concat: joined((xs, axis) => tf.concat(xs, axis), false),
  Pack: joined((xs, axis) => tf.stack(xs, axis), true),
  Unpack: (draw) => {
    const shape = draw.shape().map((size) => Math.max(1, size));
    const axis = draw.rng.integer(shape.length);
    return { inputs: [anyKind(draw, shape)], run: (x) => tf.unstack(x as tf.Tensor, axis) };
  },
  SplitV: (draw) => {
    const rest = draw.shape(3);
    return { inputs: [anyKind(draw, [6, ...rest])], run: (x) => tf.split(x as tf.Tensor, [1, 3, 2], 0) };
  },
  Tile: (draw) => {
    const shape = draw.shape(3, 5);
    return {
      inputs: [anyKind(draw, shape)],
      run: (x) =>
        tf.tile(
          x as tf.Tensor,
          shape.map(() => draw.size(3)),
        ),
    };
  },
  Fill: (draw) => ({ inputs: [], run: () => tf.fill(draw.shape(), draw.rng.normal()) }),
  ZerosLike: (draw) => ({ inputs: [anyKind(draw, draw.shape())], run: (x) => tf.zerosLike(x as tf.Tensor) }),
  OnesLike: (draw) => ({ inputs: [anyKind(draw, draw.shape())], run: (x) => tf.onesLike(x as tf.Tensor) }),
  PadV2: (draw) => {
    const shape = draw.shape(3);
    const paddings = shape.map(() => [draw.rng.integer(3), draw.rng.integer(3)] as [number, number]);
    return { inputs: [draw.floats(shape)], run: (x) => tf.pad(x as tf.Tensor, paddings, 1.5) };
  },
  GatherV2: (draw) => {
    const shape = draw.shape(3).map((size) => Math.max(1, size));
    const axis = draw.rng.integer(shape.length);
    return {
      inputs: [anyKind(draw, shape), draw.integers([draw.size(12)], shape[axis] as number)],
      run: (x, indices) => tf.gather(x as tf.Tensor, indices as tf.Tensor, axis),
    };
  },
  UnsortedSegmentSum: (draw) => {
    const rows = draw.size(20);
    return {
      inputs: [draw.floats([rows, ...draw.shape(2)]), draw.integers([rows], 7)],
      run: (x, ids) => tf.unsortedSegmentSum(x as tf.Tensor, ids as tf.Tensor1D, 6),
    };
  },
  Select: (draw) => {
    const shape = draw.shape();
    const floats = () => draw.floats(shape, { specials: true });
    return {
      inputs: [draw.booleans(shape), floats(), floats()],
      run: (condition, a, b) => tf.where(condition as tf.Tensor, a as tf.Tensor, b as tf.Tensor),
    };
  },
  Cast: (draw) => {
    const shape = draw.shape();
    const from = draw.pick([draw.booleans(shape), draw.integers(shape, 1000), draw.floats(shape)]);
    const to = draw.pick(['float32', 'int32', 'bool'] as const);
    return { inputs: [from], run: (x) => tf.cast(x as tf.Tensor, to) };
  },
  Greater: comparison(tf.greater),
  GreaterEqual: comparison(tf.greaterEqual),
  Less: comparison(tf.less),
  LessEqual: comparison(tf.lessEqual),
  Equal: comparison(tf.equal),
  NotEqual: comparison(tf.notEqual),
};

/** Kernels that tfjs has no operation for: kernels-fused.test.ts and kernels-convolution.test.ts compare their operations. */
const fused = [
  'AdamUpdate',
  'FusedDense',
  'FusedDenseGradients',
  'FusedDenseBackward',
  'GaussianLogLikelihood',
  'GaussianMeanGradient',
  'RowLogSoftmax',
  'RowLogSumExp',
  'MaskedSoftmax',
  'MaskedSoftmaxGradient',
  'FusedLayerNorm',
  'FusedLayerNormBackward',
  'ImagePatches',
  'ImagePatchesGradient',
  'ConvolvePool',
  'ConvolvePoolInputGradient',
  'ConvolvePoolFilterGradient',
];

beforeAll(async () => {
  await registerSimdBackend({ threads: 2 });
});

describe('kernels of the simd backend', () => {
  it('are all compared with those of the CPU backend', () => {
    expect([...Object.keys(cases), ...fused].sort()).toEqual([...simdKernels.keys()].sort());
  });

  for (const [name, make] of Object.entries(cases)) {
    it(`${name} agrees with the CPU backend`, async () => {
      for (let i = 0; i < repeats; i++) {
        const seed = `${name} ${i}`;
        const found = await runOn('simd', make(new Draw(seed)));
        const expected = await runOn('cpu', make(new Draw(seed)));
        expect(
          difference(found, expected, { relative: 1e-5, absolute: absolute(name) }),
          seed,
        ).toBeUndefined();
      }
    });
  }

  it('multiply with every broadcast of the batch dimensions, against double precision', async () => {
    await tf.setBackend('simd');
    const draw = new Draw('broadcast');
    for (const [batchA, batchB] of [
      [[1], [3]],
      [[3], [1]],
      [
        [2, 1],
        [1, 3],
      ],
      [[3], [2, 3]],
      [
        [2, 1, 2],
        [3, 1],
      ],
    ] as const) {
      const [M, N, K] = [5, 6, 7];
      const a = draw.floats([...batchA, M, K]);
      const b = draw.floats([...batchB, K, N]);
      const result = tf.tidy(() =>
        tf.matMul(tf.tensor([...a.values], [...a.shape]), tf.tensor([...b.values], [...b.shape])),
      );
      const batch = result.shape.slice(0, -2);
      const values = result.dataSync();
      const offset = (index: readonly number[], shape: readonly number[]) =>
        shape.reduce((at, size, d) => {
          const own = index[index.length - shape.length + d] as number;
          return at * size + (size === 1 ? 0 : own);
        }, 0);
      for (let e = 0; e < values.length / (M * N); e++) {
        let rest = e;
        const index = batch.map(() => 0);
        for (let d = batch.length - 1; d >= 0; d--) {
          index[d] = rest % (batch[d] as number);
          rest = Math.floor(rest / (batch[d] as number));
        }
        for (let i = 0; i < M; i++) {
          for (let j = 0; j < N; j++) {
            let sum = 0;
            for (let k = 0; k < K; k++) {
              const left = a.values[offset(index, batchA) * M * K + i * K + k] as number;
              sum += left * (b.values[offset(index, batchB) * K * N + k * N + j] as number);
            }
            expect(values[e * M * N + i * N + j]).toBeCloseTo(sum, 4);
          }
        }
      }
      result.dispose();
    }
  });

  it('sum millions of terms without losing digits, along any axis', async () => {
    await tf.setBackend('simd');
    const count = 3_276_800;
    for (const [shape, axis] of [
      [[count], 0],
      [[count / 64, 64], 0],
      [[4, count / 4], 1],
      [[count / 4, 4], 0],
    ] as const) {
      const total = tf.tidy(
        () =>
          tf
            .sum(tf.fill([...shape], 0.1), axis)
            .sum()
            .dataSync()[0] as number,
      );
      expect(Math.abs(total / (count * Math.fround(0.1)) - 1)).toBeLessThan(2e-6);
      const mean = tf.tidy(() => tf.mean(tf.fill([...shape], 0.1)).dataSync()[0] as number);
      expect(mean).toBeCloseTo(0.1, 6);
    }
  });

  it('leave the rest to the CPU backend, on the same tensors', async () => {
    await tf.setBackend('simd');
    const values = tf.tidy(() => {
      const x = tf.exp(tf.tensor2d([0, 1, 2, 3], [2, 2]));
      return [...tf.cumsum(tf.mul(x, 2), 1).dataSync()];
    });
    expect(values.map((v) => Number(v.toFixed(3)))).toEqual([2, 7.437, 14.778, 54.949]);
  });
});
