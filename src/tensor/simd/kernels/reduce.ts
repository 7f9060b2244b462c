import { tf } from '../../tf.ts';
import type { SimdBackend, TensorInfo } from '../simd-backend.ts';
import { fallback, type Kernel, type KernelCall, SHARED_ELEMENTS, sizeOf } from './kernel.ts';
import { runTranspose } from './movement.ts';

/** A tensor seen as [outer, axis, inner], of which the middle is reduced. */
export interface Reduction {
  readonly outer: number;
  readonly axis: number;
  readonly inner: number;
}

/** Columns in a unit of work where the first axis is summed, as in the compiled kernel. */
const COLUMNS = 1024;

/** Sums (or averages) over the middle axis, in double precision but for runs of 32, into a new or given tensor. */
export function runSum(
  backend: SimdBackend,
  x: TensorInfo,
  { outer, axis, inner }: Reduction,
  into: number[] | TensorInfo,
  mean = false,
): TensorInfo {
  const px = backend.pointer(x);
  const out = Array.isArray(into) ? backend.output(into) : into;
  const pOut = backend.pointer(out);
  if (outer * inner === 0) return out;
  const shared = outer * axis * inner >= SHARED_ELEMENTS;
  if (outer === 1 && inner > 1 && !mean) {
    backend.run('sumLeading', [px, pOut, axis, inner], Math.ceil(inner / COLUMNS), shared);
  } else {
    backend.run('sum', [px, pOut, axis, inner, mean ? 1 : 0, outer], outer, shared);
  }
  return out;
}

interface Reduced {
  readonly x: TensorInfo;
  readonly reduction: Reduction;
  readonly shape: number[];
  /** x is a copy made here, to be disposed of. */
  readonly owned: boolean;
}

/** Brings the reduced axes together, with a transposed copy where they are apart. */
function arrange(backend: SimdBackend, x: TensorInfo, axis: number | number[], keepDims: boolean): Reduced {
  const rank = x.shape.length;
  const axes = tf.util.parseAxisParam(axis, x.shape).sort((a, b) => a - b);
  const kept = x.shape.map((_, d) => d).filter((d) => !axes.includes(d));
  const shape = keepDims
    ? x.shape.map((size, d) => (axes.includes(d) ? 1 : size))
    : kept.map((d) => x.shape[d] as number);
  const product = (ds: readonly number[]) => ds.reduce((size, d) => size * (x.shape[d] as number), 1);
  const first = axes[0] ?? rank;
  const together = axes.every((d, i) => d === first + i);
  if (together) {
    const before = kept.filter((d) => d < first);
    const after = kept.filter((d) => d > first);
    const reduction = { outer: product(before), axis: product(axes), inner: product(after) };
    return { x, reduction, shape, owned: false };
  }
  const moved = runTranspose(backend, x, [...kept, ...axes]);
  return {
    x: moved,
    reduction: { outer: product(kept), axis: product(axes), inner: 1 },
    shape,
    owned: true,
  };
}

/** tfjs hands over one axis, several, or none for all of them. */
function axisOf(x: TensorInfo, axis: unknown): number | number[] {
  return axis === undefined || axis === null ? x.shape.map((_, d) => d) : (axis as number | number[]);
}

function reducing(
  name: string,
  run: (backend: SimdBackend, reduced: Reduced) => TensorInfo | undefined,
): [string, Kernel] {
  return [
    name,
    (call: KernelCall) => {
      const { x } = call.inputs as { x: TensorInfo };
      const { keepDims = false, ...named } = call.attrs as {
        axis?: unknown;
        reductionIndices?: unknown;
        keepDims?: boolean;
      };
      const axis = named.axis ?? named.reductionIndices; // tf.max alone calls it so
      // tfjs's own kernels say what is wrong with an empty axis, and keep integers exact
      if (x.dtype !== 'float32' || sizeOf(x.shape) === 0 || x.shape.length > 6) return fallback(name, call);
      const reduced = arrange(call.backend, x, axisOf(x, axis), keepDims);
      const out = run(call.backend, reduced);
      if (reduced.owned) call.backend.disposeData(reduced.x.dataId);
      return out ?? fallback(name, call);
    },
  ];
}

function runExtreme(backend: SimdBackend, reduced: Reduced, smallest: boolean): TensorInfo {
  const { outer, axis, inner } = reduced.reduction;
  const px = backend.pointer(reduced.x);
  const out = backend.output(reduced.shape);
  const args = [px, backend.pointer(out), axis, inner, smallest ? 1 : 0];
  backend.run('extreme', args, outer, outer * axis * inner >= SHARED_ELEMENTS);
  return out;
}

/** What a kernel over rows computes. */
export const SOFTMAX = 0;
export const LOG_SOFTMAX = 1;
export const LOG_SUM_EXP = 2;

/** Softmax, log-softmax (same shape) or log-sum-exp (last axis dropped) over the last axis. */
export function runSoftmax(backend: SimdBackend, x: TensorInfo, which: number): TensorInfo {
  const n = x.shape.at(-1) ?? 1;
  const px = backend.pointer(x);
  const out = backend.output(which === LOG_SUM_EXP ? x.shape.slice(0, -1) : x.shape);
  const rows = sizeOf(x.shape) / Math.max(n, 1);
  if (sizeOf(x.shape) > 0) {
    backend.run('softmaxRows', [px, backend.pointer(out), n, which], rows, 4 * rows * n >= SHARED_ELEMENTS);
  }
  return out;
}

const softmax: Kernel = (call) => {
  const { logits } = call.inputs as { logits: TensorInfo };
  const { dim } = call.attrs as { dim: number };
  const last = dim === -1 || dim === logits.shape.length - 1;
  if (logits.dtype !== 'float32' || !last || logits.shape.length === 0) return fallback(tf.Softmax, call);
  return runSoftmax(call.backend, logits, SOFTMAX);
};

/** Reductions by their tfjs names. */
export const reductionKernels: ReadonlyMap<string, Kernel> = new Map([
  reducing(tf.Sum, (backend, { x, reduction, shape }) => runSum(backend, x, reduction, shape)),
  reducing(tf.Mean, (backend, { x, reduction, shape }) => runSum(backend, x, reduction, shape, true)),
  reducing(tf.Max, (backend, reduced) => runExtreme(backend, reduced, false)),
  reducing(tf.Min, (backend, reduced) => runExtreme(backend, reduced, true)),
  [tf.Softmax, softmax],
]);
