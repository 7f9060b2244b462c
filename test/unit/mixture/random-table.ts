import { Rng } from '../../../src/random.ts';

/** Draws a table of log-likelihoods, shape `[U, C]`. */
export function randomTable(units: number, components: number, name: string): Float64Array {
  const rng = Rng.fromSeed(0).fork(name);
  return Float64Array.from({ length: units * components }, () => rng.normal(-2, 1.5));
}
