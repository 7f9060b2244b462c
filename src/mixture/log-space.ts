/**
 * Computes log Σ exp(values[i]) over a strided range, shifted by the maximum so that it neither overflows nor
 * underflows; -Infinity for an empty range or where all values are -Infinity.
 *
 * @param count - how many values, from `start` on, `stride` apart.
 */
export function logSumExp(
  values: ArrayLike<number>,
  start = 0,
  count: number = values.length,
  stride = 1,
): number {
  let max = -Infinity;
  for (let i = 0, at = start; i < count; i++, at += stride) max = Math.max(max, values[at] as number);
  if (!Number.isFinite(max)) return max;
  let sum = 0;
  for (let i = 0, at = start; i < count; i++, at += stride) sum += Math.exp((values[at] as number) - max);
  return max + Math.log(sum);
}

/**
 * Computes log Σ_row exp(matrix[row, column]) for every column of a row-major matrix, in one pass over the rows.
 *
 * @param matrix - row-major, shape `[rows, columns]`.
 * @returns shape `[columns]`; -Infinity for a column of -Infinity.
 */
export function columnLogSumExp(matrix: Float64Array, columns: number): Float64Array {
  const max = new Float64Array(columns).fill(-Infinity);
  const sum = new Float64Array(columns);
  for (let at = 0; at < matrix.length; at += columns) {
    for (let c = 0; c < columns; c++) {
      const value = matrix[at + c] as number;
      const top = max[c] as number;
      if (value <= top) {
        if (value > -Infinity) sum[c] = (sum[c] as number) + Math.exp(value - top);
      } else {
        sum[c] = (top === -Infinity ? 0 : (sum[c] as number) * Math.exp(top - value)) + 1;
        max[c] = value;
      }
    }
  }
  return max.map((top, c) => (top === -Infinity ? -Infinity : top + Math.log(sum[c] as number)));
}
