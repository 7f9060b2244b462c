// One dense layer for acting, in double precision: eight outputs side by side, of two rows where there are two. Each
// output adds its products in the order of the inputs, so its bits do not depend on what is computed beside it.

// @ts-ignore: decorator
@inline
function storeFour(out: usize, low: v128, high: v128): void {
  v128.store(
    out,
    v128.shuffle<i32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5),
  );
}

/**
 * @param input - f32, [rows, K]. @param weights - f64, [N/8, K, 8]. @param bias - f64, [N].
 * @param output - f32, [rows, N]. @param groups - N/8.
 */
export function linear(
  input: usize,
  weights: usize,
  bias: usize,
  output: usize,
  rows: i32,
  K: i32,
  groups: i32,
): void {
  const rowK = (<usize>K) << 2;
  const rowN = (<usize>groups) << 5;
  let row = 0;
  for (; row + 2 <= rows; row += 2) {
    let w = weights;
    let b = bias;
    let out = output;
    for (let group = 0; group < groups; group++) {
      let p0 = f64x2.splat(0);
      let p1 = f64x2.splat(0);
      let p2 = f64x2.splat(0);
      let p3 = f64x2.splat(0);
      let q0 = f64x2.splat(0);
      let q1 = f64x2.splat(0);
      let q2 = f64x2.splat(0);
      let q3 = f64x2.splat(0);
      let x = input;
      for (let k = 0; k < K; k++) {
        const a = f64x2.splat(<f64>load<f32>(x));
        const c = f64x2.splat(<f64>load<f32>(x + rowK));
        const w0 = v128.load(w);
        const w1 = v128.load(w, 16);
        const w2 = v128.load(w, 32);
        const w3 = v128.load(w, 48);
        p0 = f64x2.add(p0, f64x2.mul(a, w0));
        p1 = f64x2.add(p1, f64x2.mul(a, w1));
        p2 = f64x2.add(p2, f64x2.mul(a, w2));
        p3 = f64x2.add(p3, f64x2.mul(a, w3));
        q0 = f64x2.add(q0, f64x2.mul(c, w0));
        q1 = f64x2.add(q1, f64x2.mul(c, w1));
        q2 = f64x2.add(q2, f64x2.mul(c, w2));
        q3 = f64x2.add(q3, f64x2.mul(c, w3));
        x += 4;
        w += 64;
      }
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      const b2 = v128.load(b, 32);
      const b3 = v128.load(b, 48);
      b += 64;
      storeFour(out, f64x2.add(p0, b0), f64x2.add(p1, b1));
      storeFour(out + 16, f64x2.add(p2, b2), f64x2.add(p3, b3));
      storeFour(out + rowN, f64x2.add(q0, b0), f64x2.add(q1, b1));
      storeFour(out + rowN + 16, f64x2.add(q2, b2), f64x2.add(q3, b3));
      out += 32;
    }
    input += rowK << 1;
    output += rowN << 1;
  }
  if (row < rows) {
    let w = weights;
    let b = bias;
    let out = output;
    for (let group = 0; group < groups; group++) {
      let p0 = f64x2.splat(0);
      let p1 = f64x2.splat(0);
      let p2 = f64x2.splat(0);
      let p3 = f64x2.splat(0);
      let x = input;
      for (let k = 0; k < K; k++) {
        const a = f64x2.splat(<f64>load<f32>(x));
        p0 = f64x2.add(p0, f64x2.mul(a, v128.load(w)));
        p1 = f64x2.add(p1, f64x2.mul(a, v128.load(w, 16)));
        p2 = f64x2.add(p2, f64x2.mul(a, v128.load(w, 32)));
        p3 = f64x2.add(p3, f64x2.mul(a, v128.load(w, 48)));
        x += 4;
        w += 64;
      }
      storeFour(out, f64x2.add(p0, v128.load(b)), f64x2.add(p1, v128.load(b, 16)));
      storeFour(out + 16, f64x2.add(p2, v128.load(b, 32)), f64x2.add(p3, v128.load(b, 48)));
      b += 64;
      out += 32;
    }
  }
}
