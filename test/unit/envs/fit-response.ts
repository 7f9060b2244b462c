/** Natural frequency (rad/s) and damping ratio of an axis. */
export interface FittedResponse {
  readonly naturalFrequency: number;
  readonly dampingRatio: number;
}

/**
 * Identifies an axis from a trajectory by least squares on c' = a1 c + a2 c₋ + b d', and reads frequency and damping
 * off the poles: a2 = -e^(-2ζωT), a1 = 2 e^(-ζωT) cos(ωT√(1-ζ²)).
 *
 * @param commanded - d, one per control step. @param measured - c, of the same steps.
 */
export function fitResponse(
  commanded: readonly number[],
  measured: readonly number[],
  dtSeconds: number,
): FittedResponse {
  const origin = measured[0] as number;
  const at = (values: readonly number[], t: number) => (values[t] as number) - origin;
  const normal = [0, 1, 2].map(() => [0, 0, 0, 0]);
  for (let t = 1; t + 1 < measured.length; t++) {
    const row = [at(measured, t), at(measured, t - 1), at(commanded, t + 1), at(measured, t + 1)];
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 4; j++) (normal[i] as number[])[j]! += (row[i] as number) * (row[j] as number);
    }
  }
  const [a1 = 0, a2 = 0] = solve(normal);
  const decayRate = -Math.log(-a2) / (2 * dtSeconds);
  const dampedFrequency = Math.acos(a1 / (2 * Math.sqrt(-a2))) / dtSeconds;
  const naturalFrequency = Math.hypot(decayRate, dampedFrequency);
  return { naturalFrequency, dampingRatio: decayRate / naturalFrequency };
}

/** Solves three equations in three unknowns, given as rows [a, b, c, right side], by Gauss-Jordan elimination. */
function solve(rows: number[][]): number[] {
  for (let i = 0; i < 3; i++) {
    const pivot = rows.slice(i).reduce((best, row) => (Math.abs(row[i]!) > Math.abs(best[i]!) ? row : best));
    rows.splice(rows.indexOf(pivot), 1);
    rows.splice(i, 0, pivot);
    for (const row of rows) {
      if (row === pivot) continue;
      const factor = row[i]! / pivot[i]!;
      for (let j = 0; j < 4; j++) row[j]! -= factor * pivot[j]!;
    }
  }
  return rows.map((row, i) => row[3]! / row[i]!);
}
