import { arg, madd } from './vector';

/**
 * Multiplies and adds in registers alone, 96 floating-point operations a round in twelve independent chains: about the
 * most that 128-bit vectors give on this machine, for benchmarks to compare with. Units are threads.
 * Arguments: 0 rounds, 1 out (4 floats a unit).
 */
export function arithmeticPeak(p: usize, from: i32, to: i32, scratch: usize): void {
  const x = f32x4.splat(0.999);
  const y = f32x4.splat(0.001);
  for (let u = from; u < to; u++) {
    let a = f32x4.splat(0.0);
    let b = f32x4.splat(1.0);
    let c = f32x4.splat(2.0);
    let d = f32x4.splat(3.0);
    let e = f32x4.splat(4.0);
    let f = f32x4.splat(5.0);
    let g = f32x4.splat(6.0);
    let h = f32x4.splat(7.0);
    let i = f32x4.splat(8.0);
    let j = f32x4.splat(9.0);
    let k = f32x4.splat(10.0);
    let l = f32x4.splat(11.0);
    for (let rounds = arg(p, 0); rounds > 0; rounds--) {
      a = madd(a, x, y);
      b = madd(b, x, y);
      c = madd(c, x, y);
      d = madd(d, x, y);
      e = madd(e, x, y);
      f = madd(f, x, y);
      g = madd(g, x, y);
      h = madd(h, x, y);
      i = madd(i, x, y);
      j = madd(j, x, y);
      k = madd(k, x, y);
      l = madd(l, x, y);
    }
    let sum = f32x4.splat(<f32>u);
    sum = f32x4.add(sum, a);
    sum = f32x4.add(sum, b);
    sum = f32x4.add(sum, c);
    sum = f32x4.add(sum, d);
    sum = f32x4.add(sum, e);
    sum = f32x4.add(sum, f);
    sum = f32x4.add(sum, g);
    sum = f32x4.add(sum, h);
    sum = f32x4.add(sum, i);
    sum = f32x4.add(sum, j);
    sum = f32x4.add(sum, k);
    sum = f32x4.add(sum, l);
    v128.store(<usize>arg(p, 1) + ((<usize>u) << 4), sum);
  }
}
