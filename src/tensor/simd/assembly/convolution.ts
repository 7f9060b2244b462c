// Kernels of convolutional networks on images [N, H, W, C].
import { arg, madd, ptr } from './vector';

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

// @ts-ignore: decorator
@inline
function addScaled(target: usize, source: usize, factor: f32, n: i32): void {
  const f = f32x4.splat(factor);
  let i: i32 = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(target, madd(v128.load(source), f, v128.load(target)));
    source += 16;
    target += 16;
  }
  for (; i < n; i++) {
    store<f32>(target, load<f32>(target) + factor * load<f32>(source));
    source += 4;
    target += 4;
  }
}

/**
 * Convolution, rectifier and pooling at once: only the largest of every 2 × 2 is ever stored. `index` receives which one
 * it was (0 to 3, row by row), or -1 where the rectifier is shut. Units are rows of squares.
 * Arguments: 0 x, 1 filters [sets, K·K·C + 1, F] (the last row is the bias), 2 out, 3 index or 0, 4 H, 5 W, 6 C,
 * 7 rows of squares per image, 8 squares per row, 9 F (a multiple of 4), 10 K, 11 images per set of filters.
 */
export function convolvePool(p: usize, from: i32, to: i32, scratch: usize): void {
  const H = arg(p, 4);
  const W = arg(p, 5);
  const C = arg(p, 6);
  const Ho = arg(p, 7);
  const Wo = arg(p, 8);
  const F = arg(p, 9);
  const K = arg(p, 10);
  const row = (<usize>(W * C)) << 2;
  const right = (<usize>C) << 2;
  const next = (<usize>F) << 2;
  const taps = K * C;
  const zero = f32x4.splat(0);
  for (let u = from; u < to; u++) {
    const n = u / Ho;
    const filters = ptr(p, 1) + ((<usize>((n / arg(p, 11)) * (K * taps + 1)) * <usize>F) << 2);
    const bias = filters + <usize>(K * taps) * next;
    let base = ptr(p, 0) + ((<usize>((n * H + 2 * (u - n * Ho)) * W) * <usize>C) << 2);
    const start = (<usize>u * <usize>(Wo * F)) << 2;
    let out = ptr(p, 2) + start;
    let index = ptr(p, 3) ? ptr(p, 3) + start : 0;
    for (let ox = 0; ox < Wo; ox++) {
      for (let f: usize = 0; f < next; f += 16) {
        let a = v128.load(bias + f);
        let b = a;
        let c = a;
        let d = a;
        let w = filters + f;
        for (let ky = 0; ky < K; ky++) {
          let x = base + <usize>ky * row;
          for (let j = 0; j < taps; j++) {
            const v = v128.load(w);
            a = madd(v128.load32_splat(x), v, a);
            b = madd(v128.load32_splat(x + right), v, b);
            c = madd(v128.load32_splat(x + row), v, c);
            d = madd(v128.load32_splat(x + row + right), v, d);
            x += 4;
            w += next;
          }
        }
        const best = f32x4.max(f32x4.max(a, b), f32x4.max(c, d));
        v128.store(out, f32x4.max(best, zero));
        if (index) {
          let i = v128.bitselect(i32x4.splat(2), i32x4.splat(3), f32x4.eq(best, c));
          i = v128.bitselect(i32x4.splat(1), i, f32x4.eq(best, b));
          i = v128.bitselect(i32x4.splat(0), i, f32x4.eq(best, a));
          v128.store(index, v128.bitselect(i, i32x4.splat(-1), f32x4.gt(best, zero)));
          index += 16;
        }
        out += 16;
      }
      base += right << 1;
    }
  }
}

/**
 * The gradient of convolvePool with respect to the filters, in parts that are still to be added up. Units are pairs of a
 * set of filters and a part of its images. Arguments: 0 x, 1 index, 2 dy, 3 out [sets, parts, F, K·K·C + 1], 4 to 11 as
 * of convolvePool, 12 parts.
 */
export function convolvePoolFilterGradient(p: usize, from: i32, to: i32, scratch: usize): void {
  const H = arg(p, 4);
  const W = arg(p, 5);
  const C = arg(p, 6);
  const Ho = arg(p, 7);
  const Wo = arg(p, 8);
  const F = arg(p, 9);
  const K = arg(p, 10);
  const images = arg(p, 11);
  const parts = arg(p, 12);
  const taps = K * C;
  const row = (<usize>(W * C)) << 2;
  const width = (<usize>(K * taps + 1)) << 2;
  for (let u = from; u < to; u++) {
    const set = u / parts;
    const part = u - set * parts;
    const out = ptr(p, 3) + <usize>u * <usize>F * width;
    memory.fill(out, 0, <usize>F * width);
    const end = set * images + ((part + 1) * images) / parts;
    for (let n = set * images + (part * images) / parts; n < end; n++) {
      for (let oy = 0; oy < Ho; oy++) {
        let at = (<usize>(n * Ho + oy) * <usize>(Wo * F)) << 2;
        for (let ox = 0; ox < Wo; ox++) {
          let target = out;
          for (let f = 0; f < F; f++) {
            const i = load<i32>(ptr(p, 1) + at);
            if (i >= 0) {
              const g = load<f32>(ptr(p, 2) + at);
              const y = n * H + 2 * oy + (i >> 1);
              const x = ptr(p, 0) + ((<usize>(y * W + 2 * ox + (i & 1)) * <usize>C) << 2);
              for (let ky = 0; ky < K; ky++) {
                addScaled(target + ((<usize>(ky * taps)) << 2), x + <usize>ky * row, g, taps);
              }
              store<f32>(target + width - 4, load<f32>(target + width - 4) + g);
            }
            target += width;
            at += 4;
          }
        }
      }
    }
  }
}

/**
 * The gradient of convolvePool with respect to x. Units are images. Arguments: 0 filters [sets, F, K·K·C + 1], 1 index,
 * 2 dy, 3 dx, 4 to 11 as of convolvePool.
 */
export function convolvePoolInputGradient(p: usize, from: i32, to: i32, scratch: usize): void {
  const H = arg(p, 4);
  const W = arg(p, 5);
  const C = arg(p, 6);
  const Ho = arg(p, 7);
  const Wo = arg(p, 8);
  const F = arg(p, 9);
  const K = arg(p, 10);
  const taps = K * C;
  const row = (<usize>(W * C)) << 2;
  const width = (<usize>(K * taps + 1)) << 2;
  for (let n = from; n < to; n++) {
    const filters = ptr(p, 0) + <usize>((n / arg(p, 11)) * F) * width;
    const image = ptr(p, 3) + <usize>(n * H) * row;
    memory.fill(image, 0, <usize>H * row);
    for (let oy = 0; oy < Ho; oy++) {
      let at = (<usize>(n * Ho + oy) * <usize>(Wo * F)) << 2;
      for (let ox = 0; ox < Wo; ox++) {
        let source = filters;
        for (let f = 0; f < F; f++) {
          const i = load<i32>(ptr(p, 1) + at);
          if (i >= 0) {
            const g = load<f32>(ptr(p, 2) + at);
            const x = image + ((<usize>(((2 * oy + (i >> 1)) * W + 2 * ox + (i & 1)) * C)) << 2);
            for (let ky = 0; ky < K; ky++) {
              addScaled(x + <usize>ky * row, source + ((<usize>(ky * taps)) << 2), g, taps);
            }
          }
          source += width;
          at += 4;
        }
      }
    }
  }
}
