import { StreamError } from '../errors.ts';

/** How a rollout stands; the numbers are those on the wire. */
export const ROLLOUT_STATUS = { running: 0, success: 1, failure: 2 } as const;

/** One of the values of {@link ROLLOUT_STATUS}. */
export type RolloutStatus = (typeof ROLLOUT_STATUS)[keyof typeof ROLLOUT_STATUS];

/** Stands for "none" in the columns `mode`, `component` and `preferred`. */
export const NONE = -1;

/** Most rollouts that one frame may carry. */
export const MAX_ROLLOUTS = 4096;

/** Most moving parts that one rollout may have. */
export const MAX_MOVING_PARTS = 256;

/** Bytes of the header; a multiple of 8, so that the columns behind it are aligned. */
const HEADER_BYTES = 24;
/** `MWF1` read as a little-endian number: format and version. */
const MAGIC = 0x3146574d;

/**
 * The state of R rollouts at one moment: what `/frame` carries, column by column.
 *
 * On the wire, little-endian, without padding:
 *
 * | offset | type | field |
 * | --- | --- | --- |
 * | 0 | u32 | `MWF1` |
 * | 4 | u32 | `index`: frames published so far, so that a gap shows what was skipped |
 * | 8 | f64 | `timeSeconds` |
 * | 16 | u32 | R, rollouts |
 * | 20 | u32 | M, moving parts |
 * | 24 | f32 `[R, M, 3]` | `poses` |
 * | … | u32 `[R]` | `episode` |
 * | … | u16 `[R]` | `step` |
 * | … | i16 `[R]` | `mode` |
 * | … | i16 `[R]` | `component` |
 * | … | i16 `[R]` | `preferred` |
 * | … | u8 `[R]` | `status` |
 * | … | u8 `[R]` | `confidence` |
 */
export interface Frame {
  /** Number of this frame; the server counts it up. */
  readonly index: number;
  /** Simulated time since the stream began, seconds. */
  readonly timeSeconds: number;
  /** R. */
  readonly rollouts: number;
  /** M, the moving parts of the scene. */
  readonly movingParts: number;
  /** Poses of the moving parts in the world frame, shape `[R, M, 3]` as x, y (metres), angleRad. */
  readonly poses: Float32Array;
  /** Number of the episode that runs in this slot, shape `[R]`; a change means that a new one has begun. */
  readonly episode: Uint32Array;
  /** Control steps done in that episode, shape `[R]`. */
  readonly step: Uint16Array;
  /** Index of the mode, or {@link NONE} while undecided, shape `[R]`. */
  readonly mode: Int16Array;
  /** Component in force, or {@link NONE} for a policy without components, shape `[R]`. */
  readonly component: Int16Array;
  /** Component with the greatest gate probability, or {@link NONE}, shape `[R]`. */
  readonly preferred: Int16Array;
  /** One of {@link ROLLOUT_STATUS}, shape `[R]`. */
  readonly status: Uint8Array;
  /** Gate probability of the preferred component, 255 for 1, shape `[R]`. */
  readonly confidence: Uint8Array;
}

/** A frame to be filled in; reused from step to step. */
export interface MutableFrame extends Frame {
  index: number;
  timeSeconds: number;
}

/** Says how many bytes a frame of R rollouts and M moving parts takes on the wire. */
export function frameBytes(rollouts: number, movingParts: number): number {
  return HEADER_BYTES + rollouts * (12 * movingParts + 14);
}

/** Lays the columns over a buffer whose byte 0 is byte 0 of the message. */
function columns(buffer: ArrayBuffer, rollouts: number, movingParts: number) {
  let offset = HEADER_BYTES;
  const take = (bytes: number): number => {
    const start = offset;
    offset += bytes;
    return start;
  };
  return {
    poses: new Float32Array(buffer, take(12 * rollouts * movingParts), 3 * rollouts * movingParts),
    episode: new Uint32Array(buffer, take(4 * rollouts), rollouts),
    step: new Uint16Array(buffer, take(2 * rollouts), rollouts),
    mode: new Int16Array(buffer, take(2 * rollouts), rollouts),
    component: new Int16Array(buffer, take(2 * rollouts), rollouts),
    preferred: new Int16Array(buffer, take(2 * rollouts), rollouts),
    status: new Uint8Array(buffer, take(rollouts), rollouts),
    confidence: new Uint8Array(buffer, take(rollouts), rollouts),
  };
}

/**
 * Allocates a frame of R rollouts, all running, with nothing decided.
 *
 * @throws StreamError when a size is out of range.
 */
export function createFrame(rollouts: number, movingParts: number): MutableFrame {
  checkSizes(rollouts, movingParts, 'createFrame');
  const columnsOfFrame = columns(new ArrayBuffer(frameBytes(rollouts, movingParts)), rollouts, movingParts);
  columnsOfFrame.mode.fill(NONE);
  columnsOfFrame.component.fill(NONE);
  columnsOfFrame.preferred.fill(NONE);
  return { index: 0, timeSeconds: 0, rollouts, movingParts, ...columnsOfFrame };
}

/** Writes a frame in its wire form; the bytes are the caller's, the frame may be reused at once. */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const { rollouts, movingParts } = frame;
  checkSizes(rollouts, movingParts, 'encodeFrame');
  const buffer = new ArrayBuffer(frameBytes(rollouts, movingParts));
  const header = new DataView(buffer);
  header.setUint32(0, MAGIC, true);
  header.setUint32(4, frame.index >>> 0, true);
  header.setFloat64(8, frame.timeSeconds, true);
  header.setUint32(16, rollouts, true);
  header.setUint32(20, movingParts, true);
  const target = columns(buffer, rollouts, movingParts);
  target.poses.set(frame.poses);
  target.episode.set(frame.episode);
  target.step.set(frame.step);
  target.mode.set(frame.mode);
  target.component.set(frame.component);
  target.preferred.set(frame.preferred);
  target.status.set(frame.status);
  target.confidence.set(frame.confidence);
  return new Uint8Array(buffer);
}

/**
 * Reads a frame from its wire form. The bytes are copied: they need no alignment and may be reused.
 *
 * @throws StreamError when the bytes are no frame, or not all of one.
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.byteLength < HEADER_BYTES) {
    throw new StreamError({
      what: 'a frame message is too short for its header',
      found: `${bytes.byteLength} bytes`,
      expected: `at least ${HEADER_BYTES}`,
    });
  }
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  const magic = header.getUint32(0, true);
  if (magic !== MAGIC) {
    throw new StreamError({
      what: 'a message on the frame channel is not a frame of this version',
      found: `0x${magic.toString(16).padStart(8, '0')}`,
      expected: `0x${MAGIC.toString(16)} ('MWF1')`,
      remedy: 'reload the page, so that it comes from the same version as the server',
    });
  }
  const rollouts = header.getUint32(16, true);
  const movingParts = header.getUint32(20, true);
  checkSizes(rollouts, movingParts, 'decodeFrame');
  const expected = frameBytes(rollouts, movingParts);
  if (bytes.byteLength !== expected) {
    throw new StreamError({
      what: 'a frame message does not have the length that its header states',
      where: `${rollouts} rollouts, ${movingParts} moving parts`,
      found: `${bytes.byteLength} bytes`,
      expected: `${expected}`,
    });
  }
  const buffer = new ArrayBuffer(expected);
  new Uint8Array(buffer).set(bytes);
  return {
    index: header.getUint32(4, true),
    timeSeconds: header.getFloat64(8, true),
    rollouts,
    movingParts,
    ...columns(buffer, rollouts, movingParts),
  };
}

function checkSizes(rollouts: number, movingParts: number, where: string): void {
  const fits = (value: number, most: number) => Number.isInteger(value) && value >= 0 && value <= most;
  if (fits(rollouts, MAX_ROLLOUTS) && fits(movingParts, MAX_MOVING_PARTS)) return;
  throw new StreamError({
    what: 'a frame has sizes out of range',
    where,
    found: `${rollouts} rollouts, ${movingParts} moving parts`,
    expected: `whole numbers, at most ${MAX_ROLLOUTS} and ${MAX_MOVING_PARTS}`,
  });
}
