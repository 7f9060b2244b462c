import { describe, expect, it } from 'vitest';
import { StateHash } from '../../../src/physics/state-hash.ts';

const hash = (...values: number[]) => values.reduce((h, value) => h.add(value), new StateHash()).digest();

describe('StateHash', () => {
  it('never changes: recorded hashes must stay valid', () => {
    expect(hash()).toBe('3cd6e3f32d480a0b');
    expect(hash(0.525, -0.28, 0, 1e-9)).toBe('d55b29cb15c684db');
  });

  it('depends on order, length and sign', () => {
    const digests = [hash(), hash(0), hash(0, 0), hash(-0), hash(1, 2), hash(2, 1), hash(1, 2, 0)];
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('spreads neighbouring states over all bits', () => {
    const seen = new Set<string>();
    const ones = new Array<number>(64).fill(0);
    for (let i = 0; i < 20_000; i++) {
      const digest = hash(Math.fround(0.5 + i * 2 ** -24), 0.1);
      seen.add(digest);
      const bits = BigInt(`0x${digest}`);
      for (let b = 0; b < 64; b++) ones[b] = (ones[b] ?? 0) + Number((bits >> BigInt(b)) & 1n);
    }
    expect(seen.size).toBe(20_000);
    // each bit is set about half of the time: 10000 ± 5 standard deviations of 71
    for (const count of ones) expect(Math.abs(count - 10_000)).toBeLessThan(355);
  });
});
