import { NormalEquations } from './least-squares.ts';

/** Strength of the ridge: weighs as much as one demonstration that starts a standard deviation away in every coordinate. */
const ridge = 1;

/**
 * Takes out of the paths of demonstrations what follows from where they start: the residuals of a ridge regression (Hoerl and
 * Kennard, Technometrics 12, 1970) of every coordinate on those of the first waypoint and a constant. What is left is the way
 * that was taken, not the place it was taken from. Where all start alike, the mean path is taken out. With hardly more
 * demonstrations than Do, starts explain most of the ways as well.
 *
 * @param shapes - normalized paths of E ≥ 1 demonstrations, row-major, shape `[E, size]`, the first waypoint first.
 * @param size - numbers that describe a path; a multiple of Do.
 * @param width - Do, numbers of a waypoint.
 * @returns residuals, shape `[E, size]`.
 */
export function startResiduals(shapes: Float64Array, size: number, width: number): Float64Array {
  const inputs = width + 1;
  const equations = new NormalEquations(inputs, size);
  const start = new Float64Array(inputs).fill(1);
  for (let at = 0; at < shapes.length; at += size) {
    start.set(shapes.subarray(at, at + width));
    equations.add(start, shapes, at);
  }
  const coefficients = equations.solve(ridge);
  const residuals = Float64Array.from(shapes);
  for (let at = 0; at < shapes.length; at += size) {
    start.set(shapes.subarray(at, at + width));
    for (const [i, x] of start.entries()) {
      for (let j = 0; j < size; j++) {
        residuals[at + j] = (residuals[at + j] as number) - x * (coefficients[i * size + j] as number);
      }
    }
  }
  return residuals;
}
