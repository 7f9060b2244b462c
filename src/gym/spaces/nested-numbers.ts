import { SpaceError } from '../../errors.ts';

/** Numbers in nested lists, as JSON holds an array; JSON has no infinities, so they are the strings 'Infinity' and '-Infinity'. */
export type NestedNumbers = number | string | readonly NestedNumbers[];

const infinities: ReadonlyMap<unknown, number> = new Map([
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
]);

/** Nests flat row-major values by their shape, for JSON. */
export function nestNumbers(values: ArrayLike<number>, shape: readonly number[]): unknown {
  const numbers: unknown[] = Array.from(values, (value) => (Number.isFinite(value) ? value : String(value)));
  if (shape.length === 0) return numbers[0];
  let nested = numbers;
  for (const side of shape.slice(1).reverse()) {
    nested = Array.from({ length: nested.length / side }, (_, i) => nested.slice(i * side, (i + 1) * side));
  }
  return nested;
}

/**
 * Flattens nested lists in row-major order.
 *
 * @param where - name of the field, for the error.
 * @throws SpaceError when something in them is not a number, or lists beside each other differ in shape.
 */
export function flattenNumbers(nested: NestedNumbers, where: string): number[] {
  if (Array.isArray(nested)) {
    const shape = String(shapeOfNested(nested[0]));
    if (nested.some((part) => String(shapeOfNested(part)) !== shape)) {
      throw new SpaceError({
        what: 'The lists of a space are ragged',
        where,
        found: JSON.stringify(nested),
        expected: 'lists of one length at each depth',
      });
    }
    return nested.flatMap((part) => flattenNumbers(part, where));
  }
  const value = typeof nested === 'number' ? nested : infinities.get(nested);
  if (value === undefined) {
    throw new SpaceError({
      what: 'An entry of a space is not a number',
      where,
      found: JSON.stringify(nested) ?? 'undefined',
    });
  }
  return [value];
}

/** Reads the shape of nested lists off their first elements; a bare number has the shape []. */
export function shapeOfNested(nested: unknown): number[] {
  return Array.isArray(nested) ? [nested.length, ...shapeOfNested(nested[0])] : [];
}
