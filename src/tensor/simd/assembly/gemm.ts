// Matrix products: C [M, N] = op(A)·op(B), single precision.
//
// Both operands are packed: A into panels of 4 rows ([k][4]), B into panels of 8 columns ([k][8], the last one
// [k][4] where 4 or fewer columns are left), zero-padded. The inner tile is 4 rows by 2 vectors. The k loop is
// unrolled by 4 with an exit test after every step: V8 hoists the loads of a basic block above its arithmetic,
// and without the tests it spills registers.
//
// Every element sums over k in an order that depends on K alone, never on how rows or batches were divided
// among threads: the same bits for any number of threads.
import { activation, LINEAR, RELU } from './activation';
import { arg, loadTail, madd, ptr, relu, storeTail, sumLanes } from './vector';

/** Depth of a packed block; with NC it bounds the scratch memory: 4·KC·4 + KC·NC·4 bytes. */
const KC: i32 = 512;
/** Width of a packed block of B. */
const NC: i32 = 256;
/** Bytes of scratch for the packed panel of A. */
const A_BYTES: usize = 4 * 512 * 4; // KC rows of a panel

const FIRST: i32 = 1; // start from the bias or zero, not from C
const RECTIFY: i32 = 2; // apply ReLU when storing

/** Rows of C in one unit of work. */
export const UNIT_ROWS: i32 = 64;

/** Packs rows i .. i+rows-1 (at most 4) and columns k .. k+kc-1 of op(A) as [kc][4]. */
function packA(dst: usize, a: usize, lda: usize, transposed: i32, rows: i32, kc: i32): void {
  if (transposed) {
    // stored [K, M]: the four rows of one k are neighbours
    if (rows == 4) {
      for (let k = 0; k < kc; k++) {
        v128.store(dst, v128.load(a));
        dst += 16;
        a += lda;
      }
    } else {
      for (let k = 0; k < kc; k++) {
        v128.store(dst, loadTail(a, rows));
        dst += 16;
        a += lda;
      }
    }
    return;
  }
  const a1 = rows > 1 ? a + lda : a;
  const a2 = rows > 2 ? a + 2 * lda : a;
  const a3 = rows > 3 ? a + 3 * lda : a;
  transpose4(dst, 16, a, a1, a2, a3, kc);
}

/**
 * Interleaves four rows of kc floats: dst[k] = (p0[k], p1[k], p2[k], p3[k]), at a distance of `step` bytes.
 * Padding rows repeat a real one; what they produce is never stored.
 */
// @ts-ignore: decorator
@inline
function transpose4(dst: usize, step: usize, p0: usize, p1: usize, p2: usize, p3: usize, kc: i32): void {
  let k = 0;
  for (; k + 4 <= kc; k += 4) {
    const r0 = v128.load(p0);
    const r1 = v128.load(p1);
    const r2 = v128.load(p2);
    const r3 = v128.load(p3);
    const s0 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
    const s1 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
    const s2 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
    const s3 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
    v128.store(dst, v128.shuffle<i64>(s0, s1, 0, 2));
    v128.store(dst + step, v128.shuffle<i64>(s0, s1, 1, 3));
    v128.store(dst + 2 * step, v128.shuffle<i64>(s2, s3, 0, 2));
    v128.store(dst + 3 * step, v128.shuffle<i64>(s2, s3, 1, 3));
    p0 += 16;
    p1 += 16;
    p2 += 16;
    p3 += 16;
    dst += 4 * step;
  }
  for (; k < kc; k++) {
    store<f32>(dst, load<f32>(p0));
    store<f32>(dst + 4, load<f32>(p1));
    store<f32>(dst + 8, load<f32>(p2));
    store<f32>(dst + 12, load<f32>(p3));
    p0 += 4;
    p1 += 4;
    p2 += 4;
    p3 += 4;
    dst += step;
  }
}

/** Packs four columns (fewer at the edge) of op(B) into dst[k*step .. +16). */
// @ts-ignore: decorator
@inline
function packB4(dst: usize, step: usize, b: usize, ldb: usize, transposed: i32, columns: i32, kc: i32): void {
  if (transposed) {
    const b1 = columns > 1 ? b + ldb : b;
    const b2 = columns > 2 ? b + 2 * ldb : b;
    const b3 = columns > 3 ? b + 3 * ldb : b;
    transpose4(dst, step, b, b1, b2, b3, kc);
    return;
  }
  for (let k = 0; k < kc; k++) {
    v128.store(dst, loadTail(b, columns));
    dst += step;
    b += ldb;
  }
}

/** Packs columns j .. j+columns-1 (at most 8) of op(B) as [kc][8], or as [kc][4] for 4 and fewer. */
function packB(dst: usize, b: usize, ldb: usize, transposed: i32, columns: i32, kc: i32): void {
  if (columns <= 4) {
    packB4(dst, 16, b, ldb, transposed, columns, kc);
    return;
  }
  if (columns == 8 && !transposed) {
    for (let k = 0; k < kc; k++) {
      v128.store(dst, v128.load(b));
      v128.store(dst, v128.load(b, 16), 16);
      dst += 32;
      b += ldb;
    }
    return;
  }
  packB4(dst, 32, b, ldb, transposed, 4, kc);
  packB4(dst + 16, 32, transposed ? b + 4 * ldb : b + 16, ldb, transposed, columns - 4, kc);
}

/** Stores one row of a tile, 8 columns wide or narrower. */
// @ts-ignore: decorator
@inline
function storeRow(c: usize, v0: v128, v1: v128, columns: i32, flags: i32): void {
  if (flags & RECTIFY) {
    v0 = relu(v0);
    v1 = relu(v1);
  }
  if (columns == 8) {
    v128.store(c, v0);
    v128.store(c, v1, 16);
  } else {
    storeTail(c, v0, columns);
    if (columns > 4) storeTail(c + 16, v1, columns - 4);
  }
}

/** The tile of 4 rows by 8 columns over packed A [kc][4] and B with rows `stepB` bytes apart. */
function tile4x8(
  a: usize,
  b: usize,
  stepB: usize,
  kc: i32,
  c: usize,
  ldc: usize,
  rows: i32,
  columns: i32,
  flags: i32,
  bias: usize,
): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  if (!(flags & FIRST)) {
    const c1 = rows > 1 ? c + ldc : c;
    const c2 = rows > 2 ? c + 2 * ldc : c;
    const c3 = rows > 3 ? c + 3 * ldc : c;
    c00 = loadTail(c, columns);
    c10 = loadTail(c1, columns);
    c20 = loadTail(c2, columns);
    c30 = loadTail(c3, columns);
    if (columns > 4) {
      c01 = loadTail(c + 16, columns - 4);
      c11 = loadTail(c1 + 16, columns - 4);
      c21 = loadTail(c2 + 16, columns - 4);
      c31 = loadTail(c3 + 16, columns - 4);
    }
  } else if (bias) {
    c00 = loadTail(bias, columns);
    c10 = c00;
    c20 = c00;
    c30 = c00;
    if (columns > 4) {
      c01 = loadTail(bias + 16, columns - 4);
      c11 = c01;
      c21 = c01;
      c31 = c01;
    }
  }
  const end = a + ((<usize>kc) << 4);
  while (true) {
    let b0 = v128.load(b);
    let b1 = v128.load(b, 16);
    let s = v128.load32_splat(a);
    c00 = madd(s, b0, c00);
    c01 = madd(s, b1, c01);
    s = v128.load32_splat(a, 4);
    c10 = madd(s, b0, c10);
    c11 = madd(s, b1, c11);
    s = v128.load32_splat(a, 8);
    c20 = madd(s, b0, c20);
    c21 = madd(s, b1, c21);
    s = v128.load32_splat(a, 12);
    c30 = madd(s, b0, c30);
    c31 = madd(s, b1, c31);
    a += 16;
    b += stepB;
    if (a == end) break;
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    s = v128.load32_splat(a);
    c00 = madd(s, b0, c00);
    c01 = madd(s, b1, c01);
    s = v128.load32_splat(a, 4);
    c10 = madd(s, b0, c10);
    c11 = madd(s, b1, c11);
    s = v128.load32_splat(a, 8);
    c20 = madd(s, b0, c20);
    c21 = madd(s, b1, c21);
    s = v128.load32_splat(a, 12);
    c30 = madd(s, b0, c30);
    c31 = madd(s, b1, c31);
    a += 16;
    b += stepB;
    if (a == end) break;
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    s = v128.load32_splat(a);
    c00 = madd(s, b0, c00);
    c01 = madd(s, b1, c01);
    s = v128.load32_splat(a, 4);
    c10 = madd(s, b0, c10);
    c11 = madd(s, b1, c11);
    s = v128.load32_splat(a, 8);
    c20 = madd(s, b0, c20);
    c21 = madd(s, b1, c21);
    s = v128.load32_splat(a, 12);
    c30 = madd(s, b0, c30);
    c31 = madd(s, b1, c31);
    a += 16;
    b += stepB;
    if (a == end) break;
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    s = v128.load32_splat(a);
    c00 = madd(s, b0, c00);
    c01 = madd(s, b1, c01);
    s = v128.load32_splat(a, 4);
    c10 = madd(s, b0, c10);
    c11 = madd(s, b1, c11);
    s = v128.load32_splat(a, 8);
    c20 = madd(s, b0, c20);
    c21 = madd(s, b1, c21);
    s = v128.load32_splat(a, 12);
    c30 = madd(s, b0, c30);
    c31 = madd(s, b1, c31);
    a += 16;
    b += stepB;
    if (a == end) break;
  }
  storeRow(c, c00, c01, columns, flags);
  if (rows > 1) storeRow(c + ldc, c10, c11, columns, flags);
  if (rows > 2) storeRow(c + 2 * ldc, c20, c21, columns, flags);
  if (rows > 3) storeRow(c + 3 * ldc, c30, c31, columns, flags);
}

/** The tile of 4 rows by at most 4 columns over packed A [kc][4] and B [kc][4]. */
function tile4x4(
  a: usize,
  b: usize,
  kc: i32,
  c: usize,
  ldc: usize,
  rows: i32,
  columns: i32,
  flags: i32,
  bias: usize,
): void {
  let c0 = f32x4.splat(0);
  let c1 = c0;
  let c2 = c0;
  let c3 = c0;
  if (!(flags & FIRST)) {
    c0 = loadTail(c, columns);
    if (rows > 1) c1 = loadTail(c + ldc, columns);
    if (rows > 2) c2 = loadTail(c + 2 * ldc, columns);
    if (rows > 3) c3 = loadTail(c + 3 * ldc, columns);
  } else if (bias) {
    c0 = loadTail(bias, columns);
    c1 = c0;
    c2 = c0;
    c3 = c0;
  }
  const end = a + ((<usize>kc) << 4);
  while (true) {
    const v = v128.load(b);
    c0 = madd(v128.load32_splat(a), v, c0);
    c1 = madd(v128.load32_splat(a, 4), v, c1);
    c2 = madd(v128.load32_splat(a, 8), v, c2);
    c3 = madd(v128.load32_splat(a, 12), v, c3);
    a += 16;
    b += 16;
    if (a == end) break;
  }
  if (flags & RECTIFY) {
    c0 = relu(c0);
    c1 = relu(c1);
    c2 = relu(c2);
    c3 = relu(c3);
  }
  storeTail(c, c0, columns);
  if (rows > 1) storeTail(c + ldc, c1, columns);
  if (rows > 2) storeTail(c + 2 * ldc, c2, columns);
  if (rows > 3) storeTail(c + 3 * ldc, c3, columns);
}

/** Dot products for N of 1 or 2 where A's rows are contiguous in k: 4 rows at a time, no packing of A. */
function narrow2(a: usize, lda: usize, b: usize, kPadded: usize, M: i32, N: i32, K: i32, c: usize, ldc: usize, flags: i32, bias: usize): void {
  const b1 = b + kPadded;
  const bias0: f32 = bias ? load<f32>(bias) : 0;
  const bias1: f32 = bias && N > 1 ? load<f32>(bias + 4) : 0;
  for (let i = 0; i < M; i += 4) {
    const a0 = a + <usize>i * lda;
    const a1 = i + 1 < M ? a0 + lda : a0;
    const a2 = i + 2 < M ? a0 + 2 * lda : a0;
    const a3 = i + 3 < M ? a0 + 3 * lda : a0;
    let c00 = f32x4.splat(0);
    let c01 = c00;
    let c10 = c00;
    let c11 = c00;
    let c20 = c00;
    let c21 = c00;
    let c30 = c00;
    let c31 = c00;
    let k: i32 = 0;
    let at: usize = 0;
    for (; k + 4 <= K; k += 4) {
      const v0 = v128.load(b + at);
      const v1 = v128.load(b1 + at);
      let s = v128.load(a0 + at);
      c00 = madd(s, v0, c00);
      c01 = madd(s, v1, c01);
      s = v128.load(a1 + at);
      c10 = madd(s, v0, c10);
      c11 = madd(s, v1, c11);
      s = v128.load(a2 + at);
      c20 = madd(s, v0, c20);
      c21 = madd(s, v1, c21);
      s = v128.load(a3 + at);
      c30 = madd(s, v0, c30);
      c31 = madd(s, v1, c31);
      at += 16;
    }
    if (k < K) {
      const n = K - k;
      const v0 = v128.load(b + at);
      const v1 = v128.load(b1 + at);
      let s = loadTail(a0 + at, n);
      c00 = madd(s, v0, c00);
      c01 = madd(s, v1, c01);
      s = loadTail(a1 + at, n);
      c10 = madd(s, v0, c10);
      c11 = madd(s, v1, c11);
      s = loadTail(a2 + at, n);
      c20 = madd(s, v0, c20);
      c21 = madd(s, v1, c21);
      s = loadTail(a3 + at, n);
      c30 = madd(s, v0, c30);
      c31 = madd(s, v1, c31);
    }
    const row = c + <usize>i * ldc;
    narrowStore(row, bias0 + sumLanes(c00), bias1 + sumLanes(c01), N, flags);
    if (i + 1 < M) narrowStore(row + ldc, bias0 + sumLanes(c10), bias1 + sumLanes(c11), N, flags);
    if (i + 2 < M) narrowStore(row + 2 * ldc, bias0 + sumLanes(c20), bias1 + sumLanes(c21), N, flags);
    if (i + 3 < M) narrowStore(row + 3 * ldc, bias0 + sumLanes(c30), bias1 + sumLanes(c31), N, flags);
  }
}

// @ts-ignore: decorator
@inline
function narrowStore(c: usize, v0: f32, v1: f32, N: i32, flags: i32): void {
  if (flags & RECTIFY) {
    if (v0 <= 0) v0 = 0;
    if (v1 <= 0) v1 = 0;
  }
  store<f32>(c, v0);
  if (N > 1) store<f32>(c + 4, v1);
}

/** Dot products for N of 3 or 4 where A's rows are contiguous in k: 2 rows at a time, no packing of A. */
function narrow4(a: usize, lda: usize, b: usize, kPadded: usize, M: i32, N: i32, K: i32, c: usize, ldc: usize, flags: i32, bias: usize): void {
  const b1 = b + kPadded;
  const b2 = b1 + kPadded;
  const b3 = b2 + kPadded;
  const biases = bias ? loadTail(bias, N) : f32x4.splat(0);
  for (let i = 0; i < M; i += 2) {
    const a0 = a + <usize>i * lda;
    const a1 = i + 1 < M ? a0 + lda : a0;
    let c00 = f32x4.splat(0);
    let c01 = c00;
    let c02 = c00;
    let c03 = c00;
    let c10 = c00;
    let c11 = c00;
    let c12 = c00;
    let c13 = c00;
    let at: usize = 0;
    for (let k = 0; k < K; k += 4) {
      const n = K - k;
      const s0 = loadTail(a0 + at, n);
      const s1 = loadTail(a1 + at, n);
      let v = v128.load(b + at);
      c00 = madd(s0, v, c00);
      c10 = madd(s1, v, c10);
      v = v128.load(b1 + at);
      c01 = madd(s0, v, c01);
      c11 = madd(s1, v, c11);
      v = v128.load(b2 + at);
      c02 = madd(s0, v, c02);
      c12 = madd(s1, v, c12);
      v = v128.load(b3 + at);
      c03 = madd(s0, v, c03);
      c13 = madd(s1, v, c13);
      at += 16;
    }
    let r = f32x4.add(biases, sum4(c00, c01, c02, c03));
    if (flags & RECTIFY) r = relu(r);
    const row = c + <usize>i * ldc;
    storeTail(row, r, N);
    if (i + 1 < M) {
      r = f32x4.add(biases, sum4(c10, c11, c12, c13));
      if (flags & RECTIFY) r = relu(r);
      storeTail(row + ldc, r, N);
    }
  }
}

/** The sums of the lanes of four vectors, in the order of {@link sumLanes}. */
// @ts-ignore: decorator
@inline
function sum4(v0: v128, v1: v128, v2: v128, v3: v128): v128 {
  const s0 = v128.shuffle<i32>(v0, v1, 0, 4, 1, 5); // 00 10 01 11
  const s1 = v128.shuffle<i32>(v0, v1, 2, 6, 3, 7); // 02 12 03 13
  const s2 = v128.shuffle<i32>(v2, v3, 0, 4, 1, 5);
  const s3 = v128.shuffle<i32>(v2, v3, 2, 6, 3, 7);
  const p = f32x4.add(s0, s1); // 00+02 10+12 01+03 11+13
  const q = f32x4.add(s2, s3);
  return f32x4.add(v128.shuffle<i64>(p, q, 0, 2), v128.shuffle<i64>(p, q, 1, 3));
}

/** Two rows of op(A) against 16 columns of B as stored, rows `ldb` apart; A packed as [kc][4]. */
function tile2x16(a: usize, b: usize, ldb: usize, kc: i32, c: usize, rsc: usize, csc: usize, rows: i32, first: i32): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c02 = c00;
  let c03 = c00;
  let c10 = c00;
  let c11 = c00;
  let c12 = c00;
  let c13 = c00;
  const end = a + ((<usize>kc) << 4);
  while (true) {
    const s0 = v128.load32_splat(a);
    const s1 = v128.load32_splat(a, 4);
    let v = v128.load(b);
    c00 = madd(s0, v, c00);
    c10 = madd(s1, v, c10);
    v = v128.load(b, 16);
    c01 = madd(s0, v, c01);
    c11 = madd(s1, v, c11);
    v = v128.load(b, 32);
    c02 = madd(s0, v, c02);
    c12 = madd(s1, v, c12);
    v = v128.load(b, 48);
    c03 = madd(s0, v, c03);
    c13 = madd(s1, v, c13);
    a += 16;
    b += ldb;
    if (a == end) break;
  }
  scatter(c, csc, c00, first);
  scatter(c + 4 * csc, csc, c01, first);
  scatter(c + 8 * csc, csc, c02, first);
  scatter(c + 12 * csc, csc, c03, first);
  if (rows > 1) {
    c += rsc;
    scatter(c, csc, c10, first);
    scatter(c + 4 * csc, csc, c11, first);
    scatter(c + 8 * csc, csc, c12, first);
    scatter(c + 12 * csc, csc, c13, first);
  }
}

/** Stores (or adds) four lanes at a stride. */
// @ts-ignore: decorator
@inline
function scatter(c: usize, csc: usize, v: v128, first: i32): void {
  if (!first) {
    v = f32x4.add(
      v,
      f32x4(load<f32>(c), load<f32>(c + csc), load<f32>(c + 2 * csc), load<f32>(c + 3 * csc)),
    );
  }
  v128.store32_lane(c, v, 0);
  v128.store32_lane(c + csc, v, 1);
  v128.store32_lane(c + 2 * csc, v, 2);
  v128.store32_lane(c + 3 * csc, v, 3);
}

/**
 * Products of depth 4 and less, A's rows contiguous: panels of B stay in registers while the rows go by, nothing of
 * A is packed. B is packed as [4][N rounded up to 8], zero below row K.
 */
function shallow(a: usize, lda: usize, b: usize, stepB: usize, rows: i32, N: i32, K: i32, c: usize, ldc: usize, flags: i32, bias: usize): void {
  for (let j = 0; j < N; j += 8) {
    const columns = min(8, N - j);
    const b00 = v128.load(b);
    const b01 = v128.load(b, 16);
    const b10 = v128.load(b + stepB);
    const b11 = v128.load(b + stepB, 16);
    const b20 = v128.load(b + 2 * stepB);
    const b21 = v128.load(b + 2 * stepB, 16);
    const b30 = v128.load(b + 3 * stepB);
    const b31 = v128.load(b + 3 * stepB, 16);
    let z0 = f32x4.splat(0);
    let z1 = z0;
    if (bias) {
      z0 = loadTail(bias, columns);
      if (columns > 4) z1 = loadTail(bias + 16, columns - 4);
      bias += 32;
    }
    let from = a;
    let to = c;
    if (K == 2) {
      for (let i = 0; i < rows; i++) {
        let s = v128.load32_splat(from);
        let c0 = madd(s, b00, z0);
        let c1 = madd(s, b01, z1);
        s = v128.load32_splat(from, 4);
        c0 = madd(s, b10, c0);
        c1 = madd(s, b11, c1);
        storeRow(to, c0, c1, columns, flags);
        from += lda;
        to += ldc;
      }
    } else {
      for (let i = 0; i < rows; i++) {
        let s = v128.load32_splat(from);
        let c0 = madd(s, b00, z0);
        let c1 = madd(s, b01, z1);
        if (K > 1) {
          s = v128.load32_splat(from, 4);
          c0 = madd(s, b10, c0);
          c1 = madd(s, b11, c1);
          if (K > 2) {
            s = v128.load32_splat(from, 8);
            c0 = madd(s, b20, c0);
            c1 = madd(s, b21, c1);
            if (K > 3) {
              s = v128.load32_splat(from, 12);
              c0 = madd(s, b30, c0);
              c1 = madd(s, b31, c1);
            }
          }
        }
        storeRow(to, c0, c1, columns, flags);
        from += lda;
        to += ldc;
      }
    }
    b += 32;
    c += 32;
  }
}

/** Writes the bias, or zeros, where there is nothing to sum over. */
function emptySum(c: usize, ldc: usize, M: i32, N: i32, rectify: i32, bias: usize): void {
  for (let i = 0; i < M; i++) {
    for (let j = 0; j < N; j++) {
      let v: f32 = bias ? load<f32>(bias + ((<usize>j) << 2)) : 0;
      if (rectify && v <= 0) v = 0;
      store<f32>(c + ((<usize>j) << 2), v);
    }
    c += ldc;
  }
}

/** N of at most 4, A stored [K, M], B stored [K, N] (a weight gradient): computed as the transposed product. */
function narrowTransposed(
  a: usize,
  lda: usize,
  b: usize,
  ldb: usize,
  c: usize,
  ldc: usize,
  M: i32,
  N: i32,
  K: i32,
  scratch: usize,
): void {
  const tile = scratch + A_BYTES;
  for (let k = 0; k < K; k += KC) {
    const kc = min(KC, K - k);
    const first = k == 0 ? 1 : 0;
    packA(scratch, b + <usize>k * ldb, ldb, 1, N, kc);
    let from = a + <usize>k * lda;
    let to = c;
    let i: i32 = 0;
    if (N <= 2) {
      for (; i + 16 <= M; i += 16) {
        tile2x16(scratch, from, lda, kc, to, 4, ldc, N, first);
        from += 64;
        to += 16 * ldc;
      }
    }
    for (; i < M; i += 8) {
      const columns = min(8, M - i);
      tile4x8(scratch, from, lda, kc, tile, 32, N, columns, FIRST, 0);
      for (let j = 0; j < columns; j++) {
        for (let n = 0; n < N; n++) {
          const at = to + ((<usize>n) << 2);
          const v = load<f32>(tile + (<usize>n << 5) + (<usize>j << 2));
          store<f32>(at, first ? v : load<f32>(at) + v);
        }
        to += ldc;
      }
      from += 32;
    }
  }
}

/**
 * Computes rows of C = op(A)·op(B) (+ bias, ReLU), `a` and `c` pointing at the first of these `rows` rows of the
 * M there are in all; the way is chosen by M, N and K, so that a division of the rows cannot change a bit.
 * Distances lda, ldb and ldc are in bytes.
 */
export function multiply(
  a: usize,
  lda: usize,
  ta: i32,
  b: usize,
  ldb: usize,
  tb: i32,
  c: usize,
  ldc: usize,
  M: i32,
  rows: i32,
  N: i32,
  K: i32,
  bias: usize,
  rectify: i32,
  scratch: usize,
): void {
  if (rows <= 0 || N <= 0) return;
  if (K <= 0) {
    emptySum(c, ldc, rows, N, rectify, bias);
    return;
  }
  const last = rectify ? RECTIFY : 0;
  if (N <= 4 && !ta && K >= 8 && K <= 4096) {
    const padded = (<usize>((K + 3) & ~3)) << 2;
    const lanes = N <= 2 ? 2 : 4;
    memory.fill(scratch, 0, <usize>lanes * padded);
    for (let n = 0; n < N; n++) {
      const to = scratch + <usize>n * padded;
      if (tb) {
        memory.copy(to, b + <usize>n * ldb, (<usize>K) << 2);
      } else {
        let from = b + ((<usize>n) << 2);
        for (let k = 0; k < K; k++) {
          store<f32>(to + ((<usize>k) << 2), load<f32>(from));
          from += ldb;
        }
      }
    }
    if (N <= 2) narrow2(a, lda, scratch, padded, rows, N, K, c, ldc, last, bias);
    else narrow4(a, lda, scratch, padded, rows, N, K, c, ldc, last, bias);
    return;
  }
  if (K <= 4 && !ta && N > 4 && N <= 4096) {
    const step = (<usize>((N + 7) & ~7)) << 2;
    for (let k = 0; k < K; k++) {
      const to = scratch + <usize>k * step;
      if (tb) {
        let from = b + ((<usize>k) << 2);
        for (let j = 0; j < N; j++) {
          store<f32>(to + ((<usize>j) << 2), load<f32>(from));
          from += ldb;
        }
      } else {
        memory.copy(to, b + <usize>k * ldb, (<usize>N) << 2);
      }
    }
    shallow(a, lda, scratch, step, rows, N, K, c, ldc, last, bias);
    return;
  }
  if (N <= 4 && ta && !tb && !bias && !rectify && M >= 8) {
    narrowTransposed(a, lda, b, ldb, c, ldc, rows, N, K, scratch);
    return;
  }
  const direct = M <= 4 && !tb ? 1 : 0; // B is read once: packing it would cost more than it saves
  const packedB = scratch + A_BYTES;
  for (let k = 0; k < K; k += KC) {
    const kc = min(KC, K - k);
    const flags = (k == 0 ? FIRST : 0) | (k + kc == K ? last : 0);
    const aBlock = ta ? a + <usize>k * lda : a + ((<usize>k) << 2);
    for (let j = 0; j < N; j += NC) {
      const nc = min(NC, N - j);
      const bBlock = tb
        ? b + <usize>j * ldb + ((<usize>k) << 2)
        : b + <usize>k * ldb + ((<usize>j) << 2);
      if (!direct) {
        let to = packedB;
        let from = bBlock;
        for (let jj = 0; jj < nc; jj += 8) {
          packB(to, from, ldb, tb, min(8, nc - jj), kc);
          to += (<usize>kc) << 5;
          from += tb ? 8 * ldb : 32;
        }
      }
      for (let i = 0; i < rows; i += 4) {
        const mr = min(4, rows - i);
        packA(scratch, ta ? aBlock + ((<usize>i) << 2) : aBlock + <usize>i * lda, lda, ta, mr, kc);
        let to = c + <usize>i * ldc + ((<usize>j) << 2);
        let panel = direct ? bBlock : packedB;
        let biasAt = bias ? bias + ((<usize>j) << 2) : 0;
        for (let jj = 0; jj < nc; jj += 8) {
          const nr = min(8, nc - jj);
          if (direct) tile4x8(scratch, panel, ldb, kc, to, ldc, mr, nr, flags, biasAt);
          else if (nr > 4) tile4x8(scratch, panel, 32, kc, to, ldc, mr, nr, flags, biasAt);
          else tile4x4(scratch, panel, kc, to, ldc, mr, nr, flags, biasAt);
          to += 32;
          panel += direct ? 32 : (<usize>kc) << 5;
          if (bias) biasAt += 32;
        }
      }
    }
  }
}

/** Applies an activation to a block of rows, from z to y; both may be the same. */
export function activateBlock(kind: i32, z: usize, y: usize, count: i32): void {
  if (kind <= RELU) {
    if (kind == RELU) activateLoop(RELU, z, y, count);
    else if (z != y) memory.copy(y, z, (<usize>count) << 2);
  } else if (kind == 2) activateLoop(2, z, y, count);
  else if (kind == 3) activateLoop(3, z, y, count);
  else if (kind == 4) activateLoop(4, z, y, count);
  else activateLoop(5, z, y, count);
}

// @ts-ignore: decorator
@inline
function activateLoop(kind: i32, z: usize, y: usize, count: i32): void {
  let i: i32 = 0;
  for (; i + 4 <= count; i += 4) {
    v128.store(y, activation(kind, v128.load(z)));
    z += 16;
    y += 16;
  }
  storeTail(y, activation(kind, loadTail(z, count - i)), count - i);
}

/**
 * Batched product with bias and activation.
 * Arguments: 0 a, 1 b, 2 c, 3 M, 4 N, 5 K, 6-8 distances between batch entries of a, b, c in bytes,
 * 9 A transposed, 10 B transposed, 11 bias or 0, 12 distance between biases, 13 activation,
 * 14 pre-activations or 0, 15 units per batch entry.
 */
export function batchMatMul(p: usize, from: i32, to: i32, scratch: usize): void {
  const M = arg(p, 3);
  const N = arg(p, 4);
  const K = arg(p, 5);
  const ta = arg(p, 9);
  const tb = arg(p, 10);
  const kind = arg(p, 13);
  const keep = ptr(p, 14);
  const units = arg(p, 15);
  const lda = (<usize>(ta ? M : K)) << 2;
  const ldb = (<usize>(tb ? K : N)) << 2;
  const ldc = (<usize>N) << 2;
  const rectify = kind == RELU ? 1 : 0;
  const separate = kind > RELU ? 1 : 0;
  // rows that are activated while they are still in the cache; B is packed anew for each such block
  const step = separate ? max(UNIT_ROWS, (65536 / N) & ~(UNIT_ROWS - 1)) : i32.MAX_VALUE;
  let u = from;
  while (u < to) {
    const e = u / units;
    const stop = min(to, (e + 1) * units);
    const rowEnd = min(M, (stop - e * units) * UNIT_ROWS);
    let row = (u - e * units) * UNIT_ROWS;
    const a = ptr(p, 0) + <usize>e * ptr(p, 6);
    const b = ptr(p, 1) + <usize>e * ptr(p, 7);
    const c = ptr(p, 2) + <usize>e * ptr(p, 8);
    const bias = ptr(p, 11) ? ptr(p, 11) + <usize>e * ptr(p, 12) : 0;
    while (row < rowEnd) {
      const rows = min(step, rowEnd - row);
      const offset = <usize>row * ldc;
      const z = keep ? keep + <usize>e * ptr(p, 8) + offset : c + offset;
      multiply(
        ta ? a + ((<usize>row) << 2) : a + <usize>row * lda,
        lda,
        ta,
        b,
        ldb,
        tb,
        separate ? z : c + offset,
        ldc,
        M,
        rows,
        N,
        K,
        bias,
        rectify,
        scratch,
      );
      if (separate) activateBlock(kind, z, c + offset, rows * N);
      row += rows;
    }
    u = stop;
  }
}
