import { arg, exp, ptr } from './vector';

const LOG_2_PI: f64 = 1.8378770664093453;

/** exp(-logVariance) of dimension d. */
// @ts-ignore: decorator
@inline
function precision(p: usize, d: i32): f32 {
  const v = load<f32>(ptr(p, 2) + (arg(p, 7) ? (<usize>d) << 2 : 0));
  return f32x4.extract_lane(exp(f32x4.splat(-v)), 0);
}

/**
 * Log density of diagonal Gaussians, -½ Σ_d ((t - m)² e^-v + v + log 2π). Units are blocks of 256 rows.
 * Arguments: 0 mean, 1 target, 2 log variance, 3 out, 4 rows, 5 D, 6 rows after which the target repeats,
 * 7 step of the log variance (0 or 1).
 */
export function gaussian(p: usize, from: i32, to: i32, scratch: usize): void {
  const D = arg(p, 5);
  const period = arg(p, 6);
  let constant: f64 = 0;
  for (let d = 0; d < D; d++) {
    constant += <f64>load<f32>(ptr(p, 2) + (arg(p, 7) ? (<usize>d) << 2 : 0)) + LOG_2_PI;
    store<f32>(scratch + ((<usize>d) << 2), precision(p, d));
  }
  const offset = <f32>(-0.5 * constant);
  const begin = from * 256;
  const end = min(arg(p, 4), to * 256);
  const width = (<usize>D) << 2;
  let m = ptr(p, 0) + <usize>begin * width;
  let t = ptr(p, 1) + <usize>(begin % period) * width;
  const wrap = ptr(p, 1) + <usize>period * width;
  for (let row = begin; row < end; row++) {
    let s: f32 = 0;
    for (let at: usize = 0; at < width; at += 4) {
      const r = load<f32>(t + at) - load<f32>(m + at);
      s += r * r * load<f32>(scratch + at);
    }
    store<f32>(ptr(p, 3) + ((<usize>row) << 2), offset - <f32>0.5 * s);
    m += width;
    t += width;
    if (t == wrap) t = ptr(p, 1);
  }
}

/** The gradient of {@link gaussian} with respect to the mean, dy·(t - m)·e^-v. Argument 3 is the gradient, 8 is dy. */
export function gaussianMeanGradient(p: usize, from: i32, to: i32, scratch: usize): void {
  const D = arg(p, 5);
  const period = arg(p, 6);
  for (let d = 0; d < D; d++) store<f32>(scratch + ((<usize>d) << 2), precision(p, d));
  const begin = from * 256;
  const end = min(arg(p, 4), to * 256);
  const width = (<usize>D) << 2;
  let m = ptr(p, 0) + <usize>begin * width;
  let out = ptr(p, 3) + <usize>begin * width;
  let t = ptr(p, 1) + <usize>(begin % period) * width;
  const wrap = ptr(p, 1) + <usize>period * width;
  for (let row = begin; row < end; row++) {
    const dy = load<f32>(ptr(p, 8) + ((<usize>row) << 2));
    for (let at: usize = 0; at < width; at += 4) {
      store<f32>(out + at, dy * (load<f32>(t + at) - load<f32>(m + at)) * load<f32>(scratch + at));
    }
    m += width;
    out += width;
    t += width;
    if (t == wrap) t = ptr(p, 1);
  }
}
