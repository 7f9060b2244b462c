import { exactExp, exactExpOfLogits, exactTanh } from '../tensor/exact-math.ts';
import { leastPiece, slopeBound } from './flow-config.ts';

/** A monotone spline of B pieces over [−range, range], the identity outside. */
export interface Spline {
  /** Knots and their images, shape `[B + 1]` each. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Slopes at the knots, 1 at both ends, shape `[B + 1]`. */
  readonly slopes: Float64Array;
}

/**
 * Reads a spline out of a network's answer: B logits of widths, B of heights, B − 1 slopes (Durkan et al. 2019, Neural
 * Spline Flows, section 3.1; the slope is exp(c·tanh(r/c)) here, so that zeros give the identity).
 *
 * @param parameters - shape `[3·B − 1]`.
 */
export function readSpline(parameters: Float32Array, bins: number, range: number): Spline {
  const slopes = new Float64Array(bins + 1).fill(1);
  for (let k = 1; k < bins; k++) {
    const raw = parameters[2 * bins + k - 1] as number;
    slopes[k] = exactExp(slopeBound * exactTanh(raw / slopeBound));
  }
  return {
    x: knots(parameters.subarray(0, bins), range),
    y: knots(parameters.subarray(bins, 2 * bins), range),
    slopes,
  };
}

/** Turns logits into knots of pieces that fill [−range, range], none of them vanishing. */
function knots(logits: Float32Array, range: number): Float64Array {
  const bins = logits.length;
  const shares = exactExpOfLogits(logits);
  let total = 0;
  for (const share of shares) total += share;
  const at = new Float64Array(bins + 1);
  at[0] = -range;
  for (let k = 0; k < bins; k++) {
    const share = leastPiece + (1 - leastPiece * bins) * ((shares[k] as number) / total);
    at[k + 1] = (at[k] as number) + 2 * range * share;
  }
  at[bins] = range;
  return at;
}

/** Finds the x whose image is y (Durkan et al. 2019, equations 6–8 with the root that stays within the piece). */
export function invertSpline({ slopes, x, y }: Spline, value: number): number {
  const bins = x.length - 1;
  if (value <= (y[0] as number) || value >= (y[bins] as number)) return value;
  let k = 0;
  while ((y[k + 1] as number) <= value) k++;
  const width = (x[k + 1] as number) - (x[k] as number);
  const height = (y[k + 1] as number) - (y[k] as number);
  const [low, high] = [slopes[k] as number, slopes[k + 1] as number];
  const above = value - (y[k] as number);
  const slope = height / width;
  const bend = low + high - 2 * slope;
  const a = height * (slope - low) + above * bend;
  const b = height * low - above * bend;
  const c = -slope * above;
  const root = Math.sqrt(Math.max(0, b * b - 4 * a * c));
  return (x[k] as number) + ((2 * c) / (-b - root)) * width;
}
