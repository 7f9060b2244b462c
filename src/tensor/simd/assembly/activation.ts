import { erf, exp, normalDensity, relu, sigmoid, tanh } from './vector';

// numbering of src/tensor/ops/activation.ts
export const LINEAR: i32 = 0;
export const RELU: i32 = 1;
export const TANH: i32 = 2;
export const SILU: i32 = 3;
export const MISH: i32 = 4;
export const GELU: i32 = 5;

/** e^z·(e^z + 2), from which tanh(softplus(z)) = n/(n + 2) follows with one exponential; z above 20 saturates. */
// @ts-ignore: decorator
@inline
function mishNumerator(e: v128): v128 {
  return f32x4.mul(e, f32x4.add(e, f32x4.splat(2.0)));
}

/** The activation of pre-activations z. */
// @ts-ignore: decorator
@inline
export function activation(kind: i32, z: v128): v128 {
  if (kind == RELU) return relu(z);
  if (kind == TANH) return tanh(z);
  if (kind == SILU) return f32x4.mul(z, sigmoid(z));
  if (kind == MISH) {
    const n = mishNumerator(exp(f32x4.pmin(z, f32x4.splat(20.0))));
    return f32x4.mul(z, f32x4.div(n, f32x4.add(n, f32x4.splat(2.0))));
  }
  if (kind == GELU) {
    const half = f32x4.mul(z, f32x4.splat(0.5));
    return f32x4.mul(half, f32x4.add(f32x4.splat(1.0), erf(f32x4.mul(z, f32x4.splat(0.7071067811865476)))));
  }
  return z;
}

/** The derivative of the activation; `s` is the output y for relu and tanh, the pre-activation z otherwise. */
// @ts-ignore: decorator
@inline
export function derivative(kind: i32, s: v128): v128 {
  const one = f32x4.splat(1.0);
  if (kind == RELU) return v128.andnot(one, f32x4.le(s, f32x4.splat(0)));
  if (kind == TANH) return f32x4.sub(one, f32x4.mul(s, s));
  if (kind == SILU) {
    const g = sigmoid(s);
    return f32x4.mul(g, f32x4.add(one, f32x4.mul(s, f32x4.sub(one, g))));
  }
  if (kind == MISH) {
    const e = exp(f32x4.pmin(s, f32x4.splat(20.0)));
    const n = mishNumerator(e);
    const d = f32x4.div(one, f32x4.add(n, f32x4.splat(2.0)));
    const t = f32x4.mul(n, d); // tanh(softplus(s)); 1 - t = 2d
    const g = f32x4.div(e, f32x4.add(e, one)); // sigmoid(s)
    const rest = f32x4.mul(f32x4.add(d, d), f32x4.add(one, t));
    return f32x4.add(t, f32x4.mul(f32x4.mul(s, g), rest));
  }
  if (kind == GELU) {
    const cdf = f32x4.mul(
      f32x4.splat(0.5),
      f32x4.add(one, erf(f32x4.mul(s, f32x4.splat(0.7071067811865476)))),
    );
    return f32x4.add(cdf, f32x4.mul(s, normalDensity(s)));
  }
  return one;
}
