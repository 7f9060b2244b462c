// Row-wise kernels of transformers: layer normalization and the softmax of attention, forward and backward.
import { arg, exp, loadTail, ptr, real, storeTail } from './vector';

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

// @ts-ignore: decorator
@inline
function total(v: v128): f64 {
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}

// @ts-ignore: decorator
@inline
function mean(x: usize, n: i32): f64 {
  let s = f64x2.splat(0);
  for (let i = 0; i < n; i += 4) {
    const v = loadTail(x + ((<usize>i) << 2), n - i);
    s = f64x2.add(s, f64x2.add(low(v), high(v)));
  }
  return total(s) / <f64>n;
}

/** 1/√(variance + ε), the variance about the mean that is given. */
// @ts-ignore: decorator
@inline
function inverseDeviation(x: usize, n: i32, m: f64, epsilon: f32): f32 {
  let s: f64 = 0;
  for (let i = 0; i < n; i++) {
    const d = <f64>load<f32>(x + ((<usize>i) << 2)) - m;
    s += d * d;
  }
  return <f32>(1.0 / sqrt(s / <f64>n + <f64>epsilon));
}

/** Layer normalization. Units are rows. Arguments: 0 x, 1 gain, 2 offset, 3 out, 4 n, 5 epsilon. */
export function layerNorm(p: usize, from: i32, to: i32, scratch: usize): void {
  const n = arg(p, 4);
  for (let row = from; row < to; row++) {
    const start = (<usize>row * <usize>n) << 2;
    const x = ptr(p, 0) + start;
    const m = mean(x, n);
    const scale = f32x4.splat(inverseDeviation(x, n, m, real(p, 5)));
    const shift = f32x4.splat(<f32>m);
    for (let i = 0; i < n; i += 4) {
      const at = (<usize>i) << 2;
      const v = f32x4.mul(f32x4.sub(loadTail(x + at, n - i), shift), scale);
      const y = f32x4.add(f32x4.mul(v, loadTail(ptr(p, 1) + at, n - i)), loadTail(ptr(p, 2) + at, n - i));
      storeTail(ptr(p, 3) + start + at, y, n - i);
    }
  }
}

/**
 * Backward pass of layer normalization: dx, and dy times the normalized x, whose column sums are the gradient of the
 * gain. Units are rows. Arguments: 0 x, 1 gain, 2 dy, 3 dx, 4 n, 5 epsilon, 6 product.
 */
export function layerNormBackward(p: usize, from: i32, to: i32, scratch: usize): void {
  const n = arg(p, 4);
  for (let row = from; row < to; row++) {
    const start = (<usize>row * <usize>n) << 2;
    const x = ptr(p, 0) + start;
    const dy = ptr(p, 2) + start;
    const m = mean(x, n);
    const inverse = inverseDeviation(x, n, m, real(p, 5));
    const scale = f32x4.splat(inverse);
    const shift = f32x4.splat(<f32>m);
    let sum = f64x2.splat(0);
    let dot = sum;
    for (let i = 0; i < n; i += 4) {
      const at = (<usize>i) << 2;
      const left = n - i;
      const g = loadTail(dy + at, left);
      const v = f32x4.mul(f32x4.sub(loadTail(x + at, left), shift), scale);
      storeTail(ptr(p, 6) + start + at, f32x4.mul(g, v), left);
      const h = f32x4.mul(g, loadTail(ptr(p, 1) + at, left));
      const hv = f32x4.mul(h, v);
      sum = f64x2.add(sum, f64x2.add(low(h), high(h)));
      dot = f64x2.add(dot, f64x2.add(low(hv), high(hv)));
    }
    const meanH = f32x4.splat(<f32>(total(sum) / <f64>n));
    const meanHV = f32x4.splat(<f32>(total(dot) / <f64>n));
    for (let i = 0; i < n; i += 4) {
      const at = (<usize>i) << 2;
      const left = n - i;
      const v = f32x4.mul(f32x4.sub(loadTail(x + at, left), shift), scale);
      const h = f32x4.mul(loadTail(dy + at, left), loadTail(ptr(p, 1) + at, left));
      const d = f32x4.sub(f32x4.sub(h, meanH), f32x4.mul(v, meanHV));
      storeTail(ptr(p, 3) + start + at, f32x4.mul(d, scale), left);
    }
  }
}

/**
 * softmax(scale·x + mask) over rows of n, the mask having `period` rows that repeat.
 * Units are rows. Arguments: 0 x, 1 mask or 0, 2 out, 3 n, 4 scale, 5 period.
 */
export function maskedSoftmax(p: usize, from: i32, to: i32, scratch: usize): void {
  const n = arg(p, 3);
  const bytes = (<usize>n) << 2;
  const scale = f32x4.splat(real(p, 4));
  for (let row = from; row < to; row++) {
    const x = ptr(p, 0) + <usize>row * bytes;
    const out = ptr(p, 2) + <usize>row * bytes;
    const mask = ptr(p, 1) ? ptr(p, 1) + <usize>(row % arg(p, 5)) * bytes : 0;
    let largest: f32 = -Infinity;
    for (let i = 0; i < n; i += 4) {
      const at = (<usize>i) << 2;
      let v = f32x4.mul(loadTail(x + at, n - i), scale);
      if (mask) v = f32x4.add(v, loadTail(mask + at, n - i));
      storeTail(out + at, v, n - i);
    }
    for (let i = 0; i < n; i++) largest = max<f32>(largest, load<f32>(out + ((<usize>i) << 2)));
    const m = f32x4.splat(largest);
    let s: f64 = 0;
    for (let i = 0; i < n; i += 4) {
      const at = out + ((<usize>i) << 2);
      storeTail(at, exp(f32x4.sub(loadTail(at, n - i), m)), n - i);
    }
    for (let i = 0; i < n; i++) s += <f64>load<f32>(out + ((<usize>i) << 2));
    const share = f32x4.splat(<f32>(1.0 / s));
    for (let i = 0; i < n; i += 4) {
      const at = out + ((<usize>i) << 2);
      storeTail(at, f32x4.mul(loadTail(at, n - i), share), n - i);
    }
  }
}

/**
 * scale·y·(dy - Σ dy·y) over rows of n: the gradient of softmax(scale·x) with the output y.
 * Units are rows. Arguments: 0 y, 1 dy, 2 out, 3 n, 4 scale.
 */
export function softmaxGradient(p: usize, from: i32, to: i32, scratch: usize): void {
  const n = arg(p, 3);
  const bytes = (<usize>n) << 2;
  const scale = f32x4.splat(real(p, 4));
  for (let row = from; row < to; row++) {
    const y = ptr(p, 0) + <usize>row * bytes;
    const dy = ptr(p, 1) + <usize>row * bytes;
    let s = f64x2.splat(0);
    for (let i = 0; i < n; i += 4) {
      const at = (<usize>i) << 2;
      const v = f32x4.mul(loadTail(y + at, n - i), loadTail(dy + at, n - i));
      s = f64x2.add(s, f64x2.add(low(v), high(v)));
    }
    const dot = f32x4.splat(<f32>total(s));
    for (let i = 0; i < n; i += 4) {
      const at = (<usize>i) << 2;
      const v = f32x4.mul(loadTail(y + at, n - i), f32x4.sub(loadTail(dy + at, n - i), dot));
      storeTail(ptr(p, 2) + <usize>row * bytes + at, f32x4.mul(v, scale), n - i);
    }
  }
}
