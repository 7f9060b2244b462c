import { SpaceError } from '../../errors.ts';
import { Box, type BoxArray, type BoxDtype } from './box.ts';
import { Dict } from './dict.ts';
import { Discrete } from './discrete.ts';
import { MultiBinary } from './multi-binary.ts';
import { MultiDiscrete } from './multi-discrete.ts';
import type { Space } from './space.ts';
import { Text } from './text.ts';
import { Tuple } from './tuple.ts';

/** Subspaces of a compound space with a reader for each one's part of a member. */
function partsOf(space: Dict<Readonly<Record<string, Space<unknown>>>> | Tuple<readonly Space<unknown>[]>) {
  return Object.entries(space.spaces as Readonly<Record<string, Space<unknown>>>);
}

function isCompound(
  space: Space<unknown>,
): space is Dict<Readonly<Record<string, Space<unknown>>>> | Tuple<readonly Space<unknown>[]> {
  return space instanceof Dict || space instanceof Tuple;
}

function unsized(space: Space<unknown>): never {
  throw new SpaceError({
    what: 'The members of a space have no fixed number of elements',
    found: space.constructor.name,
    expected: 'Box, Discrete, MultiBinary, MultiDiscrete, Text, or a Dict or Tuple of these',
  });
}

/** The narrowest element type that holds both without loss, by NumPy's promotion rules. */
function promote(a: BoxDtype, b: BoxDtype): BoxDtype {
  if (a === b) return a;
  const both = new Set([a, b]);
  if (both.has('float64') || (both.has('int32') && both.has('float32'))) return 'float64';
  return both.has('float32') ? 'float32' : 'int32';
}

/**
 * Counts the elements of a flattened member.
 *
 * @throws SpaceError when members differ in their number of elements (a `Sequence`).
 */
export function flatdim(space: Space<unknown>): number {
  if (space instanceof Box || space instanceof MultiBinary) return space.size;
  if (space instanceof Discrete) return space.n;
  if (space instanceof MultiDiscrete) return space.nvec.reduce((sum, n) => sum + n, 0);
  if (space instanceof Text) return space.maxLength;
  if (isCompound(space)) return partsOf(space).reduce((sum, [, part]) => sum + flatdim(part), 0);
  return unsized(space);
}

/**
 * Describes the flattened members of a space as a one-dimensional {@link Box}: a `Discrete` becomes one-hot, a `Text`
 * the indices of its characters with the charset's size as padding, and compound spaces are joined in key order.
 *
 * @throws SpaceError when members differ in their number of elements.
 * @example
 * flattenSpace(new Discrete(3)); // Box 0 .. 1, shape [3], uint8
 */
export function flattenSpace(space: Space<unknown>): Box<BoxDtype> {
  const shape = [flatdim(space)];
  if (space instanceof Box) {
    return new Box<BoxDtype>({ low: space.low, high: space.high, shape, dtype: space.dtype });
  }
  if (space instanceof Text) {
    return new Box<BoxDtype>({ low: 0, high: space.characters.length, shape, dtype: 'int32' });
  }
  if (!isCompound(space)) return new Box<BoxDtype>({ low: 0, high: 1, shape, dtype: 'uint8' });
  const boxes = partsOf(space).map(([, part]) => flattenSpace(part));
  return new Box<BoxDtype>({
    low: boxes.flatMap((box) => Array.from(box.low)),
    high: boxes.flatMap((box) => Array.from(box.high)),
    shape,
    dtype: boxes.map((box) => box.dtype).reduce(promote),
  });
}

/** Writes a flattened member from `offset` on. */
function write(space: Space<unknown>, member: unknown, target: BoxArray<BoxDtype>, offset: number): void {
  if (space instanceof Box || space instanceof MultiBinary) {
    target.set(member as BoxArray<BoxDtype>, offset);
  } else if (space instanceof Discrete) {
    target[offset + (member as number) - space.start] = 1;
  } else if (space instanceof MultiDiscrete) {
    let at = offset;
    for (const [i, n] of space.nvec.entries()) {
      target[at + ((member as Int32Array)[i] as number) - (space.start[i] as number)] = 1;
      at += n;
    }
  } else if (space instanceof Text) {
    const characters = [...(member as string)];
    for (let i = 0; i < space.maxLength; i++) {
      const character = characters[i];
      target[offset + i] =
        character === undefined ? space.characters.length : space.characters.indexOf(character);
    }
  } else if (isCompound(space)) {
    let at = offset;
    for (const [key, part] of partsOf(space)) {
      write(part, (member as Readonly<Record<string, unknown>>)[key], target, at);
      at += flatdim(part);
    }
  } else unsized(space);
}

/**
 * Flattens a member into one vector, a member of {@link flattenSpace}.
 *
 * @throws SpaceError when the value is not a member, or members differ in their number of elements.
 */
export function flatten(space: Space<unknown>, member: unknown): BoxArray<BoxDtype> {
  const reason = space.explain(member);
  if (reason !== null) {
    throw new SpaceError({ what: 'A value to flatten is not a member of the space', found: reason });
  }
  const flat = flattenSpace(space).zeros();
  write(space, member, flat, 0);
  return flat;
}

function hotIndex(flat: BoxArray<BoxDtype>, offset: number, n: number): number {
  let found = -1;
  for (let i = 0; i < n; i++) {
    if (flat[offset + i] === 0) continue;
    if (flat[offset + i] !== 1 || found >= 0) found = n;
    else found = i;
  }
  if (found < 0 || found >= n) {
    throw new SpaceError({
      what: 'A flattened value is not one-hot',
      where: `index ${offset} .. ${offset + n - 1}`,
      found: `[${flat.slice(offset, offset + n).join(', ')}]`,
    });
  }
  return found;
}

function readText(space: Text, indices: BoxArray<BoxDtype>): string {
  const padding = space.characters.length;
  const end = indices.indexOf(padding);
  const length = end < 0 ? indices.length : end;
  const characters = Array.from(indices.subarray(0, length), (index) => space.characters[index]);
  if (characters.includes(undefined) || !indices.subarray(length).every((index) => index === padding)) {
    throw new SpaceError({
      what: 'A flattened text is not one',
      found: `[${indices.join(', ')}]`,
      expected: `indices below ${padding}, then ${padding} up to the end`,
    });
  }
  return characters.join('');
}

function read(space: Space<unknown>, flat: BoxArray<BoxDtype>, offset: number): unknown {
  if (space instanceof Box || space instanceof MultiBinary) {
    const member = space instanceof Box ? space.zeros() : new Uint8Array(space.size);
    member.set(flat.subarray(offset, offset + space.size));
    return member;
  }
  if (space instanceof Discrete) return space.start + hotIndex(flat, offset, space.n);
  if (space instanceof MultiDiscrete) {
    let at = offset;
    return space.nvec.map((n, i) => {
      const value = (space.start[i] as number) + hotIndex(flat, at, n);
      at += n;
      return value;
    });
  }
  if (space instanceof Text) {
    return readText(space, flat.subarray(offset, offset + space.maxLength));
  }
  if (!isCompound(space)) return unsized(space);
  let at = offset;
  const entries = partsOf(space).map(([key, part]) => {
    const member = read(part, flat, at);
    at += flatdim(part);
    return [key, member] as const;
  });
  return space instanceof Tuple ? entries.map(([, member]) => member) : Object.fromEntries(entries);
}

/**
 * Rebuilds the member that was flattened.
 *
 * @throws SpaceError when the vector has another length, or is not one-hot or a text where it must be.
 */
export function unflatten(space: Space<unknown>, flat: BoxArray<BoxDtype>): unknown {
  const expected = flatdim(space);
  if (flat.length !== expected) {
    throw new SpaceError({
      what: 'A flattened value has another length than the space asks for',
      found: String(flat.length),
      expected: String(expected),
    });
  }
  return read(space, flat, 0);
}
