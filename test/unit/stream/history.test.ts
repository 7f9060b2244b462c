import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamError } from '../../../src/errors.ts';
import { FrameHistory, splitHistory } from '../../../src/stream/history.ts';

describe('the history of frames', () => {
  it('keeps the newest frames that fit the budget, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), fc.nat(300), (frames, budget) => {
        const history = new FrameHistory(budget);
        for (const frame of frames) {
          history.push(frame);
          expect(history.byteLength).toBeLessThanOrEqual(budget);
        }
        const kept = splitHistory(history.encode());
        expect(kept).toEqual(kept.length === 0 ? [] : frames.slice(-kept.length));
        const next = frames.at(-kept.length - 1);
        const size = kept.reduce((sum, frame) => sum + frame.byteLength + 4, 0);
        expect(size).toBe(history.byteLength);
        // one more would not have fitted, unless a frame after it was too great for the whole budget
        if (next !== undefined && frames.every((frame) => frame.byteLength + 4 <= budget)) {
          expect(size + next.byteLength + 4).toBeGreaterThan(budget);
        }
      }),
    );
  });

  it('is empty again after clear', () => {
    const history = new FrameHistory(100);
    history.push(new Uint8Array(10));
    history.clear();
    expect(history.encode().byteLength).toBe(0);
    expect(splitHistory(history.encode())).toEqual([]);
  });

  it('refuses bytes that end inside a frame', () => {
    expect(() => splitHistory(Uint8Array.of(5, 0, 0, 0, 1))).toThrow(StreamError);
    expect(() => splitHistory(Uint8Array.of(1, 0))).toThrow(StreamError);
  });
});
