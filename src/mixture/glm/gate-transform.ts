import { ConfigError } from '../../errors.ts';
import { type InputRows, project, toFeatures } from './features.ts';
import { sigmoid } from './symmetric-mixture.ts';
import { fitLeastSquares } from './weighted-least-squares.ts';

/**
 * What the gate sees of an input x: x itself (the standard softmax gate), a function of every element, a power of every
 * element (of its size, with its sign kept, for exponents that are no whole numbers), or a function of the whole row.
 */
export type GateTransform =
  | 'identity'
  | 'tanh'
  | 'sigmoid'
  | 'cos'
  | { readonly power: number }
  | ((row: Float64Array) => ArrayLike<number>);

/**
 * Resolves a transform to a function of rows.
 *
 * @throws ConfigError when the exponent is not a finite number other than zero.
 */
export function transformRow(transform: GateTransform): (row: Float64Array) => ArrayLike<number> {
  if (typeof transform === 'function') return transform;
  if (typeof transform === 'object') {
    const { power } = transform;
    if (!Number.isFinite(power) || power === 0) {
      throw new ConfigError({
        what: 'The exponent of the gate transform must be a finite number other than zero',
        where: 'transform.power',
        found: String(power),
      });
    }
    if (Number.isInteger(power)) return (row) => row.map((v) => v ** power);
    return (row) => row.map((v) => Math.sign(v) * Math.abs(v) ** power);
  }
  switch (transform) {
    case 'identity':
      return (row) => row;
    case 'tanh':
      return (row) => row.map(Math.tanh);
    case 'sigmoid':
      return (row) => row.map(sigmoid);
    case 'cos':
      return (row) => row.map(Math.cos);
  }
}

/**
 * Says whether a transform is affine on the given rows, to 1e-9 of its variation: the case that the theory of modified
 * gates excludes (arXiv 2310.14188), since nothing is gained by it over the standard gate.
 */
export function isAffine(x: InputRows, transform: GateTransform): boolean {
  const inputs = toFeatures(x, { intercept: true });
  const outputs = toFeatures(x, { intercept: false, transform: transformRow(transform) });
  const { columns: width, rows } = outputs;
  const map = fitLeastSquares(inputs, outputs.values, width);
  const fitted = new Float64Array(rows * width);
  project(inputs, map, width, fitted);
  let error = 0;
  let size = 0;
  for (let at = 0; at < fitted.length; at++) {
    error += ((fitted[at] as number) - (outputs.values[at] as number)) ** 2;
    size += (outputs.values[at] as number) ** 2;
  }
  return error <= 1e-18 * size;
}
