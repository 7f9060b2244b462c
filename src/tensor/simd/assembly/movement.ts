// Kernels that move numbers without changing them.
import { arg, ptr } from './vector';

/**
 * Copies between strided arrays of 4-byte elements. Units are rows: runs along the innermost dimension.
 * Arguments: 0 from, 1 to, 2 row length, 3 step of the source along a row, 4 of the target (elements), 5 outer
 * rank (0 to 5), then per outer dimension, innermost first: size, step of the source, step of the target.
 */
export function copyStrided(p: usize, from: i32, to: i32, scratch: usize): void {
  const n = arg(p, 2);
  const stepFrom = (<usize>arg(p, 3)) << 2;
  const stepTo = (<usize>arg(p, 4)) << 2;
  const rank = arg(p, 5);
  for (let row = from; row < to; row++) {
    let rest = row;
    let source = ptr(p, 0);
    let target = ptr(p, 1);
    let at = p + 24;
    for (let d = 0; d < rank; d++) {
      const size = load<i32>(at);
      const next = rest / size;
      const index = rest - next * size;
      source += <usize>(index * load<i32>(at, 4)) << 2;
      target += <usize>(index * load<i32>(at, 8)) << 2;
      rest = next;
      at += 12;
    }
    if (stepFrom == 4 && stepTo == 4) {
      copyRow(source, target, n);
    } else {
      for (let i = 0; i < n; i++) {
        store<i32>(target, load<i32>(source));
        source += stepFrom;
        target += stepTo;
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function copyRow(source: usize, target: usize, n: i32): void {
  if (n >= 64) {
    memory.copy(target, source, (<usize>n) << 2);
    return;
  }
  let i: i32 = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(target, v128.load(source));
    source += 16;
    target += 16;
  }
  for (; i < n; i++) {
    store<i32>(target, load<i32>(source));
    source += 4;
    target += 4;
  }
}

/**
 * Gathers rows: out[o, i, :] = x[o, indices[i], :]. Units are pairs (o, i). The indices have been checked.
 * Arguments: 0 x, 1 indices (int32), 2 out, 3 length of a row, 4 indices per outer entry, 5 rows of x per outer entry.
 */
export function gatherRows(p: usize, from: i32, to: i32, scratch: usize): void {
  const n = arg(p, 3);
  const count = arg(p, 4);
  const rows = arg(p, 5);
  for (let u = from; u < to; u++) {
    const o = u / count;
    const index = load<i32>(ptr(p, 1) + ((<usize>(u - o * count)) << 2));
    const source = ptr(p, 0) + ((<usize>(o * rows + index) * <usize>n) << 2);
    copyRow(source, ptr(p, 2) + ((<usize>u * <usize>n) << 2), n);
  }
}

/**
 * Adds rows by segment: out[s, :] = sum of x[i, :] over the i with segments[i] = s; others are left out.
 * Units are blocks of 64 columns, so that no two threads meet.
 * Arguments: 0 x, 1 segments (int32), 2 out, 3 length of a row, 4 rows, 5 segments in all.
 */
export function segmentSum(p: usize, from: i32, to: i32, scratch: usize): void {
  const n = arg(p, 3);
  const rows = arg(p, 4);
  const segments = arg(p, 5);
  const begin = from * 64;
  const end = min(n, to * 64);
  for (let s = 0; s < segments; s++) {
    memory.fill(ptr(p, 2) + ((<usize>s * <usize>n + <usize>begin) << 2), 0, (<usize>(end - begin)) << 2);
  }
  for (let i = 0; i < rows; i++) {
    const s = load<i32>(ptr(p, 1) + ((<usize>i) << 2));
    if (s < 0 || s >= segments) continue;
    let source = ptr(p, 0) + ((<usize>i * <usize>n + <usize>begin) << 2);
    let target = ptr(p, 2) + ((<usize>s * <usize>n + <usize>begin) << 2);
    let j = begin;
    for (; j + 4 <= end; j += 4) {
      v128.store(target, f32x4.add(v128.load(target), v128.load(source)));
      source += 16;
      target += 16;
    }
    for (; j < end; j++) {
      store<f32>(target, load<f32>(target) + load<f32>(source));
      source += 4;
      target += 4;
    }
  }
}

/** out = value. Arguments: 0 out, 1 elements, 2 bits of the value. Units are blocks of 4096. */
export function fill(p: usize, from: i32, to: i32, scratch: usize): void {
  const v = i32x4.splat(arg(p, 2));
  const start = from * 4096;
  const n = min(arg(p, 1), to * 4096) - start;
  let out = ptr(p, 0) + ((<usize>start) << 2);
  let i: i32 = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(out, v);
    out += 16;
  }
  for (; i < n; i++) {
    store<i32>(out, arg(p, 2));
    out += 4;
  }
}

/** out = condition ? a : b. Arguments: 0 condition (bytes), 1 a, 2 b, 3 out, 4 elements. Units are blocks of 4096. */
export function select(p: usize, from: i32, to: i32, scratch: usize): void {
  const begin = <usize>(from * 4096);
  const end = <usize>min(arg(p, 4), to * 4096);
  for (let i = begin; i < end; i++) {
    const at = i << 2;
    const source = load<u8>(ptr(p, 0) + i) ? ptr(p, 1) : ptr(p, 2);
    store<i32>(ptr(p, 3) + at, load<i32>(source + at));
  }
}

/** Floats of bytes (0) or of int32 (1). Arguments: 0 x, 1 out, 2 elements, 3 which. Units are blocks of 4096. */
export function toFloat(p: usize, from: i32, to: i32, scratch: usize): void {
  const begin = <usize>(from * 4096);
  const end = <usize>min(arg(p, 2), to * 4096);
  const integers = arg(p, 3);
  for (let i = begin; i < end; i++) {
    const v = integers ? load<i32>(ptr(p, 0) + (i << 2)) : <i32>load<u8>(ptr(p, 0) + i);
    store<f32>(ptr(p, 1) + (i << 2), <f32>v);
  }
}

/**
 * Compares whole arrays, or an array with a scalar on the right: greater (0), greater or equal (1), less (2), less or
 * equal (3), equal (4), not equal (5). Arguments: 0 a, 1 b, 2 out (bytes), 3 elements, 4 step of b (0 or 1), 5 which.
 * Units are blocks of 4096.
 */
export function compare(p: usize, from: i32, to: i32, scratch: usize): void {
  const begin = <usize>(from * 4096);
  const end = <usize>min(arg(p, 3), to * 4096);
  const step = arg(p, 4);
  const which = arg(p, 5);
  for (let i = begin; i < end; i++) {
    const a = load<f32>(ptr(p, 0) + (i << 2));
    const b = load<f32>(ptr(p, 1) + (step ? i << 2 : 0));
    let r: bool;
    if (which == 0) r = a > b;
    else if (which == 1) r = a >= b;
    else if (which == 2) r = a < b;
    else if (which == 3) r = a <= b;
    else if (which == 4) r = a == b;
    else r = a != b;
    store<u8>(ptr(p, 2) + i, r ? 1 : 0);
  }
}
