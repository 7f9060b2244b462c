// Elementwise kernels with broadcasting. Each op is one inlined function over four lanes; tails go through the
// same function, so an element's value never depends on its position.
import { arg, erf, exp, loadTail, log, log1p, ptr, real, relu, sigmoid, softplus, storeTail, tanh } from './vector';

const ADD: i32 = 0;
const SUB: i32 = 1;
const MUL: i32 = 2;
const DIV: i32 = 3;
const MAXIMUM: i32 = 4;
const MINIMUM: i32 = 5;
const SQUARED_DIFFERENCE: i32 = 6;

// @ts-ignore: decorator
@inline
function binary(op: i32, a: v128, b: v128): v128 {
  if (op == ADD) return f32x4.add(a, b);
  if (op == SUB) return f32x4.sub(a, b);
  if (op == MUL) return f32x4.mul(a, b);
  if (op == DIV) return f32x4.div(a, b);
  if (op == MAXIMUM) return f32x4.max(a, b);
  if (op == MINIMUM) return f32x4.min(a, b);
  const d = f32x4.sub(a, b);
  return f32x4.mul(d, d);
}

/**
 * Walks a broadcast binary operation. Where nothing is broadcast but whole operands (rank 0), units are blocks of
 * `length` of the `total` elements; otherwise units are rows of `length`, the innermost run of the collapsed shape.
 * Arguments: 0 a, 1 b, 2 out, 3 length, 4 total, 5 innermost step of a (0 or 1), 6 of b, 7 outer rank (0 to 5),
 * then per outer dimension, innermost first: size, step of a, step of b (in elements).
 */
// @ts-ignore: decorator
@inline
function binaryRows(op: i32, p: usize, from: i32, to: i32): void {
  const length = arg(p, 3);
  const total = arg(p, 4);
  const stepA = arg(p, 5);
  const stepB = arg(p, 6);
  const rank = arg(p, 7);
  for (let row = from; row < to; row++) {
    const start = <usize>row * <usize>length;
    let a = ptr(p, 0);
    let b = ptr(p, 1);
    let n = length;
    if (rank == 0) {
      if (stepA) a += start << 2;
      if (stepB) b += start << 2;
      n = min(length, total - <i32>start);
    } else {
      let rest = row;
      let at = p + 32;
      for (let d = 0; d < rank; d++) {
        const size = load<i32>(at);
        const next = rest / size;
        const index = rest - next * size;
        a += <usize>(index * load<i32>(at, 4)) << 2;
        b += <usize>(index * load<i32>(at, 8)) << 2;
        rest = next;
        at += 12;
      }
    }
    binaryRow(op, a, b, ptr(p, 2) + (start << 2), n, stepA, stepB);
  }
}

// @ts-ignore: decorator
@inline
function binaryRow(op: i32, a: usize, b: usize, out: usize, n: i32, stepA: i32, stepB: i32): void {
  let i: i32 = 0;
  if (stepA && stepB) {
    for (; i + 4 <= n; i += 4) {
      v128.store(out, binary(op, v128.load(a), v128.load(b)));
      a += 16;
      b += 16;
      out += 16;
    }
    if (i < n) storeTail(out, binary(op, loadTail(a, n - i), loadTail(b, n - i)), n - i);
  } else if (stepA) {
    const v = v128.load32_splat(b);
    for (; i + 4 <= n; i += 4) {
      v128.store(out, binary(op, v128.load(a), v));
      a += 16;
      out += 16;
    }
    if (i < n) storeTail(out, binary(op, loadTail(a, n - i), v), n - i);
  } else {
    const v = v128.load32_splat(a);
    const same = !stepB;
    for (; i + 4 <= n; i += 4) {
      v128.store(out, binary(op, v, same ? v128.load32_splat(b) : v128.load(b)));
      if (!same) b += 16;
      out += 16;
    }
    if (i < n) storeTail(out, binary(op, v, same ? v128.load32_splat(b) : loadTail(b, n - i)), n - i);
  }
}

export function add(p: usize, from: i32, to: i32, scratch: usize): void {
  binaryRows(ADD, p, from, to);
}

export function sub(p: usize, from: i32, to: i32, scratch: usize): void {
  binaryRows(SUB, p, from, to);
}

export function multiply(p: usize, from: i32, to: i32, scratch: usize): void {
  binaryRows(MUL, p, from, to);
}

export function divide(p: usize, from: i32, to: i32, scratch: usize): void {
  binaryRows(DIV, p, from, to);
}

export function maximum(p: usize, from: i32, to: i32, scratch: usize): void {
  binaryRows(MAXIMUM, p, from, to);
}

export function minimum(p: usize, from: i32, to: i32, scratch: usize): void {
  binaryRows(MINIMUM, p, from, to);
}

export function squaredDifference(p: usize, from: i32, to: i32, scratch: usize): void {
  binaryRows(SQUARED_DIFFERENCE, p, from, to);
}

/** 1 above zero, alpha elsewhere, NaN for NaN. */
// @ts-ignore: decorator
@inline
function stepAt(x: v128, alpha: f32): v128 {
  const y = v128.bitselect(f32x4.splat(1.0), f32x4.splat(alpha), f32x4.gt(x, f32x4.splat(0)));
  return v128.bitselect(y, x, f32x4.eq(x, x));
}

// @ts-ignore: decorator
@inline
function leaky(x: v128, alpha: f32): v128 {
  return v128.bitselect(f32x4.mul(x, f32x4.splat(alpha)), x, f32x4.lt(x, f32x4.splat(0)));
}

/** -1, 0 or 1; 0 for NaN, as tfjs's CPU backend has it. */
// @ts-ignore: decorator
@inline
function signOf(x: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1.0);
  return v128.or(v128.and(f32x4.gt(x, zero), one), v128.and(f32x4.lt(x, zero), f32x4.splat(-1.0)));
}

const BLOCK: i32 = 4096; // elements per unit of a unary kernel
const NEG: i32 = 0;
const ABS: i32 = 1;
const EXPONENTIAL: i32 = 2;
const LOGARITHM: i32 = 3;
const LOGONEPLUS: i32 = 4;
const SQUAREROOT: i32 = 5;
const RECIPROCALROOT: i32 = 6;
const SQUARE: i32 = 7;
const RECIPROCAL: i32 = 8;
const RECTIFY: i32 = 9;
const LOGISTIC: i32 = 10;
const HYPERBOLICTANGENT: i32 = 11;
const SOFTPLUS: i32 = 12;
const ERRORFUNCTION: i32 = 13;
const STEP: i32 = 14;
const LEAKYRELU: i32 = 15;
const RELU6: i32 = 16;
const SIGN: i32 = 17;

// @ts-ignore: decorator
@inline
function unary(op: i32, x: v128, parameter: f32): v128 {
  if (op == NEG) return f32x4.neg(x);
  if (op == ABS) return f32x4.abs(x);
  if (op == EXPONENTIAL) return exp(x);
  if (op == LOGARITHM) return log(x);
  if (op == LOGONEPLUS) return log1p(x);
  if (op == SQUAREROOT) return f32x4.sqrt(x);
  if (op == RECIPROCALROOT) return f32x4.div(f32x4.splat(1.0), f32x4.sqrt(x));
  if (op == SQUARE) return f32x4.mul(x, x);
  if (op == RECIPROCAL) return f32x4.div(f32x4.splat(1.0), x);
  if (op == RECTIFY) return relu(x);
  if (op == LOGISTIC) return sigmoid(x);
  if (op == HYPERBOLICTANGENT) return tanh(x);
  if (op == SOFTPLUS) return softplus(x);
  if (op == ERRORFUNCTION) return erf(x);
  if (op == STEP) return stepAt(x, parameter);
  if (op == LEAKYRELU) return leaky(x, parameter);
  if (op == RELU6) return f32x4.min(relu(x), f32x4.splat(6.0));
  if (op == SIGN) return signOf(x);
  return x;
}

/** Arguments: 0 x, 1 out, 2 elements, 3 a parameter of the op. Units are blocks of 4096 elements. */
// @ts-ignore: decorator
@inline
function unaryBlocks(op: i32, p: usize, from: i32, to: i32): void {
  const start = <usize>from * BLOCK;
  let x = ptr(p, 0) + (start << 2);
  let out = ptr(p, 1) + (start << 2);
  const parameter = real(p, 3);
  const n = min(arg(p, 2), to * BLOCK) - <i32>start;
  let i: i32 = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(out, unary(op, v128.load(x), parameter));
    x += 16;
    out += 16;
  }
  if (i < n) storeTail(out, unary(op, loadTail(x, n - i), parameter), n - i);
}

export function neg(p: usize, from: i32, to: i32, scratch: usize): void {
  unaryBlocks(NEG, p, from, to);
}

export function abs(p: usize, from: i32, to: i32, scratch: usize): void {
  unaryBlocks(ABS, p, from, to);
}

export function exponential(p: usize, from: i32, to: i32, scratch: usize): void {
  unaryBlocks(EXPONENTIAL, p, from, to);
}

export function logarithm(p: usize, from: i32, to: i32, scratch: usize): void {
  unaryBlocks(LOGARITHM, p, from, to);
}

export function logOnePlus(p: usize, from: i32, to: i32, scratch: usize): void {
  unaryBlocks(LOGONEPLUS, p, from, to);
}

export function squareRoot(p: usize, from: i32, to: i32, scratch: usize): void {
  unaryBlocks(SQUAREROOT, p, from, to);
}

export function reciprocalRoot(p: usize, from: i32, to: i32, scratch: usize): void {
  unaryBlocks(RECIPROCALROOT, p, from, to);
}

export function square(p: usize, from: i32, to: i32, scratch: usize): void {
  unaryBlocks(SQUARE, p, from, to);
}

export function reciprocal(p: usize, from: i32, to: i32, scratch: usize): void {
  unaryBlocks(RECIPROCAL, p, from, to);
}

export function rectify(p: usize, from: i32, to: i32, scratch: usize): void {
  unaryBlocks(RECTIFY, p, from, to);
}

export function logistic(p: usize, from: i32, to: i32, scratch: usize): void {
  unaryBlocks(LOGISTIC, p, from, to);
}

export function hyperbolicTangent(p: usize, from: i32, to: i32, scratch: usize): void {
  unaryBlocks(HYPERBOLICTANGENT, p, from, to);
}

export function softPlus(p: usize, from: i32, to: i32, scratch: usize): void {
  unaryBlocks(SOFTPLUS, p, from, to);
}

export function errorFunction(p: usize, from: i32, to: i32, scratch: usize): void {
  unaryBlocks(ERRORFUNCTION, p, from, to);
}

export function step(p: usize, from: i32, to: i32, scratch: usize): void {
  unaryBlocks(STEP, p, from, to);
}

export function leakyRelu(p: usize, from: i32, to: i32, scratch: usize): void {
  unaryBlocks(LEAKYRELU, p, from, to);
}

export function relu6(p: usize, from: i32, to: i32, scratch: usize): void {
  unaryBlocks(RELU6, p, from, to);
}

export function sign(p: usize, from: i32, to: i32, scratch: usize): void {
  unaryBlocks(SIGN, p, from, to);
}
