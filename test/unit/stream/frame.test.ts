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
  setGate,
} from '../../../src/stream/frame.ts';

const sizes = fc.record({
  rollouts: fc.integer({ min: 0, max: 40 }),
  movingParts: fc.integer({ min: 0, max: 5 }),
  gateEntries: fc.integer({ min: 0, max: 6 }),
});

/** Frames of all sizes with all values that their columns can hold. */
const frames: fc.Arbitrary<Frame> = sizes.chain(({ rollouts: R, movingParts: M, gateEntries: K }) =>
  fc.record({
    index: fc.nat(0xffffffff),
    timeSeconds: fc.double(),
    rollouts: fc.constant(R),
    movingParts: fc.constant(M),
    gateEntries: fc.constant(K),
    poses: fc.float32Array({ minLength: 3 * R * M, maxLength: 3 * R * M }),
    episode: fc.uint32Array({ minLength: R, maxLength: R }),
    step: fc.uint16Array({ minLength: R, maxLength: R }),
    mode: fc.int16Array({ minLength: R, maxLength: R }),
    component: fc.int16Array({ minLength: R, maxLength: R }),
    preferred: fc.int16Array({ minLength: R, maxLength: R }),
    status: fc.uint8Array({ minLength: R, maxLength: R }),
    confidence: fc.uint8Array({ minLength: R, maxLength: R }),
    seed: fc.uint32Array({ minLength: R, maxLength: R }),
    context: fc.int16Array({ minLength: R, maxLength: R }),
    gateComponent: fc.int16Array({ minLength: R * K, maxLength: R * K }),
    gateProbability: fc.uint8Array({ minLength: R * K, maxLength: R * K }),
  }),
);

describe('the frame format', () => {
  it('gives back every frame as it was', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        const bytes = encodeFrame(frame);
        expect(bytes.byteLength).toBe(frameBytes(frame.rollouts, frame.movingParts, frame.gateEntries));
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
    const frame = createFrame(2, 1, 1);
    frame.index = 7;
    frame.timeSeconds = 1.5;
    frame.poses.set([0.25, -0.5, 2], 3);
    frame.mode[1] = 23;
    frame.seed[1] = 0xfedcba98;
    frame.gateProbability[1] = 128;
    const view = new DataView(encodeFrame(frame).buffer);
    expect(String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(i)))).toBe('MWF2');
    expect(view.getUint32(4, true)).toBe(7);
    expect(view.getFloat64(8, true)).toBe(1.5);
    expect([16, 20, 24, 28].map((at) => view.getUint32(at, true))).toEqual([2, 1, 1, 0]);
    expect([44, 48, 52].map((at) => view.getFloat32(at, true))).toEqual([0.25, -0.5, 2]);
    const seeds = 32 + 24 + 8;
    expect(view.getUint32(seeds + 4, true)).toBe(0xfedcba98);
    const modes = seeds + 8 + 4;
    expect([view.getInt16(modes, true), view.getInt16(modes + 2, true)]).toEqual([-1, 23]);
    expect(view.getUint8(view.byteLength - 1)).toBe(128);
  });

  it('reads frames of version 1, without seeds and gates: recordings are kept for years', () => {
    const bytes = new ArrayBuffer(24 + 2 * 26);
    const view = new DataView(bytes);
    [...'MWF1'].forEach((character, i) => {
      view.setUint8(i, character.charCodeAt(0));
    });
    view.setUint32(4, 5, true);
    view.setFloat64(8, 2.5, true);
    view.setUint32(16, 2, true);
    view.setUint32(20, 1, true);
    view.setFloat32(24 + 12, 0.5, true);
    view.setUint32(24 + 24 + 4, 9, true);
    view.setInt16(24 + 24 + 8 + 4 + 2, 23, true);
    view.setUint8(bytes.byteLength - 1, 128);
    const frame = decodeFrame(new Uint8Array(bytes));
    expect(frame).toMatchObject({ index: 5, timeSeconds: 2.5, rollouts: 2, movingParts: 1, gateEntries: 0 });
    expect([frame.poses[3], frame.episode[1], frame.mode[1], frame.confidence[1]]).toEqual([0.5, 9, 23, 128]);
    expect([...frame.context]).toEqual([-1, -1]);
  });

  it('lists the greatest gate probabilities, greatest first', () => {
    const frame = createFrame(2, 0, 3);
    setGate(frame, 1, Float32Array.of(0.1, 0.4, 0.05, 0.4, 0.05));
    expect([...frame.gateComponent]).toEqual([-1, -1, -1, 1, 3, 0]);
    expect([...frame.gateProbability]).toEqual([0, 0, 0, 102, 102, 26]);
    expect([frame.preferred[1], frame.confidence[1]]).toEqual([1, 102]);
    setGate(frame, 1, Float32Array.of(1, 0));
    expect([...frame.gateComponent.subarray(3)]).toEqual([0, 1, -1]);
    setGate(frame, 1, new Float32Array());
    expect([...frame.gateComponent.subarray(3)]).toEqual([-1, -1, -1]);
    expect([frame.preferred[1], frame.confidence[1]]).toEqual([-1, 0]);
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
