// Kernels of convolutional networks on images [N, H, W, C]: patches for a matrix product, and pooling.
import { arg, ptr } from './vector';

// @ts-ignore: decorator
@inline
function copyFloats(target: usize, source: usize, n: i32): void {
  let i: i32 = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(target, v128.load(source));
    source += 16;
    target += 16;
  }
  for (; i < n; i++) {
    store<f32>(target, load<f32>(source));
    source += 4;
    target += 4;
  }
}

// @ts-ignore: decorator
@inline
function addFloats(target: usize, source: usize, n: i32): void {
  let i: i32 = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(target, f32x4.add(v128.load(target), v128.load(source)));
    source += 16;
    target += 16;
  }
  for (; i < n; i++) {
    store<f32>(target, load<f32>(target) + load<f32>(source));
    source += 4;
    target += 4;
  }
}

/**
 * Lays out the patch of K × K pixels at every position as a row of K·K·C numbers; pixels beyond the edge are 0.
 * Units are rows of positions. Arguments: 0 x, 1 out, 2 H, 3 W, 4 C, 5 rows of positions per image, 6 positions per row,
 * 7 K, 8 padding.
 */
export function imagePatches(p: usize, from: i32, to: i32, scratch: usize): void {
  const H = arg(p, 2);
  const W = arg(p, 3);
  const C = arg(p, 4);
  const Ho = arg(p, 5);
  const Wo = arg(p, 6);
  const K = arg(p, 7);
  const padding = arg(p, 8);
  const run = K * C;
  for (let u = from; u < to; u++) {
    const n = u / Ho;
    const top = u - n * Ho - padding;
    let out = ptr(p, 1) + ((<usize>u * <usize>(Wo * K * run)) << 2);
    for (let ox = 0; ox < Wo; ox++) {
      const left = ox - padding;
      const begin = max(0, -left);
      const end = min(K, W - left);
      for (let ky = 0; ky < K; ky++) {
        const y = top + ky;
        const whole = y >= 0 && y < H && begin == 0 && end == K;
        if (!whole) memory.fill(out, 0, (<usize>run) << 2);
        if (y >= 0 && y < H && end > begin) {
          const x = ptr(p, 0) + ((<usize>((n * H + y) * W + left + begin) * <usize>C) << 2);
          copyFloats(out + ((<usize>(begin * C)) << 2), x, (end - begin) * C);
        }
        out += (<usize>run) << 2;
      }
    }
  }
}

/**
 * Adds patches up where they were taken from: the gradient of imagePatches. Units are images.
 * Arguments: 0 patches, 1 out, 2 H, 3 W, 4 C, 5 rows of positions per image, 6 positions per row, 7 K, 8 padding.
 */
export function imagePatchesGradient(p: usize, from: i32, to: i32, scratch: usize): void {
  const H = arg(p, 2);
  const W = arg(p, 3);
  const C = arg(p, 4);
  const Ho = arg(p, 5);
  const Wo = arg(p, 6);
  const K = arg(p, 7);
  const padding = arg(p, 8);
  const run = K * C;
  for (let n = from; n < to; n++) {
    const image = ptr(p, 1) + ((<usize>n * <usize>(H * W * C)) << 2);
    memory.fill(image, 0, (<usize>(H * W * C)) << 2);
    let patch = ptr(p, 0) + ((<usize>n * <usize>(Ho * Wo * K * run)) << 2);
    for (let oy = 0; oy < Ho; oy++) {
      for (let ox = 0; ox < Wo; ox++) {
        const left = ox - padding;
        const begin = max(0, -left);
        const end = min(K, W - left);
        for (let ky = 0; ky < K; ky++) {
          const y = oy - padding + ky;
          if (y >= 0 && y < H && end > begin) {
            const target = image + ((<usize>((y * W + left + begin) * C)) << 2);
            addFloats(target, patch + ((<usize>(begin * C)) << 2), (end - begin) * C);
          }
          patch += (<usize>run) << 2;
        }
      }
    }
  }
}

/**
 * Largest of every square of 2 × 2; a last odd row or column is left out. Units are rows of squares.
 * Arguments: 0 x, 1 out, 2 H, 3 W, 4 C.
 */
export function maxPool(p: usize, from: i32, to: i32, scratch: usize): void {
  const H = arg(p, 2);
  const W = arg(p, 3);
  const C = arg(p, 4);
  const Ho = H >> 1;
  const Wo = W >> 1;
  const below = (<usize>(W * C)) << 2;
  const right = (<usize>C) << 2;
  for (let u = from; u < to; u++) {
    const n = u / Ho;
    let x = ptr(p, 0) + ((<usize>((n * H + 2 * (u - n * Ho)) * W) * <usize>C) << 2);
    let out = ptr(p, 1) + ((<usize>u * <usize>(Wo * C)) << 2);
    for (let ox = 0; ox < Wo; ox++) {
      let c: i32 = 0;
      for (; c + 4 <= C; c += 4) {
        const a = f32x4.max(v128.load(x), v128.load(x + right));
        const b = f32x4.max(v128.load(x + below), v128.load(x + below + right));
        v128.store(out, f32x4.max(a, b));
        x += 16;
        out += 16;
      }
      for (; c < C; c++) {
        const a = max<f32>(load<f32>(x), load<f32>(x + right));
        const b = max<f32>(load<f32>(x + below), load<f32>(x + below + right));
        store<f32>(out, max<f32>(a, b));
        x += 4;
        out += 4;
      }
      x += right;
    }
  }
}

/**
 * The gradient of maxPool: the first of the largest gets it. Units are rows of squares.
 * Arguments: 0 x, 1 dy, 2 dx, 3 H, 4 W, 5 C.
 */
export function maxPoolGradient(p: usize, from: i32, to: i32, scratch: usize): void {
  const H = arg(p, 3);
  const W = arg(p, 4);
  const C = arg(p, 5);
  const Ho = H >> 1;
  const Wo = W >> 1;
  const below = (<usize>(W * C)) << 2;
  const right = (<usize>C) << 2;
  for (let u = from; u < to; u++) {
    const n = u / Ho;
    const oy = u - n * Ho;
    const start = (<usize>((n * H + 2 * oy) * W) * <usize>C) << 2;
    // the last squares of an image also clear a row that no square covers
    const rows = oy == Ho - 1 ? H - 2 * oy : 2;
    memory.fill(ptr(p, 2) + start, 0, <usize>rows * below);
    let x = ptr(p, 0) + start;
    let dx = ptr(p, 2) + start;
    let dy = ptr(p, 1) + ((<usize>u * <usize>(Wo * C)) << 2);
    for (let ox = 0; ox < Wo; ox++) {
      for (let c = 0; c < C; c++) {
        let best = load<f32>(x);
        let at: usize = 0;
        let v = load<f32>(x + right);
        if (v > best) {
          best = v;
          at = right;
        }
        v = load<f32>(x + below);
        if (v > best) {
          best = v;
          at = below;
        }
        v = load<f32>(x + below + right);
        if (v > best) at = below + right;
        store<f32>(dx + at, load<f32>(dy));
        x += 4;
        dx += 4;
        dy += 4;
      }
      x += right;
      dx += right;
    }
  }
}
