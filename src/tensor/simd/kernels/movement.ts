import { tf } from '../../tf.ts';
import { floatBits, type SimdBackend, type TensorInfo } from '../simd-backend.ts';
import { collapse } from './broadcast.ts';
import { fallback, type Kernel, SHARED_ELEMENTS, sizeOf } from './kernel.ts';

const BLOCK = 4096;
/** Outer dimensions that the compiled copy walks. */
const MOST_OUTER = 5;
/** Columns in a unit of a segment sum, as in the compiled kernel. */
const SEGMENT_COLUMNS = 64;

/** Both have four bytes an element, which is all that a copy needs to know. */
const isWord = (x: TensorInfo) => x.dtype === 'float32' || x.dtype === 'int32';

/** The steps of a contiguous array, in elements. */
function contiguousSteps(shape: readonly number[]): number[] {
  const steps = new Array<number>(shape.length);
  let step = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    steps[d] = step;
    step *= shape[d] as number;
  }
  return steps;
}

/** Copies `shape` elements between two strided places, both given as byte offsets; false where it is too ragged. */
function copyStrided(
  backend: SimdBackend,
  from: number,
  to: number,
  shape: readonly number[],
  steps: readonly [readonly number[], readonly number[]],
): boolean {
  const total = sizeOf(shape);
  if (total === 0) return true;
  const [inner, ...outer] = collapse(shape, steps);
  if (inner === undefined || outer.length > MOST_OUTER) return false;
  // one long run is cut into blocks, so that threads can share it
  const whole = outer.length === 0 && inner.size > BLOCK && inner.size % BLOCK === 0;
  const length = whole ? BLOCK : inner.size;
  const args = [from, to, length, ...inner.steps, whole ? 1 : outer.length];
  if (whole) args.push(inner.size / BLOCK, ...inner.steps.map((step) => step * BLOCK));
  for (const { size, steps: own } of outer) args.push(size, ...own);
  backend.run('copyStrided', args, total / length, total >= SHARED_ELEMENTS);
  return true;
}

/** Permutes the dimensions of a tensor of 4-byte elements; of any rank up to 6. */
export function runTranspose(backend: SimdBackend, x: TensorInfo, perm: readonly number[]): TensorInfo {
  const shape = perm.map((d) => x.shape[d] as number);
  const from = contiguousSteps(x.shape);
  const px = backend.pointer(x);
  const out = backend.output(shape, x.dtype);
  const steps = [perm.map((d) => from[d] as number), contiguousSteps(shape)] as const;
  copyStrided(backend, px, backend.pointer(out), shape, steps);
  return out;
}

const transpose: Kernel = (call) => {
  const { x } = call.inputs as { x: TensorInfo };
  const { perm } = call.attrs as { perm: number[] };
  if (!isWord(x) || x.shape.length > MOST_OUTER + 1) return fallback(tf.Transpose, call);
  return runTranspose(call.backend, x, perm);
};

const slice: Kernel = (call) => {
  const { x } = call.inputs as { x: TensorInfo };
  const { begin, size } = call.attrs as { begin: number | number[]; size: number | number[] };
  if (!isWord(x) || x.shape.length > MOST_OUTER + 1) return fallback(tf.Slice, call);
  const [start, shape] = tf.slice_util.parseSliceParams(x as tf.Tensor, begin, size) as [number[], number[]];
  tf.slice_util.assertParamsValid(x as tf.Tensor, start, shape);
  return runSlice(call.backend, x, start, shape);
};

function runSlice(backend: SimdBackend, x: TensorInfo, start: number[], shape: number[]): TensorInfo {
  const from = contiguousSteps(x.shape);
  const offset = start.reduce((sum, at, d) => sum + at * (from[d] as number), 0);
  const px = backend.pointer(x);
  const out = backend.output(shape, x.dtype);
  copyStrided(backend, px + 4 * offset, backend.pointer(out), shape, [from, contiguousSteps(shape)]);
  return out;
}

/** Joins tensors along an axis; all have the same other sizes. */
function runConcat(
  backend: SimdBackend,
  xs: readonly TensorInfo[],
  axis: number,
  shape: number[],
): TensorInfo {
  const pointers = xs.map((x) => backend.pointer(x));
  const out = backend.output(shape, (xs[0] as TensorInfo).dtype);
  const to = contiguousSteps(shape);
  let at = backend.pointer(out);
  for (const [i, x] of xs.entries()) {
    copyStrided(backend, pointers[i] as number, at, x.shape, [contiguousSteps(x.shape), to]);
    at += 4 * (x.shape[axis] as number) * (to[axis] as number);
  }
  return out;
}

const concat: Kernel = (call) => {
  const xs = Object.values(call.inputs);
  const [first] = xs;
  const axis = tf.util.parseAxisParam((call.attrs as { axis: number }).axis, first?.shape ?? [])[0] as number;
  const usable =
    first !== undefined &&
    first.shape.length <= MOST_OUTER + 1 &&
    xs.every((x) => isWord(x) && x.dtype === first.dtype);
  if (!usable) return fallback(tf.Concat, call);
  tf.backend_util.assertParamsConsistent(
    xs.map((x) => x.shape),
    axis,
  );
  const shape = tf.backend_util.computeOutShape(
    xs.map((x) => x.shape),
    axis,
  );
  return runConcat(call.backend, xs, axis, shape);
};

const pack: Kernel = (call) => {
  const xs = Object.values(call.inputs);
  const [first] = xs;
  const { axis } = call.attrs as { axis: number };
  const usable =
    first !== undefined &&
    first.shape.length <= MOST_OUTER &&
    xs.every((x) => isWord(x) && x.dtype === first.dtype && x.shape.join() === first.shape.join());
  if (!usable) return fallback(tf.Pack, call);
  const at = axis < 0 ? axis + first.shape.length + 1 : axis;
  const unit = [...first.shape.slice(0, at), 1, ...first.shape.slice(at)];
  const shape = unit.map((size, d) => (d === at ? xs.length : size));
  const seen = xs.map((x) => ({ ...pick(x), shape: unit }));
  return runConcat(call.backend, seen, at, shape);
};

/** A tensor as plain information, to be looked at under another shape. */
const pick = ({ dataId, shape, dtype }: TensorInfo): TensorInfo => ({ dataId, shape, dtype });

const unpack: Kernel = (call) => {
  const { value } = call.inputs as { value: TensorInfo };
  const rank = value.shape.length;
  const given = (call.attrs as { axis: number }).axis;
  const axis = given < 0 ? given + rank : given;
  if (!isWord(value) || rank > MOST_OUTER + 1) return fallback(tf.Unpack, call);
  const shape = value.shape.filter((_, d) => d !== axis);
  const size = value.shape.map((n, d) => (d === axis ? 1 : n));
  return Array.from({ length: value.shape[axis] as number }, (_, i) => {
    const start = value.shape.map((_, d) => (d === axis ? i : 0));
    return { ...runSlice(call.backend, value, start, size), shape };
  });
};

const splitV: Kernel = (call) => {
  const { x } = call.inputs as { x: TensorInfo };
  const { numOrSizeSplits, axis: given } = call.attrs as { numOrSizeSplits: number | number[]; axis: number };
  if (!isWord(x) || x.shape.length > MOST_OUTER + 1) return fallback(tf.SplitV, call);
  const axis = tf.util.parseAxisParam(given, x.shape)[0] as number;
  const sizes = tf.backend_util.prepareSplitSize(x as tf.Tensor, numOrSizeSplits, axis);
  const start = x.shape.map(() => 0);
  return sizes.map((length) => {
    const size = x.shape.map((n, d) => (d === axis ? length : n));
    const part = runSlice(call.backend, x, start, size);
    start[axis] = (start[axis] as number) + length;
    return part;
  });
};

const tile: Kernel = (call) => {
  const { x } = call.inputs as { x: TensorInfo };
  const { reps } = call.attrs as { reps: number[] };
  // every dimension becomes two, (repeat, size): the copy steps 0 along the first
  const sizes = x.shape.flatMap((size, d) => [reps[d] as number, size]);
  const steps = contiguousSteps(x.shape).flatMap((step) => [0, step]);
  if (!isWord(x) || sizes.filter((size) => size !== 1).length > MOST_OUTER + 1)
    return fallback(tf.Tile, call);
  const { backend } = call;
  const px = backend.pointer(x);
  const out = backend.output(
    x.shape.map((size, d) => size * (reps[d] as number)),
    x.dtype,
  );
  copyStrided(backend, px, backend.pointer(out), sizes, [steps, contiguousSteps(sizes)]);
  return out;
};

function runFill(backend: SimdBackend, shape: number[], value: number, dtype: tf.DataType): TensorInfo {
  const out = backend.output(shape, dtype);
  const total = sizeOf(shape);
  const bits = dtype === 'float32' ? floatBits(value) : value;
  const args = [backend.pointer(out), total, bits];
  if (total > 0) backend.run('fill', args, Math.ceil(total / BLOCK), total >= SHARED_ELEMENTS);
  return out;
}

const fill: Kernel = (call) => {
  const { shape, value, dtype } = call.attrs as { shape: number[]; value: unknown; dtype?: tf.DataType };
  const float = dtype === 'float32' || (dtype === undefined && typeof value === 'number');
  if (!float || typeof value !== 'number') return fallback(tf.Fill, call);
  return runFill(call.backend, shape, value, 'float32');
};

const filledLike = (name: string, value: number): [string, Kernel] => [
  name,
  (call) => {
    const { x } = call.inputs as { x: TensorInfo };
    return isWord(x) ? runFill(call.backend, x.shape, value, x.dtype) : fallback(name, call);
  },
];

const padV2: Kernel = (call) => {
  const { x } = call.inputs as { x: TensorInfo };
  const { paddings, constantValue } = call.attrs as {
    paddings: [number, number][];
    constantValue: number;
  };
  if (!isWord(x) || x.shape.length > MOST_OUTER + 1) return fallback(tf.PadV2, call);
  const shape = x.shape.map((size, d) => {
    const [before, after] = paddings[d] as [number, number];
    return before + size + after;
  });
  const { backend } = call;
  const px = backend.pointer(x);
  const out = runFill(backend, shape, constantValue, x.dtype);
  const to = contiguousSteps(shape);
  const offset = paddings.reduce((sum, [before], d) => sum + before * (to[d] as number), 0);
  copyStrided(backend, px, backend.pointer(out) + 4 * offset, x.shape, [contiguousSteps(x.shape), to]);
  return out;
};

const gatherV2: Kernel = (call) => {
  const { x, indices } = call.inputs as { x: TensorInfo; indices: TensorInfo };
  const { axis: given, batchDims } = call.attrs as { axis: number; batchDims: number };
  const { backend } = call;
  if (!isWord(x) || indices.dtype !== 'int32' || batchDims !== 0) return fallback(tf.GatherV2, call);
  const axis = tf.util.parseAxisParam(given, x.shape)[0] as number;
  const rows = x.shape[axis] as number;
  const outer = sizeOf(x.shape.slice(0, axis));
  const length = sizeOf(x.shape.slice(axis + 1));
  const pi = backend.pointer(indices);
  const count = sizeOf(indices.shape);
  const found = backend.heap.i32.subarray(pi / 4, pi / 4 + count).find((i) => i < 0 || i >= rows);
  if (found !== undefined) {
    throw new Error(`GatherV2: the index value ${found} is not in [0, ${rows - 1}]`);
  }
  const px = backend.pointer(x);
  const out = backend.output(
    [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)],
    x.dtype,
  );
  const total = outer * count * length;
  const args = [px, pi, backend.pointer(out), length, count, rows];
  if (total > 0) backend.run('gatherRows', args, outer * count, total >= SHARED_ELEMENTS);
  return out;
};

/** The gradient of a gather. */
const unsortedSegmentSum: Kernel = (call) => {
  const { x, segmentIds } = call.inputs as { x: TensorInfo; segmentIds: TensorInfo };
  const { numSegments } = call.attrs as { numSegments: number };
  const { backend } = call;
  const rows = sizeOf(segmentIds.shape);
  const usable = x.dtype === 'float32' && segmentIds.dtype === 'int32' && x.shape[0] === rows;
  if (!usable || segmentIds.shape.length !== 1) return fallback(tf.UnsortedSegmentSum, call);
  const length = sizeOf(x.shape.slice(1));
  const px = backend.pointer(x);
  const ps = backend.pointer(segmentIds);
  const out = backend.output([numSegments, ...x.shape.slice(1)]);
  const args = [px, ps, backend.pointer(out), length, rows, numSegments];
  const units = Math.ceil(length / SEGMENT_COLUMNS);
  if (units > 0) backend.run('segmentSum', args, units, rows * length >= SHARED_ELEMENTS);
  return out;
};

const select: Kernel = (call) => {
  const { condition, t, e } = call.inputs as Record<'condition' | 't' | 'e', TensorInfo>;
  const total = sizeOf(t.shape);
  const usable = isWord(t) && t.dtype === e.dtype && condition.dtype === 'bool';
  if (!usable || sizeOf(condition.shape) !== total) return fallback(tf.Select, call);
  const { backend } = call;
  const pointers = [condition, t, e].map((x) => backend.pointer(x));
  const out = backend.output(t.shape, t.dtype);
  const args = [...pointers, backend.pointer(out), total];
  if (total > 0) backend.run('select', args, Math.ceil(total / BLOCK), total >= SHARED_ELEMENTS);
  return out;
};

const cast: Kernel = (call) => {
  const { x } = call.inputs as { x: TensorInfo };
  const { dtype } = call.attrs as { dtype: tf.DataType };
  const { backend } = call;
  if (dtype === x.dtype && dtype !== 'string' && dtype !== 'complex64') return backend.alias(x, x.shape);
  if (dtype !== 'float32' || (x.dtype !== 'bool' && x.dtype !== 'int32')) return fallback(tf.Cast, call);
  const px = backend.pointer(x);
  const out = backend.output(x.shape);
  const total = sizeOf(x.shape);
  const args = [px, backend.pointer(out), total, x.dtype === 'int32' ? 1 : 0];
  if (total > 0) backend.run('toFloat', args, Math.ceil(total / BLOCK), total >= SHARED_ELEMENTS);
  return out;
};

/** Comparisons of equal shapes, or with a scalar on the right. */
const comparing = (name: string, which: number): [string, Kernel] => [
  name,
  (call) => {
    const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
    const total = sizeOf(a.shape);
    const whole = a.shape.join() === b.shape.join();
    const scalar = sizeOf(b.shape) === 1 && b.shape.length <= a.shape.length;
    if (a.dtype !== 'float32' || b.dtype !== 'float32' || !(whole || scalar)) return fallback(name, call);
    const { backend } = call;
    const pa = backend.pointer(a);
    const pb = backend.pointer(b);
    const out = backend.output(a.shape, 'bool');
    const args = [pa, pb, backend.pointer(out), total, whole ? 1 : 0, which];
    if (total > 0) backend.run('compare', args, Math.ceil(total / BLOCK), total >= SHARED_ELEMENTS);
    return out;
  },
];

/** Kernels that move, fill, choose or convert, by their tfjs names. */
export const movementKernels: ReadonlyMap<string, Kernel> = new Map([
  [tf.Transpose, transpose],
  [tf.Slice, slice],
  [tf.Concat, concat],
  [tf.Pack, pack],
  [tf.Unpack, unpack],
  [tf.SplitV, splitV],
  [tf.Tile, tile],
  [tf.Fill, fill],
  filledLike(tf.ZerosLike, 0),
  filledLike(tf.OnesLike, 1),
  [tf.PadV2, padV2],
  [tf.GatherV2, gatherV2],
  [tf.UnsortedSegmentSum, unsortedSegmentSum],
  [tf.Select, select],
  [tf.Cast, cast],
  comparing(tf.Greater, 0),
  comparing(tf.GreaterEqual, 1),
  comparing(tf.Less, 2),
  comparing(tf.LessEqual, 3),
  comparing(tf.Equal, 4),
  comparing(tf.NotEqual, 5),
]);
