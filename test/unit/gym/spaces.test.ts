import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SpaceError } from '../../../src/errors.ts';
import { Box } from '../../../src/gym/spaces/box.ts';
import { Dict } from '../../../src/gym/spaces/dict.ts';
import { Discrete } from '../../../src/gym/spaces/discrete.ts';
import { spaceFromJSON } from '../../../src/gym/spaces/from-json.ts';
import type { Space } from '../../../src/gym/spaces/space.ts';
import { Rng } from '../../../src/random.ts';

const spaces: Readonly<Record<string, () => Space<unknown>>> = {
  'bounded box': () => new Box({ low: [-1, 0], high: [1, 0.3] }),
  'box with one bound': () => new Box({ low: [0, -Infinity], high: [Infinity, 2] }),
  'unbounded box': () => new Box({ low: -Infinity, high: Infinity, shape: [2, 3] }),
  'double box': () => new Box({ low: -0.1, high: 0.1, shape: [2], dtype: 'float64' }),
  'byte box': () => new Box({ low: 0, high: 255, shape: [2, 2], dtype: 'uint8' }),
  'integer box': () => new Box({ low: -3, high: 3, shape: [4], dtype: 'int32' }),
  'scalar box': () => new Box({ low: 0, high: 1, shape: [] }),
  discrete: () => new Discrete(5, -2),
  dict: () =>
    new Dict({
      arm: new Box({ low: -1, high: 1, shape: [2] }),
      nested: new Dict({ gripper: new Discrete(2) }),
    }),
};

describe.each(Object.entries(spaces))('%s', (_, build) => {
  it('contains what it samples, whatever the seed', () => {
    const space = build();
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        expect(space.explain(space.sample(Rng.fromSeed(seed)))).toBeNull();
      }),
    );
  });

  it('samples the same from the same seed, and something else from another', () => {
    const draw = (seed: number) => {
      const space = build();
      space.seed(seed);
      return Array.from({ length: 8 }, () => JSON.stringify(space.sample()));
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('samples without a seed, too', () => {
    const space = build();
    expect(space.contains(space.sample())).toBe(true);
  });

  it('comes back from its JSON form', () => {
    const space = build();
    const again = spaceFromJSON(JSON.parse(JSON.stringify(space)));
    expect(again.toJSON()).toEqual(space.toJSON());
    expect(again.sample(Rng.fromSeed(3))).toEqual(space.sample(Rng.fromSeed(3)));
  });
});

describe('Box', () => {
  const box = new Box({ low: -0.0125, high: 0.0125, shape: [2] });

  it.each([
    [new Float32Array([0, 0.02]), /index 1: 0\.01999.* is above the upper bound 0\.0125/],
    [new Float32Array([-0.02, 0]), /index 0: -0\.01999.* is below the lower bound -0\.0125/],
    [new Float32Array([0, Number.NaN]), /index 1: NaN/],
    [new Float32Array([Infinity, 0]), /index 0: Infinity/],
    [new Float32Array(3), /length 2 for the shape \[2\], found 3/],
    [new Float64Array(2), /expected a Float32Array of length 2, found Float64Array/],
    [[0, 0], /expected a Float32Array of length 2, found a plain array/],
    [null, /found null/],
  ])('says why %s is no member', (value, reason) => {
    expect(box.contains(value)).toBe(false);
    expect(box.explain(value)).toMatch(reason);
  });

  it('includes its bounds as its element type holds them', () => {
    expect(box.contains(new Float32Array([0.0125, -0.0125]))).toBe(true);
  });

  it('writes the form that Minari reads: nested bounds, and infinities as strings', () => {
    expect(new Box({ low: [0, 0, 0, -Infinity], high: 1, shape: [2, 2] }).toJSON()).toEqual({
      type: 'Box',
      dtype: 'float32',
      shape: [2, 2],
      low: [
        [0, 0],
        [0, '-Infinity'],
      ],
      high: [
        [1, 1],
        [1, 1],
      ],
    });
  });

  it('reaches both ends of a whole-number range', () => {
    const space = new Box({ low: 0, high: 2, shape: [200], dtype: 'uint8' });
    expect(new Set(space.sample(Rng.fromSeed(0)))).toEqual(new Set([0, 1, 2]));
  });

  it.each([
    [{ low: 1, high: 0, shape: [1] }, /lower bound .* above/],
    [{ low: Number.NaN, high: 0, shape: [1] }, /lower bound .* above/],
    [{ low: 0, high: 1 }, /shape/],
    [{ low: [0, 0], high: 1, shape: [3] }, /does not fit its shape/],
    [{ low: 0, high: 1, shape: [1.5] }, /whole numbers/],
    [{ low: -1, high: 1, shape: [1], dtype: 'uint8' as const }, /cannot be held as uint8/],
  ])('refuses %j', (options, reason) => {
    expect(() => new Box(options)).toThrow(SpaceError);
    expect(() => new Box(options)).toThrow(reason);
  });
});

describe('Discrete', () => {
  it('knows its members', () => {
    const space = new Discrete(3, -1);
    expect([-2, -1, 0, 1, 2].map((value) => space.contains(value))).toEqual([false, true, true, true, false]);
    expect(space.explain(0.5)).toMatch(/whole number from -1 to 1/);
    expect(space.explain('0')).toMatch(/whole number/);
  });

  it.each([[0], [-1], [1.5], [Number.NaN]])('refuses n = %d', (n) => {
    expect(() => new Discrete(n)).toThrow(SpaceError);
  });
});

describe('Dict', () => {
  const space = new Dict({ a: new Discrete(2), b: new Box({ low: 0, high: 1, shape: [1] }) });

  it('names the key that is missing, unknown, or wrong', () => {
    expect(space.explain({ a: 0 })).toBe("key 'b' is missing");
    expect(space.explain({ a: 0, b: new Float32Array(1), c: 1 })).toBe("key 'c' is none of: a, b");
    expect(space.explain({ a: 0, b: new Float32Array([2]) })).toMatch(/^key 'b': index 0: 2 is above/);
    expect(space.explain(3)).toMatch(/expected an object/);
  });
});

describe('spaceFromJSON', () => {
  it.each([
    [{ type: 'Bax' }, /did you mean 'Box'/],
    [null, /unknown type/],
    [{ type: 'Box', dtype: 'float16', shape: [1], low: [0], high: [1] }, /float16/],
    [{ type: 'Box', dtype: 'float32', low: [0], high: [1] }, /no shape/],
    [{ type: 'Box', dtype: 'float32', shape: [1], low: ['x'], high: [1] }, /not a number/],
    [{ type: 'Discrete' }, /whole numbers/],
    [{ type: 'Dict' }, /no subspaces/],
  ])('refuses %j', (json, reason) => {
    expect(() => spaceFromJSON(json)).toThrow(SpaceError);
    expect(() => spaceFromJSON(json)).toThrow(reason);
  });
});
