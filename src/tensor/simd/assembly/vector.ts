// Helpers that every kernel shares. All of them are inlined; none uses static data, since each thread's
// instance would initialise it again in the shared memory.

/** a·b + c, fused where the build allows relaxed SIMD, else rounded twice. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** Reads the i-th 32-bit argument of a kernel. */
// @ts-ignore: decorator
@inline
export function arg(p: usize, i: i32): i32 {
  return load<i32>(p + ((<usize>i) << 2));
}

/** Reads the i-th argument as a pointer. */
// @ts-ignore: decorator
@inline
export function ptr(p: usize, i: i32): usize {
  return <usize>load<u32>(p + ((<usize>i) << 2));
}

/** Reads the i-th argument as a float. */
// @ts-ignore: decorator
@inline
export function real(p: usize, i: i32): f32 {
  return load<f32>(p + ((<usize>i) << 2));
}

/** Loads the first n (0 to 4) floats at p; the other lanes are zero. Never reads past them. */
// @ts-ignore: decorator
@inline
export function loadTail(p: usize, n: i32): v128 {
  if (n >= 4) return v128.load(p);
  if (n == 3) return v128.load32_lane(p + 8, v128.load64_zero(p), 2);
  if (n == 2) return v128.load64_zero(p);
  if (n == 1) return v128.load32_zero(p);
  return i32x4.splat(0);
}

/** Stores the first n (0 to 4) lanes at p. Never writes past them. */
// @ts-ignore: decorator
@inline
export function storeTail(p: usize, v: v128, n: i32): void {
  if (n >= 4) {
    v128.store(p, v);
    return;
  }
  if (n >= 2) {
    v128.store64_lane(p, v, 0);
    if (n == 3) v128.store32_lane(p + 8, v, 2);
    return;
  }
  if (n == 1) v128.store32_lane(p, v, 0);
}

/** Adds the four lanes, as (0+2) + (1+3). */
// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  const s = f32x4.add(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1);
}

/** 2^n for integers n in -126 .. 127. */
// @ts-ignore: decorator
@inline
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/** e^x to about 1 ulp; NaN stays NaN, overflow is +inf, underflow goes through the denormals to 0. */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  // pmin and pmax keep a NaN in their first operand
  const c = f32x4.pmax(f32x4.pmin(x, f32x4.splat(89.0)), f32x4.splat(-104.0));
  // adding 1.5·2^23 rounds to an integer and leaves it in the low bits: cheaper than nearest and a saturating truncation
  const shifted = f32x4.add(f32x4.mul(c, f32x4.splat(1.44269504088896341)), f32x4.splat(12582912.0));
  const n = f32x4.sub(shifted, f32x4.splat(12582912.0));
  let r = f32x4.sub(c, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let y = f32x4.splat(1.9875691500e-4);
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(1.3981999507e-3));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(8.3334519073e-3));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(4.1665795894e-2));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(1.6666665459e-1));
  y = f32x4.add(f32x4.mul(y, r), f32x4.splat(5.0000001201e-1));
  y = f32x4.add(f32x4.add(f32x4.mul(y, f32x4.mul(r, r)), r), f32x4.splat(1.0));
  const i = i32x4.sub(shifted, i32x4.splat(0x4b400000));
  const half = i32x4.shr_s(i, 1);
  return f32x4.mul(f32x4.mul(y, powerOfTwo(half)), powerOfTwo(i32x4.sub(i, half)));
}

/** Natural logarithm to about 1 ulp; log 0 = -inf, of a negative number or NaN it is NaN, of +inf it is +inf. */
// @ts-ignore: decorator
@inline
export function log(x: v128): v128 {
  const one = f32x4.splat(1.0);
  const small = f32x4.lt(x, f32x4.splat(1.17549435e-38));
  const scaled = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608.0)), x, small);
  const bits = i32x4.sub(scaled, i32x4.splat(0x3f3504f3)); // mantissa from sqrt(1/2)
  let e = f32x4.convert_i32x4_s(i32x4.shr_s(bits, 23));
  e = f32x4.sub(e, v128.and(small, f32x4.splat(23.0)));
  const m = i32x4.add(v128.and(bits, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  const f = f32x4.sub(m, one);
  const f2 = f32x4.mul(f, f);
  let y = f32x4.splat(7.0376836292e-2);
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(-1.1514610310e-1));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(1.1676998740e-1));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(-1.2420140846e-1));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(1.4249322787e-1));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(-1.6668057665e-1));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(2.0000714765e-1));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(-2.4999993993e-1));
  y = f32x4.add(f32x4.mul(y, f), f32x4.splat(3.3333331174e-1));
  y = f32x4.mul(f32x4.mul(y, f), f2);
  y = f32x4.add(y, f32x4.mul(e, f32x4.splat(-2.12194440e-4)));
  y = f32x4.sub(y, f32x4.mul(f2, f32x4.splat(0.5)));
  y = f32x4.add(f32x4.add(f, y), f32x4.mul(e, f32x4.splat(0.693359375)));
  const infinity = f32x4.splat(f32.reinterpret_i32(0x7f800000));
  y = v128.bitselect(infinity, y, f32x4.eq(x, infinity));
  y = v128.bitselect(f32x4.neg(infinity), y, f32x4.eq(x, f32x4.splat(0)));
  const invalid = v128.or(f32x4.lt(x, f32x4.splat(0)), f32x4.ne(x, x));
  return v128.bitselect(f32x4.splat(f32.reinterpret_i32(0x7fc00000)), y, invalid);
}

/** log(1 + x), accurate for small x. */
// @ts-ignore: decorator
@inline
export function log1p(x: v128): v128 {
  const u = f32x4.add(x, f32x4.splat(1.0));
  const correction = f32x4.div(f32x4.sub(x, f32x4.sub(u, f32x4.splat(1.0))), u);
  // where u is 0 or infinite the correction is NaN and the logarithm alone is right
  const usable = f32x4.eq(correction, correction);
  return f32x4.add(log(u), v128.and(correction, usable));
}

// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1.0);
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(x))));
}

// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const one = f32x4.splat(1.0);
  const a = f32x4.abs(x);
  const large = f32x4.sub(one, f32x4.div(f32x4.splat(2.0), f32x4.add(exp(f32x4.add(a, a)), one)));
  const z = f32x4.mul(x, x);
  let y = f32x4.splat(-5.70498872745e-3);
  y = f32x4.add(f32x4.mul(y, z), f32x4.splat(2.06390887954e-2));
  y = f32x4.add(f32x4.mul(y, z), f32x4.splat(-5.37397155531e-2));
  y = f32x4.add(f32x4.mul(y, z), f32x4.splat(1.33314422036e-1));
  y = f32x4.add(f32x4.mul(y, z), f32x4.splat(-3.33332819422e-1));
  const small = f32x4.add(f32x4.mul(f32x4.mul(y, z), x), x);
  const sign = v128.and(x, i32x4.splat(i32.MIN_VALUE));
  return v128.bitselect(small, v128.or(large, sign), f32x4.lt(a, f32x4.splat(0.625)));
}

/** log(1 + e^x) without overflow. */
// @ts-ignore: decorator
@inline
export function softplus(x: v128): v128 {
  const rest = log1p(exp(f32x4.neg(f32x4.abs(x))));
  // max(x, 0) that keeps a NaN
  return f32x4.add(v128.andnot(x, f32x4.le(x, f32x4.splat(0))), rest);
}

/** The error function, Abramowitz and Stegun 7.1.26 (absolute error 1.5e-7), as tfjs computes it. */
// @ts-ignore: decorator
@inline
export function erf(x: v128): v128 {
  const one = f32x4.splat(1.0);
  const a = f32x4.abs(x);
  const t = f32x4.div(one, f32x4.add(one, f32x4.mul(a, f32x4.splat(0.3275911))));
  let y = f32x4.splat(1.061405429);
  y = f32x4.add(f32x4.mul(y, t), f32x4.splat(-1.453152027));
  y = f32x4.add(f32x4.mul(y, t), f32x4.splat(1.421413741));
  y = f32x4.add(f32x4.mul(y, t), f32x4.splat(-0.284496736));
  y = f32x4.add(f32x4.mul(y, t), f32x4.splat(0.254829592));
  y = f32x4.sub(one, f32x4.mul(f32x4.mul(y, t), exp(f32x4.neg(f32x4.mul(a, a)))));
  return v128.or(y, v128.and(x, i32x4.splat(i32.MIN_VALUE)));
}

/** 1/√(2π)·e^(-x²/2), the density of the standard normal. */
// @ts-ignore: decorator
@inline
export function normalDensity(x: v128): v128 {
  return f32x4.mul(f32x4.splat(0.3989422804014327), exp(f32x4.mul(f32x4.splat(-0.5), f32x4.mul(x, x))));
}

/** max(x, 0); a NaN stays NaN and -0 becomes 0, as Math.max does. */
// @ts-ignore: decorator
@inline
export function relu(x: v128): v128 {
  return v128.andnot(x, f32x4.le(x, f32x4.splat(0)));
}
