import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamError } from '../../../src/errors.ts';
import {
  createFrame,
  decodeFrame,
  encodeFrame,
  type Frame,
  frameBytes,
  MAX_ROLLOUTS,
} from '../../../src/stream/frame.ts';

const sizes = fc.record({
  rollouts: fc.integer({ min: 0, max: 40 }),
  movingParts: fc.integer({ min: 0, max: 5 }),
});

/** Frames of all sizes with all values that their columns can hold. */
const frames: fc.Arbitrary<Frame> = sizes.chain(({ rollouts: R, movingParts: M }) =>
  fc.record({
    index: fc.nat(0xffffffff),
    timeSeconds: fc.double(),
    rollouts: fc.constant(R),
    movingParts: fc.constant(M),
    poses: fc.float32Array({ minLength: 3 * R * M, maxLength: 3 * R * M }),
    episode: fc.uint32Array({ minLength: R, maxLength: R }),
    step: fc.uint16Array({ minLength: R, maxLength: R }),
    mode: fc.int16Array({ minLength: R, maxLength: R }),
    component: fc.int16Array({ minLength: R, maxLength: R }),
    preferred: fc.int16Array({ minLength: R, maxLength: R }),
    status: fc.uint8Array({ minLength: R, maxLength: R }),
    confidence: fc.uint8Array({ minLength: R, maxLength: R }),
  }),
);

describe('the frame format', () => {
  it('gives back every frame as it was', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        const bytes = encodeFrame(frame);
        expect(bytes.byteLength).toBe(frameBytes(frame.rollouts, frame.movingParts));
        expect(decodeFrame(bytes)).toEqual(frame);
      }),
    );
  });

  it('reads a frame at any place in a greater buffer, as websocket messages hold it', () => {
    fc.assert(
      fc.property(frames, fc.integer({ min: 0, max: 17 }), (frame, offset) => {
        const bytes = encodeFrame(frame);
        const message = new Uint8Array(offset + bytes.byteLength + 3);
        message.set(bytes, offset);
        expect(decodeFrame(message.subarray(offset, offset + bytes.byteLength))).toEqual(frame);
      }),
    );
  });

  it('is the documented layout, so that other programs can read it', () => {
    const frame = createFrame(2, 1);
    frame.index = 7;
    frame.timeSeconds = 1.5;
    frame.poses.set([0.25, -0.5, 2], 3);
    frame.mode[1] = 23;
    frame.confidence[1] = 128;
    const view = new DataView(encodeFrame(frame).buffer);
    expect(String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(i)))).toBe('MWF1');
    expect(view.getUint32(4, true)).toBe(7);
    expect(view.getFloat64(8, true)).toBe(1.5);
    expect([view.getUint32(16, true), view.getUint32(20, true)]).toEqual([2, 1]);
    expect([36, 40, 44].map((at) => view.getFloat32(at, true))).toEqual([0.25, -0.5, 2]);
    const modes = 24 + 24 + 8 + 4;
    expect([view.getInt16(modes, true), view.getInt16(modes + 2, true)]).toEqual([-1, 23]);
    expect(view.getUint8(view.byteLength - 1)).toBe(128);
  });

  it('refuses what is not a whole frame, whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => decodeFrame(bytes)).toThrow(StreamError);
      }),
    );
    const bytes = encodeFrame(createFrame(3, 2));
    expect(() => decodeFrame(bytes.subarray(0, bytes.byteLength - 1))).toThrow(
      /length that its header states/,
    );
    bytes[0] = 0;
    expect(() => decodeFrame(bytes)).toThrow(/not a frame of this version/);
  });

  it('refuses sizes out of range before it allocates anything', () => {
    expect(() => createFrame(MAX_ROLLOUTS + 1, 1)).toThrow(/sizes out of range/);
    expect(() => createFrame(1.5, 1)).toThrow(StreamError);
    const bytes = encodeFrame(createFrame(1, 1));
    new DataView(bytes.buffer).setUint32(16, 0xffffffff, true);
    expect(() => decodeFrame(bytes)).toThrow(/sizes out of range/);
  });

  it('hands out bytes that later changes of the frame do not reach', () => {
    const frame = createFrame(1, 1);
    const bytes = encodeFrame(frame);
    frame.poses[0] = 1;
    expect(decodeFrame(bytes).poses[0]).toBe(0);
  });
});
