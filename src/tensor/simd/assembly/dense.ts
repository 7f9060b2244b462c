// The backward pass of a dense layer, one network of the batch at a time, so that the gradient of its
// pre-activations stays in the cache between the three products that need it.
import { derivative, LINEAR } from './activation';
import { multiply } from './gemm';
import { columnSums } from './reduce';
import { arg, loadTail, ptr, storeTail } from './vector';

/** Where the gradient of the pre-activations lies in a thread's scratch, behind the packing buffers. */
const DZ_OFFSET: usize = 1 << 20;

// @ts-ignore: decorator
@inline
function scaleLoop(kind: i32, dy: usize, saved: usize, dz: usize, n: i32): void {
  let i: i32 = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(dz, f32x4.mul(v128.load(dy), derivative(kind, v128.load(saved))));
    dy += 16;
    saved += 16;
    dz += 16;
  }
  if (i < n) storeTail(dz, f32x4.mul(loadTail(dy, n - i), derivative(kind, loadTail(saved, n - i))), n - i);
}

/** dz = dy times the derivative of the activation. */
function scaleByDerivative(kind: i32, dy: usize, saved: usize, dz: usize, n: i32): void {
  if (kind == 1) scaleLoop(1, dy, saved, dz, n);
  else if (kind == 2) scaleLoop(2, dy, saved, dz, n);
  else if (kind == 3) scaleLoop(3, dy, saved, dz, n);
  else if (kind == 4) scaleLoop(4, dy, saved, dz, n);
  else scaleLoop(5, dy, saved, dz, n);
}

/** Arguments: 0 dy, 1 saved (y for relu and tanh, else z), 2 dz, 3 elements, 4 activation. Blocks of 4096. */
export function activationGradient(p: usize, from: i32, to: i32, scratch: usize): void {
  const start = <usize>(from * 4096) << 2;
  const n = min(arg(p, 3), to * 4096) - from * 4096;
  scaleByDerivative(arg(p, 4), ptr(p, 0) + start, ptr(p, 1) + start, ptr(p, 2) + start, n);
}

/**
 * Units are networks.
 * Arguments: 0 dy, 1 x, 2 weights, 3 saved, 4 dx or 0, 5 dw or 0, 6 db or 0, 7 B, 8 N, 9 K, 10 activation,
 * 11 distance between the inputs of two networks in bytes (0 where they share one).
 * B·N floats must fit into the second MiB of scratch.
 */
export function denseBackward(p: usize, from: i32, to: i32, scratch: usize): void {
  const B = arg(p, 7);
  const N = arg(p, 8);
  const K = arg(p, 9);
  const kind = arg(p, 10);
  const rowN = (<usize>N) << 2;
  const rowK = (<usize>K) << 2;
  for (let e = from; e < to; e++) {
    const offset = <usize>e * <usize>B * rowN;
    let dz = ptr(p, 0) + offset;
    if (kind != LINEAR) {
      scaleByDerivative(kind, dz, ptr(p, 3) + offset, scratch + DZ_OFFSET, B * N);
      dz = scratch + DZ_OFFSET;
    }
    const x = ptr(p, 1) + <usize>e * ptr(p, 11);
    if (ptr(p, 6)) columnSums(dz, B, N, ptr(p, 6) + <usize>e * rowN);
    if (ptr(p, 5)) multiply(x, rowK, 1, dz, rowN, 0, ptr(p, 5) + <usize>e * <usize>K * rowN, rowN, K, K, N, B, 0, 0, scratch);
    if (ptr(p, 4)) {
      const w = ptr(p, 2) + <usize>e * <usize>K * rowN;
      multiply(dz, rowN, 0, w, rowN, 1, ptr(p, 4) + <usize>e * <usize>B * rowK, rowK, B, B, K, N, 0, 0, scratch);
    }
  }
}
