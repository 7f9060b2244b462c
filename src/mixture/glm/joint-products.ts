import { accumulate, type Features, project } from './features.ts';

/** A product with the matrix of inputs X, shape `[N, K]`, that a computation waits for. */
export type Product =
  | {
      /** X·vᵀ, shape `[N, outputs]`. */
      readonly kind: 'project';
      /** v, row-major, shape `[outputs, K]`. */
      readonly operand: Float64Array;
      readonly outputs: number;
    }
  | {
      /** rᵀ·X, shape `[outputs, K]`. */
      readonly kind: 'accumulate';
      /** r, row-major, shape `[N, outputs]`. */
      readonly operand: Float64Array;
      readonly outputs: number;
    };

/** A computation that yields the products that it needs, is resumed with their values, and ends in a result. */
export type ByProducts<Result> = Generator<Product, Result, Float64Array>;

/** Puts matrices of equal height side by side; all row-major. */
export function joinColumns(
  parts: readonly Float64Array[],
  widths: readonly number[],
  rows: number,
): Float64Array {
  const total = widths.reduce((a, b) => a + b, 0);
  const joined = new Float64Array(rows * total);
  let first = 0;
  parts.forEach((part, p) => {
    const width = widths[p] as number;
    for (let i = 0; i < rows; i++) {
      for (let o = 0; o < width; o++) joined[i * total + first + o] = part[i * width + o] as number;
    }
    first += width;
  });
  return joined;
}

/** Takes apart what {@link joinColumns} puts together. */
export function splitColumns(joined: Float64Array, widths: readonly number[], rows: number): Float64Array[] {
  const total = widths.reduce((a, b) => a + b, 0);
  let first = 0;
  return widths.map((width) => {
    const part = new Float64Array(rows * width);
    for (let i = 0; i < rows; i++) {
      for (let o = 0; o < width; o++) part[i * width + o] = joined[i * total + first + o] as number;
    }
    first += width;
    return part;
  });
}

/** Computes products of one kind as one product, which reads the inputs once. */
function computeTogether(features: Features, wanted: readonly Product[]): Float64Array[] {
  const { columns, rows } = features;
  const widths = wanted.map(({ outputs }) => outputs);
  const total = widths.reduce((a, b) => a + b, 0);
  const operands = wanted.map(({ operand }) => operand);
  if (wanted[0]?.kind === 'project') {
    const weights = new Float64Array(total * columns);
    let at = 0;
    for (const operand of operands) {
      weights.set(operand, at);
      at += operand.length;
    }
    const joined = new Float64Array(rows * total);
    project(features, weights, total, joined);
    return wanted.length === 1 ? [joined] : splitColumns(joined, widths, rows);
  }
  const residuals = wanted.length === 1 ? (operands[0] as Float64Array) : joinColumns(operands, widths, rows);
  const joined = new Float64Array(total * columns);
  accumulate(features, residuals, total, joined);
  let at = 0;
  return widths.map((width) => {
    at += width * columns;
    return joined.subarray(at - width * columns, at);
  });
}

/**
 * Runs computations on the same inputs side by side: whatever products they wait for at one time are computed as one.
 * Each of them gets the very numbers that it would get alone.
 */
export function runTogether<Result>(
  features: Features,
  computations: readonly ByProducts<Result>[],
): Result[] {
  const states = computations.map((computation) => computation.next());
  for (;;) {
    const waiting = states.flatMap((state, index) =>
      state.done === true ? [] : [{ index, product: state.value }],
    );
    if (waiting.length === 0) break;
    for (const kind of ['project', 'accumulate'] as const) {
      const group = waiting.filter(({ product }) => product.kind === kind);
      if (group.length === 0) continue;
      const values = computeTogether(
        features,
        group.map(({ product }) => product),
      );
      group.forEach(({ index }, p) => {
        states[index] = (computations[index] as ByProducts<Result>).next(values[p] as Float64Array);
      });
    }
  }
  return states.map((state) => state.value as Result);
}
