import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Normalizer } from '../../../src/data/index.ts';
import { DatasetError } from '../../../src/errors.ts';

describe('Normalizer', () => {
  it('brings every dimension to mean 0 and standard deviation 1', () => {
    const normalizer = Normalizer.fit([1, 10, 3, 30, 5, 50], 2);
    expect([...normalizer.mean]).toEqual([3, 30]);
    expect(normalizer.std[0]).toBeCloseTo(Math.sqrt(8 / 3), 12);
    const normalized = normalizer.normalize([1, 10, 3, 30, 5, 50]);
    expect(normalized[2]).toBe(0);
    expect(normalized[4]).toBeCloseTo(Math.sqrt(3 / 2), 6);
    expect(normalized[5]).toBeCloseTo(Math.sqrt(3 / 2), 6);
  });

  it('keeps a small spread on a large offset', () => {
    const values = Float64Array.from({ length: 1000 }, (_, i) => 1e6 + (i % 2 === 0 ? 0.5 : -0.5));
    const normalizer = Normalizer.fit(values, 1);
    expect(normalizer.mean[0]).toBeCloseTo(1e6, 9);
    expect(normalizer.std[0]).toBeCloseTo(0.5, 9);
  });

  it('maps a constant dimension to 0 and back to its constant', () => {
    const normalizer = Normalizer.fit(Float32Array.from([0.1, 1, 0.1, 2, 0.1, 3]), 2);
    expect(normalizer.std[0]).toBe(1);
    const normalized = normalizer.normalize([Math.fround(0.1), 2]);
    expect(Math.abs(normalized[0]!)).toBeLessThan(1e-6);
    expect(normalizer.denormalize(normalized)[0]).toBeCloseTo(0.1, 6);
  });

  it('survives JSON where a mean vanishes from below', () => {
    const normalizer = Normalizer.fit([0, -5e-324], 1);
    expect(Normalizer.fromJSON(JSON.parse(JSON.stringify(normalizer)))).toEqual(normalizer);
  });

  it('denormalizes what it normalized to within 1e-6 of the spread, after a trip through JSON too', () => {
    const value = fc.double({ min: -100, max: 100, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value, value), { minLength: 2, maxLength: 40 }), (rows) => {
        const values = rows.flat();
        const normalizer = Normalizer.fit(values, 3);
        const restored = Normalizer.fromJSON(JSON.parse(JSON.stringify(normalizer)));
        expect(restored).toEqual(normalizer);
        const back = restored.denormalize(normalizer.normalize(values));
        for (const [at, x] of values.entries()) {
          const scale = Math.max(1, restored.std[at % 3]!, Math.abs(x));
          expect(Math.abs(back[at]! - x)).toBeLessThan(1e-6 * scale);
        }
      }),
    );
  });

  it.each<[string, () => unknown, RegExp]>([
    ['NaN', () => Normalizer.fit([1, 2, 3, Number.NaN], 2), /row 1, dimension 1\n {2}found: NaN/],
    ['infinity', () => Normalizer.fit([-Infinity], 1), /row 0, dimension 0/],
    ['no rows', () => Normalizer.fit([], 2), /found: 0 values/],
    ['half a row', () => Normalizer.fit([1, 2, 3], 2), /found: 3 values/],
    ['no width', () => Normalizer.fit([1], 0), /width 0/],
    ['rows of another width', () => Normalizer.fit([1, 2], 2).normalize([1, 2, 3]), /rows of 2/],
  ])('refuses %s', (_, run, message) => {
    expect(run).toThrow(DatasetError);
    expect(run).toThrow(message);
  });

  const saved = { version: 1, mean: [0, 1], std: [1, 2] };
  it.each<[string, unknown, RegExp]>([
    ['nothing', null, /where: the whole/],
    ['a later version', { ...saved, version: 2 }, /where: version\n {2}found: 2/],
    ['no mean', { version: 1, std: [1, 2] }, /where: mean\n {2}found: nothing/],
    ['no std', { version: 1, mean: [0, 1] }, /where: std\n {2}found: nothing/],
    ['an empty mean', { ...saved, mean: [] }, /where: mean\n {2}found: an empty list/],
    ['null for NaN', { ...saved, mean: [0, null] }, /where: mean\[1\]\n {2}found: null/],
    ['too few deviations', { ...saved, std: [1] }, /found: 1 numbers\n {2}expected: 2/],
    ['a deviation of 0', { ...saved, std: [1, 0] }, /where: std\[1\]\n {2}found: 0/],
    ['a negative deviation', { ...saved, std: [-1, 1] }, /where: std\[0\]\n {2}found: -1/],
  ])('refuses saved statistics with %s', (_, json, message) => {
    expect(() => Normalizer.fromJSON(json)).toThrow(DatasetError);
    expect(() => Normalizer.fromJSON(json)).toThrow(message);
  });
});
