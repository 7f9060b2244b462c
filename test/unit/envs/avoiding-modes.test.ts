import { describe, expect, it } from 'vitest';
import { gapBetween, ModeTracker, modeNames, modeOfWays, waysOfMode } from '../../../envs/avoiding/modes.ts';

function track(...positions: readonly (readonly [number, number])[]): string | null {
  const tracker = new ModeTracker();
  for (const [x, y] of positions) tracker.observe(x, y);
  return tracker.mode === null ? null : (modeNames[tracker.mode] ?? null);
}

describe('modes', () => {
  it('are 24, with names of their own', () => {
    expect(new Set(modeNames).size).toBe(24);
    expect(modeNames[0]).toBe('L-left-1');
    expect(modeNames[23]).toBe('R-right-4');
  });

  it('split into ways and join again', () => {
    for (let mode = 0; mode < 24; mode++) expect(modeOfWays(waysOfMode(mode))).toBe(mode);
    expect(modeNames[modeOfWays([0, 1, 2])]).toBe('L-middle-3');
  });

  it('know the room between the obstacles of a row', () => {
    expect(gapBetween(0, 0)).toEqual({ low: -Infinity, high: 0.47 });
    expect(gapBetween(0, 1)).toEqual({ low: 0.53, high: Infinity });
    expect(gapBetween(1, 1)).toEqual({ low: expect.closeTo(0.45, 9), high: expect.closeTo(0.55, 9) });
    expect(gapBetween(2, 3)).toEqual({ low: expect.closeTo(0.675, 9), high: Infinity });
  });
});

describe('ModeTracker', () => {
  it('is undecided until all three rows are passed', () => {
    expect(track([0.4, -0.1], [0.5, 0.08])).toBeNull();
    expect(track([0.4, -0.1], [0.5, 0.08], [0.45, 0.259])).toBeNull();
    expect(track([0.4, -0.1], [0.5, 0.08], [0.45, 0.26])).toBe('L-middle-2');
  });

  it('decides rows 1 and 2 when they are first within 3 cm, and not again', () => {
    expect(track([0.4, -0.13], [0.6, -0.1], [0.3, 0.0501], [0.7, 0.08], [0.3, 0.3])).toBe('L-left-1');
    expect(track([0.4, -0.1301], [0.6, -0.129], [0.7, 0.1], [0.7, 0.3])).toBe('R-right-4');
  });

  it('decides row 3 when it is first reached', () => {
    expect(track([0.4, -0.1], [0.5, 0.08], [0.3, 0.255], [0.55, 0.27], [0.3, 0.3])).toBe('L-middle-3');
  });

  it.each([
    [0.42, 'left'],
    [0.43, 'middle'],
    [0.57, 'middle'],
    [0.58, 'right'],
  ])('takes x = %d in row 2 for the %s gap', (x, gap) => {
    expect(track([0.4, -0.1], [x, 0.08], [0.6, 0.3])).toBe(`L-${gap}-3`);
  });
});
