import { describe, expect, it } from 'vitest';
import { exactCos, exactErf, exactExp, exactSin, exactTanh } from '../../../src/tensor/exact-math.ts';

describe('the elementary functions', () => {
  it('agree with the engine’s own', () => {
    for (let x = -700; x <= 700; x += 0.37) {
      expect(Math.abs(exactExp(x) / Math.exp(x) - 1), `exp(${x})`).toBeLessThan(1e-14);
    }
    for (let x = -25; x <= 25; x += 0.013) {
      expect(Math.abs(exactTanh(x) - Math.tanh(x)), `tanh(${x})`).toBeLessThan(1e-15);
    }
    for (let x = -1e5; x <= 1e5; x += 7.3) {
      expect(Math.abs(exactSin(x) - Math.sin(x)), `sin(${x})`).toBeLessThan(1e-12);
      expect(Math.abs(exactCos(x) - Math.cos(x)), `cos(${x})`).toBeLessThan(1e-12);
    }
  });

  it('know their limits', () => {
    expect(exactExp(0)).toBe(1);
    expect(exactExp(1000)).toBe(Number.POSITIVE_INFINITY);
    expect(exactExp(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
    expect(exactExp(Number.NEGATIVE_INFINITY)).toBe(0);
    expect(exactExp(Number.NaN)).toBeNaN();
    expect(exactTanh(Number.POSITIVE_INFINITY)).toBe(1);
    expect(exactTanh(Number.NEGATIVE_INFINITY)).toBe(-1);
    expect(exactTanh(Number.NaN)).toBeNaN();
  });

  it('know the error function to its stated 1.5e-7', () => {
    // from tables of erf (DLMF, chapter 7)
    const known: [number, number][] = [
      [0, 0],
      [0.5, 0.5204998778],
      [1, 0.8427007929],
      [2, 0.995322265],
      [3, 0.9999779095],
    ];
    for (const [x, value] of known) {
      expect(Math.abs(exactErf(x) - value)).toBeLessThan(1.5e-7);
      expect(Math.abs(exactErf(-x) + value)).toBeLessThan(1.5e-7);
    }
  });
});
