import { arg, loadTail, ptr, real, storeTail } from './vector';

const BLOCK: i32 = 4096;

/**
 * One step of Adam or AdamW (Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019, algorithm 2) over a list
 * of variables, in place. Units are blocks of 4096 elements, numbered through all variables.
 * Arguments: 0 table, 1 entries, 2 learning rate, 3 beta1, 4 beta2, 5 epsilon, 6 1 - beta1^t, 7 1 - beta2^t,
 * 8 pointer to a factor of all gradients or 0, 9 1 - beta1, 10 1 - beta2.
 * The table has seven words per entry: value, gradient, first moment, second moment, elements, first unit, and
 * the factor that decay leaves of a value.
 */
export function adam(p: usize, from: i32, to: i32, scratch: usize): void {
  const table = ptr(p, 0);
  const variables = arg(p, 1);
  const rate = f32x4.splat(real(p, 2) / real(p, 6));
  const beta1 = f32x4.splat(real(p, 3));
  const beta2 = f32x4.splat(real(p, 4));
  const epsilon = f32x4.splat(real(p, 5));
  const scale2 = f32x4.splat(<f32>1.0 / real(p, 7));
  const scale = f32x4.splat(ptr(p, 8) ? load<f32>(ptr(p, 8)) : <f32>1.0);
  const rest1 = f32x4.splat(real(p, 9));
  const rest2 = f32x4.splat(real(p, 10));
  for (let v = 0; v < variables; v++) {
    const row = table + <usize>(v * 28);
    const elements = load<i32>(row, 16);
    const first = load<i32>(row, 20);
    const keep = f32x4.splat(load<f32>(row, 24));
    const blocks = (elements + BLOCK - 1) / BLOCK;
    const begin = max(from, first) - first;
    const end = min(to, first + blocks) - first;
    if (begin >= end) continue;
    const offset = (<usize>begin * BLOCK) << 2;
    let value = <usize>load<u32>(row) + offset;
    let gradient = <usize>load<u32>(row, 4) + offset;
    let m = <usize>load<u32>(row, 8) + offset;
    let s = <usize>load<u32>(row, 12) + offset;
    let left = min(elements, end * BLOCK) - begin * BLOCK;
    while (left > 0) {
      const g = f32x4.mul(scale, loadTail(gradient, left));
      const newM = f32x4.add(f32x4.mul(beta1, loadTail(m, left)), f32x4.mul(rest1, g));
      const newS = f32x4.add(f32x4.mul(beta2, loadTail(s, left)), f32x4.mul(rest2, f32x4.mul(g, g)));
      const root = f32x4.add(f32x4.sqrt(f32x4.mul(newS, scale2)), epsilon);
      const x = f32x4.mul(loadTail(value, left), keep);
      storeTail(m, newM, left);
      storeTail(s, newS, left);
      storeTail(value, f32x4.sub(x, f32x4.div(f32x4.mul(rate, newM), root)), left);
      value += 16;
      gradient += 16;
      m += 16;
      s += 16;
      left -= 4;
    }
  }
}
