import { describe, expect, test } from 'vitest';
import { SpaceError } from '../../src/errors.ts';
import { sameValue } from '../../src/gym/same-value.ts';
import { Box } from '../../src/gym/spaces/box.ts';
import { Dict } from '../../src/gym/spaces/dict.ts';
import { Discrete } from '../../src/gym/spaces/discrete.ts';
import { flatdim, flatten, flattenSpace, unflatten } from '../../src/gym/spaces/flatten.ts';
import { spaceFromJSON } from '../../src/gym/spaces/from-json.ts';
import { MultiBinary } from '../../src/gym/spaces/multi-binary.ts';
import { MultiDiscrete } from '../../src/gym/spaces/multi-discrete.ts';
import { Sequence } from '../../src/gym/spaces/sequence.ts';
import type { Space } from '../../src/gym/spaces/space.ts';
import { Text } from '../../src/gym/spaces/text.ts';
import { Tuple } from '../../src/gym/spaces/tuple.ts';
import { Rng } from '../../src/random.ts';

interface Example {
  readonly space: Space<unknown>;
  /** Elements of a flattened member; null where members have no fixed size. */
  readonly flatdim: number | null;
  /** Values that are almost members, each with a piece of the reason that must be given. */
  readonly junk: readonly (readonly [value: unknown, reason: RegExp])[];
}

const box = new Box({ low: [-1, 0], high: [1, 2] });

const examples: Readonly<Record<string, Example>> = {
  'Box of float32': {
    space: box,
    flatdim: 2,
    junk: [
      [new Float32Array([0, 2.5]), /index 1: 2.5 is above the upper bound 2/],
      [new Float32Array([-2, 1]), /index 0: -2 is below the lower bound -1/],
      [new Float32Array([0, Number.NaN]), /index 1: NaN/],
      [new Float32Array(3), /expected length 2/],
      [[0, 1], /plain array/],
      [new Float64Array(2), /Float32Array/],
    ],
  },
  'Box without bounds': {
    space: new Box({
      low: [-Infinity, 0, -Infinity],
      high: [Infinity, Infinity, 1],
      dtype: 'float64',
    }),
    flatdim: 3,
    junk: [[new Float64Array([0, -1, 0]), /index 1: -1/]],
  },
  'Box of uint8, an image': {
    space: new Box({ low: 0, high: 255, shape: [4, 3, 2], dtype: 'uint8' }),
    flatdim: 24,
    junk: [[new Uint8Array(23), /\[4, 3, 2\]/]],
  },
  'Box of int32': {
    space: new Box({ low: -3, high: 3, shape: [2, 2], dtype: 'int32' }),
    flatdim: 4,
    junk: [[new Int32Array([0, 0, 4, 0]), /index 2: 4/]],
  },
  Discrete: {
    space: new Discrete(3, -1),
    flatdim: 3,
    junk: [
      [2, /2 is outside -1 .. 1/],
      [0.5, /whole number/],
      ['0', /whole number/],
    ],
  },
  MultiBinary: {
    space: new MultiBinary(5),
    flatdim: 5,
    junk: [
      [new Uint8Array([0, 1, 2, 0, 0]), /index 2: 2 is neither 0 nor 1/],
      [[0, 1, 0, 0, 0], /Uint8Array/],
      [new Uint8Array(4), /length 5/],
    ],
  },
  'MultiBinary of a shape': {
    space: new MultiBinary([2, 3]),
    flatdim: 6,
    junk: [[new Uint8Array(5), /length 6/]],
  },
  MultiDiscrete: {
    space: new MultiDiscrete([5, 2, 3], { start: [0, 1, -1] }),
    flatdim: 10,
    junk: [
      [new Int32Array([0, 3, 0]), /index 1: 3 is outside 1 .. 2/],
      [[0, 1, 0], /Int32Array/],
    ],
  },
  'MultiDiscrete of a shape': {
    space: new MultiDiscrete([2, 3, 4, 5], { shape: [2, 2] }),
    flatdim: 14,
    junk: [[new Int32Array(3), /length 4/]],
  },
  Text: {
    space: new Text({ maxLength: 6, minLength: 2, charset: 'abcß🙂' }),
    flatdim: 6,
    junk: [
      ['abd', /index 2: "d" is not in the charset/],
      ['a', /2 to 6 characters, found 1/],
      [7, /string/],
    ],
  },
  Dict: {
    space: new Dict({ position: box, button: new Discrete(2) }),
    flatdim: 4,
    junk: [
      [{ position: new Float32Array(2) }, /key 'button' is missing/],
      [{ position: new Float32Array(2), button: 0, extra: 1 }, /key 'extra'/],
      [{ position: new Float32Array(2), button: 2 }, /key 'button': 2 is outside/],
      [null, /object/],
    ],
  },
  Tuple: {
    space: new Tuple([new Discrete(2), box, new Text({ maxLength: 3 })]),
    flatdim: 7,
    junk: [
      [[0, new Float32Array(2)], /3 entries, found 2/],
      [[0, new Float32Array(2), '-'], /entry 2: index 0/],
    ],
  },
  'Dict of Dict and Tuple': {
    space: new Dict({
      inner: new Dict({ a: new MultiBinary(2), b: new MultiDiscrete([2, 2]) }),
      pair: new Tuple([box, new Box({ low: 0, high: 9, shape: [1], dtype: 'int32' })]),
    }),
    flatdim: 9,
    junk: [[{ inner: {}, pair: [] }, /key 'inner': key 'a' is missing/]],
  },
  Sequence: {
    space: new Sequence(new Discrete(4)),
    flatdim: null,
    junk: [
      [[0, 4], /entry 1: 4 is outside/],
      ['0', /array/],
    ],
  },
};

describe.each(Object.entries(examples))('%s', (_name, { space, flatdim: expected, junk }) => {
  test('contains what it samples, and says nothing against it', () => {
    const rng = Rng.fromSeed(1);
    for (let i = 0; i < 200; i++) {
      const member = space.sample(rng);
      expect(space.explain(member)).toBeNull();
      expect(space.contains(member)).toBe(true);
    }
  });

  test('repeats its samples for the same seed, and differs for another', () => {
    const draw = (seed: number) => {
      space.seed(seed);
      return Array.from({ length: 20 }, () => space.sample());
    };
    const first = draw(3);
    expect(sameValue(draw(3), first)).toBe(true);
    expect(sameValue(draw(4), first)).toBe(false);
  });

  test('is the same space after a JSON round trip', () => {
    const text = JSON.stringify(space);
    const back = spaceFromJSON(JSON.parse(text));
    expect(JSON.stringify(back)).toBe(text);
    expect(sameValue(back.sample(Rng.fromSeed(5)), space.sample(Rng.fromSeed(5)))).toBe(true);
  });

  test('refuses what is no member and names the reason', () => {
    for (const [value, reason] of junk) {
      expect(space.contains(value)).toBe(false);
      expect(space.explain(value)).toMatch(reason);
    }
    for (const value of [undefined, null, Number.NaN, {}, Symbol('x'), () => 0]) {
      expect(space.contains(value)).toBe(false);
    }
  });

  test('gives a member back after flattening', () => {
    if (expected === null) {
      expect(() => flatdim(space)).toThrow(SpaceError);
      expect(() => flattenSpace(space)).toThrow(/no fixed number/);
      return;
    }
    expect(flatdim(space)).toBe(expected);
    const rng = Rng.fromSeed(2);
    for (let i = 0; i < 50; i++) {
      const member = space.sample(rng);
      const flat = flatten(space, member);
      expect(flat.length).toBe(expected);
      expect(flattenSpace(space).explain(flat)).toBeNull();
      expect(sameValue(unflatten(space, flat), member)).toBe(true);
    }
  });

  test('cannot be sampled with a mask and a probability at once', () => {
    expect(() => space.sample(Rng.fromSeed(0), { mask: [1], probability: [1] })).toThrow(/both/);
  });
});

describe('sampling with a mask', () => {
  const draws = <T>(space: Space<T>, options: { mask?: unknown; probability?: unknown }): T[] => {
    const rng = Rng.fromSeed(0);
    return Array.from({ length: 300 }, () => space.sample(rng, options));
  };

  test('Discrete draws allowed values only, and start where none is allowed', () => {
    const space = new Discrete(4, 10);
    expect(new Set(draws(space, { mask: new Uint8Array([0, 1, 0, 1]) }))).toEqual(new Set([11, 13]));
    expect(new Set(draws(space, { mask: [false, false, true, false] }))).toEqual(new Set([12]));
    expect(new Set(draws(space, { mask: [0, 0, 0, 0] }))).toEqual(new Set([10]));
  });

  test('Discrete draws in proportion to a probability', () => {
    const drawn = draws(new Discrete(3), { probability: [0.7, 0, 0.3] });
    const share = drawn.filter((value) => value === 0).length / drawn.length;
    expect(drawn).not.toContain(1);
    expect(share).toBeGreaterThan(0.6);
    expect(share).toBeLessThan(0.8);
  });

  test('MultiBinary keeps fixed elements', () => {
    for (const member of draws(new MultiBinary(3), { mask: [0, 1, 2] })) {
      expect([member[0], member[1]]).toEqual([0, 1]);
    }
    const certain = draws(new MultiBinary(2), { probability: [1, 0] });
    expect(certain.every((member) => member[0] === 1 && member[1] === 0)).toBe(true);
  });

  test('MultiDiscrete, Tuple, Dict and Sequence hand each part its own mask', () => {
    const multi = draws(new MultiDiscrete([3, 2]), { mask: [[0, 1, 0], null] });
    expect(new Set(multi.map((member) => member[0]))).toEqual(new Set([1]));
    expect(new Set(multi.map((member) => member[1]))).toEqual(new Set([0, 1]));
    const tuple = draws(new Tuple([new Discrete(3), box]), { mask: [[0, 0, 1], null] });
    expect(tuple.every(([first]) => first === 2)).toBe(true);
    const dict = draws(new Dict({ a: new Discrete(3), b: box }), { mask: { a: [1, 0, 0] } });
    expect(dict.every(({ a }) => a === 0)).toBe(true);
    const sequences = draws(new Sequence(new Discrete(3)), {
      mask: [
        [2, 4],
        [0, 1, 0],
      ],
    });
    expect(new Set(sequences.map((member) => member.length))).toEqual(new Set([2, 4]));
    expect(new Set(sequences.flat())).toEqual(new Set([1]));
  });

  test('Text draws the wanted length from the allowed characters', () => {
    const space = new Text({ maxLength: 5, charset: 'abc' });
    expect(new Set(draws(space, { mask: [3, [0, 1, 0]] }))).toEqual(new Set(['bbb']));
    expect(draws(space, { mask: [null, [1, 0, 0]] }).every((text) => /^a{1,5}$/.test(text))).toBe(true);
  });

  test.each([
    ['a mask of another length', new Discrete(3), { mask: [1, 0] }, /2 entries.*\n.*3 entries/],
    ['an entry that is no mask', new Discrete(2), { mask: [1, 3] }, /index 1/],
    ['probabilities that do not sum to 1', new Discrete(2), { probability: [0.5, 0.4] }, /sum to 1/],
    ['a negative probability', new Discrete(2), { probability: [1.5, -0.5] }, /index 0/],
    ['a mask on a Box', box, { mask: [1, 1] }, /Box/],
    ['an unknown subspace', new Dict({ a: new Discrete(2) }), { mask: { b: [1, 0] } }, /'b'/],
    ['a length out of range', new Text({ maxLength: 2 }), { mask: [3, null] }, /1 to 2/],
  ])('refuses %s', (_case, space, options, message) => {
    expect(() => (space as Space<unknown>).sample(Rng.fromSeed(0), options)).toThrow(SpaceError);
    expect(() => (space as Space<unknown>).sample(Rng.fromSeed(0), options)).toThrow(message);
  });
});

describe('damaged input', () => {
  test.each([
    ['an unknown type', { type: 'Bok' }, /Box/],
    ['no type', {}, /unknown type/],
    ['a type that every object has', { type: 'toString' }, /unknown type/],
    ['a Text without a length', { type: 'Text' }, /maxLength NaN/],
    ['a MultiDiscrete of words', { type: 'MultiDiscrete', nvec: ['three'] }, /nvec/],
    ['a MultiBinary of nothing', { type: 'MultiBinary' }, /MultiBinary/],
    ['a Tuple without subspaces', { type: 'Tuple' }, /subspaces/],
    ['a ragged MultiDiscrete', { type: 'MultiDiscrete', nvec: [[1, 2], [3], [4, 5, 6]] }, /ragged/],
    [
      'a ragged Box',
      {
        type: 'Box',
        dtype: 'float32',
        shape: [2, 2],
        low: [[0], [0, 0, 0]],
        high: [
          [1, 1],
          [1, 1],
        ],
      },
      /low[\s\S]*ragged|ragged[\s\S]*low/,
    ],
    [
      'a bound by a name that every object has',
      { type: 'Box', dtype: 'float32', shape: [1], low: ['toString'], high: [1] },
      /not a number/,
    ],
  ])('a space in JSON with %s is refused', (_case, json, message) => {
    expect(() => spaceFromJSON(json)).toThrow(SpaceError);
    expect(() => spaceFromJSON(json)).toThrow(message);
  });

  test('a vector that is not one-hot, not a text, or of another length, cannot be unflattened', () => {
    expect(() => unflatten(new Discrete(3), new Uint8Array([1, 1, 0]))).toThrow(/one-hot/);
    expect(() => unflatten(new Discrete(3), new Uint8Array(3))).toThrow(/one-hot/);
    expect(() => unflatten(new Discrete(3), new Uint8Array(2))).toThrow(/length/);
    expect(() => flatten(new Discrete(3), 7)).toThrow(/not a member/);
    const text = new Text({ maxLength: 2, charset: 'ab' });
    expect(unflatten(text, new Int32Array([1, 2]))).toBe('b');
    expect(() => unflatten(text, new Int32Array([2, 1]))).toThrow(/text/);
    expect(() => unflatten(text, new Int32Array([9, 2]))).toThrow(/text/);
  });
});
