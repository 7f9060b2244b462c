import { tf } from '../../tf.ts';
import type { SimdBackend, TensorInfo } from '../simd-backend.ts';
import { collapseBroadcast } from './broadcast.ts';
import { runBinary, runUnary } from './elementwise.ts';
import { fallback, type Kernel, SHARED_FLOPS, sizeOf } from './kernel.ts';

/** Rows of the product in one unit of work, as in the compiled kernel. */
const UNIT_ROWS = 64;

/** The numbering of activations in the compiled kernel. */
export const LINEAR = 0;
export const RELU = 1;

/** What a product computes beside a·b. */
export interface ProductOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Added to each row: [N], or one row per batch entry, [..., 1, N] with as many entries as the output. */
  readonly bias?: TensorInfo | undefined;
  readonly activation?: number;
  /** Where the product goes; a new tensor if left out. */
  readonly into?: TensorInfo;
}

/** The shape of a product and its sizes. */
function productShape(a: TensorInfo, b: TensorInfo, options: ProductOptions) {
  const { transposeA = false, transposeB = false } = options;
  const [aRows = 1, aColumns = 1] = a.shape.slice(-2);
  const [bRows = 1, bColumns = 1] = b.shape.slice(-2);
  const M = transposeA ? aColumns : aRows;
  const K = transposeA ? aRows : aColumns;
  const innerB = transposeB ? bColumns : bRows;
  const N = transposeB ? bRows : bColumns;
  if (K !== innerB) {
    throw new Error(
      `Error in matMul: inner shapes (${K}) and (${innerB}) of Tensors with shapes ${a.shape} and ` +
        `${b.shape} and transposeA=${transposeA} and transposeB=${transposeB} must match.`,
    );
  }
  const batch = tf.backend_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  return { M, N, K, batch };
}

/** Multiplies float32 matrices, batched and broadcast, with bias and activation. */
export function runMatMul(
  backend: SimdBackend,
  a: TensorInfo,
  b: TensorInfo,
  options: ProductOptions = {},
): TensorInfo {
  const { M, N, K, batch } = productShape(a, b, options);
  const { transposeA = false, transposeB = false, bias, activation = LINEAR } = options;
  const pa = backend.pointer(a);
  const pb = backend.pointer(b);
  const pBias = bias === undefined ? 0 : backend.pointer(bias);
  const biasStep = bias === undefined || sizeOf(bias.shape) === N ? 0 : 4 * N;
  const out = options.into ?? backend.output([...batch, M, N]);
  const pOut = backend.pointer(out);
  if (sizeOf(out.shape) === 0) return out;
  const [inner, ...outer] = collapseBroadcast(batch, a.shape.slice(0, -2), b.shape.slice(0, -2));
  const entries = inner?.size ?? 1;
  const [stepA = 0, stepB = 0] = inner?.steps ?? [];
  const unitsPerEntry = Math.ceil(M / UNIT_ROWS);
  const runs = outer.reduce((count, { size }) => count * size, 1);
  for (let run = 0; run < runs; run++) {
    let rest = run;
    let offsetA = 0;
    let offsetB = 0;
    for (const { size, steps } of outer) {
      const index = rest % size;
      rest = (rest - index) / size;
      offsetA += index * (steps[0] as number);
      offsetB += index * (steps[1] as number);
    }
    const args = [
      pa + 4 * offsetA * M * K,
      pb + 4 * offsetB * K * N,
      pOut + 4 * run * entries * M * N,
      M,
      N,
      K,
      4 * stepA * M * K,
      4 * stepB * K * N,
      4 * M * N,
      transposeA ? 1 : 0,
      transposeB ? 1 : 0,
      pBias === 0 ? 0 : pBias + run * entries * biasStep,
      biasStep,
      activation,
      0,
      unitsPerEntry,
    ];
    backend.run('batchMatMul', args, entries * unitsPerEntry, 2 * entries * M * N * K >= SHARED_FLOPS);
  }
  return out;
}

const batchMatMul: Kernel = (call) => {
  const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
  if (a.dtype !== 'float32' || b.dtype !== 'float32') return fallback(tf.BatchMatMul, call);
  const { transposeA, transposeB } = call.attrs as { transposeA: boolean; transposeB: boolean };
  return runMatMul(call.backend, a, b, { transposeA, transposeB });
};

/** tf.fused.matMul: bias and ReLU inside the product, other activations after it. */
const fusedMatMul: Kernel = (call) => {
  const { a, b, bias, preluActivationWeights } = call.inputs as {
    a: TensorInfo;
    b: TensorInfo;
    bias?: TensorInfo;
    preluActivationWeights?: TensorInfo;
  };
  const { transposeA, transposeB, activation, leakyreluAlpha } = call.attrs as {
    transposeA: boolean;
    transposeB: boolean;
    activation?: string | null;
    leakyreluAlpha?: number;
  };
  const { backend } = call;
  const columns = transposeB ? b.shape.at(-2) : b.shape.at(-1);
  const simple = activation === null || activation === undefined || activation === 'linear';
  const after = { sigmoid: 'logistic', relu6: 'relu6', leakyrelu: 'leakyRelu' } as const;
  const later = after[activation as keyof typeof after] as (typeof after)[keyof typeof after] | undefined;
  const usual = simple || activation === 'relu' || later !== undefined;
  const floats = [a, b, ...(bias === undefined ? [] : [bias])].every((x) => x.dtype === 'float32');
  if (!usual || !floats || preluActivationWeights !== undefined) return fallback(tf._FusedMatMul, call);
  const perRow = bias === undefined || sizeOf(bias.shape) === columns;
  const inside = perRow && activation === 'relu' ? RELU : LINEAR;
  let out = runMatMul(backend, a, b, {
    transposeA,
    transposeB,
    bias: perRow ? bias : undefined,
    activation: inside,
  });
  const replace = (next: TensorInfo | undefined) => {
    if (next === undefined) throw new Error('Error in fused matMul: the bias cannot be broadcast');
    backend.disposeData(out.dataId);
    out = next;
  };
  if (!perRow) {
    replace(runBinary(backend, 'add', out, bias as TensorInfo));
    if (activation === 'relu') replace(runUnary(backend, 'rectify', out));
  }
  if (later !== undefined) replace(runUnary(backend, later, out, leakyreluAlpha));
  return out;
};

/** Matrix products by their tfjs names. */
export const matMulKernels: ReadonlyMap<string, Kernel> = new Map([
  [tf.BatchMatMul, batchMatMul],
  [tf._FusedMatMul, fusedMatMul],
]);
