// Reductions over one axis of [outer, axis, inner]. Sums run in double precision, or in single precision over at
// most 32 terms whose partial sums are added in double: naive single-precision sums are percents off at millions
// of terms. The order depends on the shape alone.
import { arg, exp, loadTail, log, ptr, storeTail } from './vector';

const CHUNK: i32 = 32;

/** Adds both halves of a vector of floats to two vectors of doubles. */
// @ts-ignore: decorator
@inline
function low(v: v128): v128 {
  return f64x2.promote_low_f32x4(v);
}

// @ts-ignore: decorator
@inline
function high(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 0));
}

/** The sum of n contiguous floats, in double precision. */
// @ts-ignore: decorator
@inline
function sumRow(x: usize, n: i32): f64 {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let i: i32 = 0;
  for (; i + 4 <= n; i += 4) {
    const v = v128.load(x);
    s0 = f64x2.add(s0, low(v));
    s1 = f64x2.add(s1, high(v));
    x += 16;
  }
  const v = loadTail(x, n - i);
  s0 = f64x2.add(f64x2.add(s0, low(v)), f64x2.add(s1, high(v)));
  return f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1);
}

/** Sums rows of N floats into out[N]. */
export function columnSums(x: usize, rows: i32, N: i32, out: usize): void {
  const step = (<usize>N) << 2;
  let j: i32 = 0;
  for (; j + 8 <= N; j += 8) {
    sum8(x, step, rows, out);
    x += 32;
    out += 32;
  }
  for (; j < N; j += 4) {
    sum4(x, step, rows, out, min(4, N - j));
    x += 16;
    out += 16;
  }
}

function sum8(x: usize, step: usize, rows: i32, out: usize): void {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let i = 0; i < rows; i += CHUNK) {
    const end = min(rows, i + CHUNK);
    let a0 = f32x4.splat(0);
    let a1 = a0;
    for (let k = i; k < end; k++) {
      a0 = f32x4.add(a0, v128.load(x));
      a1 = f32x4.add(a1, v128.load(x, 16));
      x += step;
    }
    s0 = f64x2.add(s0, low(a0));
    s1 = f64x2.add(s1, high(a0));
    s2 = f64x2.add(s2, low(a1));
    s3 = f64x2.add(s3, high(a1));
  }
  v128.store(out, v128.shuffle<i64>(f32x4.demote_f64x2_zero(s0), f32x4.demote_f64x2_zero(s1), 0, 2));
  v128.store(out, v128.shuffle<i64>(f32x4.demote_f64x2_zero(s2), f32x4.demote_f64x2_zero(s3), 0, 2), 16);
}

function sum4(x: usize, step: usize, rows: i32, out: usize, columns: i32): void {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  for (let i = 0; i < rows; i += CHUNK) {
    const end = min(rows, i + CHUNK);
    let a = f32x4.splat(0);
    for (let k = i; k < end; k++) {
      a = f32x4.add(a, loadTail(x, columns));
      x += step;
    }
    s0 = f64x2.add(s0, low(a));
    s1 = f64x2.add(s1, high(a));
  }
  const v = v128.shuffle<i64>(f32x4.demote_f64x2_zero(s0), f32x4.demote_f64x2_zero(s1), 0, 2);
  storeTail(out, v, columns);
}

/**
 * Sums over the middle axis; `mean` divides in double precision. Units are entries of the outer axis, or blocks of
 * 4096 columns of the single one.
 * Arguments: 0 x, 1 out, 2 axis length, 3 inner length, 4 mean, 5 outer length.
 */
export function sum(p: usize, from: i32, to: i32, scratch: usize): void {
  const n = arg(p, 2);
  const inner = arg(p, 3);
  const mean = arg(p, 4);
  const x = ptr(p, 0);
  const out = ptr(p, 1);
  for (let u = from; u < to; u++) {
    const row = x + ((<usize>u * <usize>n * <usize>inner) << 2);
    if (inner == 1) {
      const s = sumRow(row, n);
      store<f32>(out + ((<usize>u) << 2), <f32>(mean ? s / <f64>n : s));
    } else {
      const to = out + ((<usize>u * <usize>inner) << 2);
      columnSums(row, n, inner, to);
      if (mean) {
        for (let j = 0; j < inner; j++) {
          const at = to + ((<usize>j) << 2);
          store<f32>(at, <f32>(<f64>load<f32>(at) / <f64>n));
        }
      }
    }
  }
}

/** Adds E blocks of `count` floats: out[i] = Σ_e x[e][i]. Units are blocks of 1024. Arguments: 0 x, 1 out, 2 E, 3 count. */
export function sumLeading(p: usize, from: i32, to: i32, scratch: usize): void {
  const count = arg(p, 3);
  const step = (<usize>count) << 2;
  for (let u = from; u < to; u++) {
    const begin = u * 1024;
    const end = min(count, begin + 1024);
    for (let j = begin; j < end; j += 4) {
      const at = (<usize>j) << 2;
      sum4(ptr(p, 0) + at, step, arg(p, 2), ptr(p, 1) + at, min(4, end - j));
    }
  }
}

/**
 * Largest (or smallest) value over the middle axis; a NaN wins, as it does in tfjs.
 * Arguments: 0 x, 1 out, 2 axis length, 3 inner length, 4 smallest. Units are entries of the outer axis.
 */
export function extreme(p: usize, from: i32, to: i32, scratch: usize): void {
  const n = arg(p, 2);
  const inner = arg(p, 3);
  const step = (<usize>inner) << 2;
  const smallest = arg(p, 4);
  for (let u = from; u < to; u++) {
    let x = ptr(p, 0) + ((<usize>u * <usize>n * <usize>inner) << 2);
    let out = ptr(p, 1) + ((<usize>u * <usize>inner) << 2);
    if (inner == 1) {
      store<f32>(out, smallest ? -largestOf(x, n, -1.0) : largestOf(x, n, 1.0));
      continue;
    }
    for (let j = 0; j < inner; j += 4) {
      const columns = min(4, inner - j);
      let v = loadTail(x, columns);
      let at = x;
      for (let k = 1; k < n; k++) {
        at += step;
        const w = loadTail(at, columns);
        v = smallest ? f32x4.min(v, w) : f32x4.max(v, w);
      }
      storeTail(out, v, columns);
      x += 16;
      out += 16;
    }
  }
}

/** The largest of n >= 1 contiguous floats times a sign. */
// @ts-ignore: decorator
@inline
function largestOf(x: usize, n: i32, sign: f32): f32 {
  const s = f32x4.splat(sign);
  let v = f32x4.mul(s, v128.load32_splat(x));
  let i: i32 = 0;
  for (; i + 4 <= n; i += 4) {
    v = f32x4.max(v, f32x4.mul(s, v128.load(x)));
    x += 16;
  }
  for (; i < n; i++) {
    v = f32x4.max(v, f32x4.mul(s, v128.load32_splat(x)));
    x += 4;
  }
  v = f32x4.max(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  v = f32x4.max(v, v128.shuffle<i32>(v, v, 1, 0, 3, 2));
  return f32x4.extract_lane(v, 0);
}

/**
 * Softmax (0), log-softmax (1) or log-sum-exp (2) over rows of n floats; log-sum-exp writes one float per row.
 * Arguments: 0 x, 1 out, 2 n, 3 which. Units are rows.
 */
export function softmaxRows(p: usize, from: i32, to: i32, scratch: usize): void {
  const n = arg(p, 2);
  const which = arg(p, 3);
  const bytes = (<usize>n) << 2;
  for (let u = from; u < to; u++) {
    const x = ptr(p, 0) + <usize>u * bytes;
    let largest = largestOf(x, n, 1.0);
    // an infinite maximum: subtracting it would give NaN where the answer is known
    const infinite = which == 2 && abs<f32>(largest) == Infinity;
    if (infinite) largest = 0;
    const m = f32x4.splat(largest);
    const out = which == 2 ? scratch : ptr(p, 1) + <usize>u * bytes;
    let s0 = f64x2.splat(0);
    let s1 = s0;
    let i: i32 = 0;
    for (; i + 4 <= n; i += 4) {
      const at = (<usize>i) << 2;
      const v = exp(f32x4.sub(v128.load(x + at), m));
      if (which == 0) v128.store(out + at, v);
      s0 = f64x2.add(s0, low(v));
      s1 = f64x2.add(s1, high(v));
    }
    let total: f64 = 0;
    for (; i < n; i++) {
      const at = (<usize>i) << 2;
      const v = f32x4.extract_lane(exp(f32x4.sub(v128.load32_splat(x + at), m)), 0);
      if (which == 0) store<f32>(out + at, v);
      total += <f64>v;
    }
    s0 = f64x2.add(s0, s1);
    total += f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1);
    if (which == 0) {
      const scale = f32x4.splat(<f32>(1.0 / total));
      for (i = 0; i < n; i += 4) {
        const at = out + ((<usize>i) << 2);
        storeTail(at, f32x4.mul(loadTail(at, n - i), scale), n - i);
      }
      continue;
    }
    const lse = largest + f32x4.extract_lane(log(f32x4.splat(<f32>total)), 0);
    if (which == 2) {
      store<f32>(ptr(p, 1) + ((<usize>u) << 2), lse);
      continue;
    }
    const shift = f32x4.splat(lse);
    for (i = 0; i < n; i += 4) {
      const at = (<usize>i) << 2;
      storeTail(out + at, f32x4.sub(loadTail(x + at, n - i), shift), n - i);
    }
  }
}
