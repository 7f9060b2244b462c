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

/** Most gate entries that a frame carries of each rollout. */
export const MAX_GATE_ENTRIES = 16;

/** Bytes of the header; a multiple of 8, so that the columns behind it are aligned. */
const HEADER_BYTES = 32;
/** `MWF2` read as a little-endian number: format and version. */
const MAGIC = 0x3246574d;
/** `MWF1`: without seeds, contexts and gates, and so without the last two fields of the header. */
const MAGIC_V1 = 0x3146574d;
const HEADER_BYTES_V1 = 24;

/**
 * The state of R rollouts at one moment: what `/frame` carries, column by column.
 *
 * On the wire, little-endian, without padding:
 *
 * | offset | type | field |
 * | --- | --- | --- |
 * | 0 | u32 | `MWF2` |
 * | 4 | u32 | `index`: frames published so far, so that a gap shows what was skipped |
 * | 8 | f64 | `timeSeconds` |
 * | 16 | u32 | R, rollouts |
 * | 20 | u32 | M, moving parts |
 * | 24 | u32 | K, gate entries of each rollout |
 * | 28 | u32 | 0 |
 * | 32 | f32 `[R, M, 3]` | `poses` |
 * | … | u32 `[R]` | `episode` |
 * | … | u32 `[R]` | `seed` |
 * | … | u16 `[R]` | `step` |
 * | … | i16 `[R]` | `mode` |
 * | … | i16 `[R]` | `component` |
 * | … | i16 `[R]` | `preferred` |
 * | … | i16 `[R]` | `context` |
 * | … | i16 `[R, K]` | `gateComponent` |
 * | … | u8 `[R]` | `status` |
 * | … | u8 `[R]` | `confidence` |
 * | … | u8 `[R, K]` | `gateProbability` |
 *
 * Version 1, `MWF1`, has a header of 24 bytes and neither `seed`, `context` nor gate; it is still read.
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
  /** Seed of the episode, shape `[R]`; meaningless where `context` is {@link NONE}. */
  readonly seed: Uint32Array;
  /** Index of the context that the episode began in, or {@link NONE} where it is not known, shape `[R]`. */
  readonly context: Int16Array;
  /** K, the gate entries of each rollout; 0 for a policy without components. */
  readonly gateEntries: number;
  /** The components with the greatest gate probabilities, greatest first, or {@link NONE}, shape `[R, K]`. */
  readonly gateComponent: Int16Array;
  /** Their gate probabilities, 255 for 1, shape `[R, K]`. The rest belongs to components that are not listed. */
  readonly gateProbability: Uint8Array;
}

/** A frame to be filled in; reused from step to step. */
export interface MutableFrame extends Frame {
  index: number;
  timeSeconds: number;
}

/** Says how many bytes a frame of R rollouts, M moving parts and K gate entries takes on the wire. */
export function frameBytes(rollouts: number, movingParts: number, gateEntries = 0): number {
  return HEADER_BYTES + rollouts * (12 * movingParts + 20 + 3 * gateEntries);
}

interface Sizes {
  readonly rollouts: number;
  readonly movingParts: number;
  readonly gateEntries: number;
}

/** Lays columns over a buffer one after the other; each begins where the one before it ends. */
class ColumnLayout {
  readonly #buffer: ArrayBuffer;
  #offset: number;

  constructor(buffer: ArrayBuffer, offset: number) {
    this.#buffer = buffer;
    this.#offset = offset;
  }

  take<T>(
    Column: { new (buffer: ArrayBuffer, offset: number, length: number): T; BYTES_PER_ELEMENT: number },
    length: number,
  ): T {
    const start = this.#offset;
    this.#offset += length * Column.BYTES_PER_ELEMENT;
    return new Column(this.#buffer, start, length);
  }
}

/** Lays the columns over a buffer whose byte 0 is byte 0 of the message; the widest go first, so all are aligned. */
function columns(buffer: ArrayBuffer, { gateEntries, movingParts, rollouts }: Sizes) {
  const layout = new ColumnLayout(buffer, HEADER_BYTES);
  return {
    poses: layout.take(Float32Array, 3 * rollouts * movingParts),
    episode: layout.take(Uint32Array, rollouts),
    seed: layout.take(Uint32Array, rollouts),
    step: layout.take(Uint16Array, rollouts),
    mode: layout.take(Int16Array, rollouts),
    component: layout.take(Int16Array, rollouts),
    preferred: layout.take(Int16Array, rollouts),
    context: layout.take(Int16Array, rollouts),
    gateComponent: layout.take(Int16Array, rollouts * gateEntries),
    status: layout.take(Uint8Array, rollouts),
    confidence: layout.take(Uint8Array, rollouts),
    gateProbability: layout.take(Uint8Array, rollouts * gateEntries),
  };
}

/** The same for version 1; what it does not have is unknown. */
function columnsV1(buffer: ArrayBuffer, { movingParts, rollouts }: Sizes) {
  const layout = new ColumnLayout(buffer, HEADER_BYTES_V1);
  return {
    poses: layout.take(Float32Array, 3 * rollouts * movingParts),
    episode: layout.take(Uint32Array, rollouts),
    step: layout.take(Uint16Array, rollouts),
    mode: layout.take(Int16Array, rollouts),
    component: layout.take(Int16Array, rollouts),
    preferred: layout.take(Int16Array, rollouts),
    status: layout.take(Uint8Array, rollouts),
    confidence: layout.take(Uint8Array, rollouts),
    seed: new Uint32Array(rollouts),
    context: new Int16Array(rollouts).fill(NONE),
    gateComponent: new Int16Array(),
    gateProbability: new Uint8Array(),
  };
}

/**
 * Allocates a frame of R rollouts, all running, with nothing decided.
 *
 * @param gateEntries - K, see {@link Frame}.
 * @throws StreamError when a size is out of range.
 */
export function createFrame(rollouts: number, movingParts: number, gateEntries = 0): MutableFrame {
  const sizes = { rollouts, movingParts, gateEntries };
  checkSizes(sizes, 'createFrame');
  const made = columns(new ArrayBuffer(frameBytes(rollouts, movingParts, gateEntries)), sizes);
  for (const column of ['mode', 'component', 'preferred', 'context', 'gateComponent'] as const)
    made[column].fill(NONE);
  return { index: 0, timeSeconds: 0, ...sizes, ...made };
}

/** Writes a frame in its wire form; the bytes are the caller's, the frame may be reused at once. */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const { gateEntries, movingParts, rollouts } = frame;
  checkSizes(frame, 'encodeFrame');
  const buffer = new ArrayBuffer(frameBytes(rollouts, movingParts, gateEntries));
  const header = new DataView(buffer);
  header.setUint32(0, MAGIC, true);
  header.setUint32(4, frame.index >>> 0, true);
  header.setFloat64(8, frame.timeSeconds, true);
  header.setUint32(16, rollouts, true);
  header.setUint32(20, movingParts, true);
  header.setUint32(24, gateEntries, true);
  const target = columns(buffer, frame);
  for (const name of Object.keys(target) as (keyof typeof target)[]) target[name].set(frame[name]);
  return new Uint8Array(buffer);
}

/**
 * Reads a frame from its wire form, of this version or the one before. The bytes are copied: they need no alignment and
 * may be reused.
 *
 * @throws StreamError when the bytes are no frame, or not all of one.
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  const magic =
    bytes.byteLength < 4 ? MAGIC : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const isV1 = magic === MAGIC_V1;
  const headerBytes = isV1 ? HEADER_BYTES_V1 : HEADER_BYTES;
  if (magic !== MAGIC && !isV1) {
    throw new StreamError({
      what: 'a message on the frame channel is not a frame of this version',
      found: `0x${magic.toString(16).padStart(8, '0')}`,
      expected: `0x${MAGIC.toString(16)} ('MWF2')`,
      remedy: 'reload the page, so that it comes from the same version as the server',
    });
  }
  if (bytes.byteLength < headerBytes) {
    throw new StreamError({
      what: 'a frame message is too short for its header',
      found: `${bytes.byteLength} bytes`,
      expected: `at least ${headerBytes}`,
    });
  }
  const header = new DataView(bytes.buffer, bytes.byteOffset, headerBytes);
  const rollouts = header.getUint32(16, true);
  const movingParts = header.getUint32(20, true);
  const gateEntries = isV1 ? 0 : header.getUint32(24, true);
  const sizes = { rollouts, movingParts, gateEntries };
  checkSizes(sizes, 'decodeFrame');
  const expected = isV1
    ? HEADER_BYTES_V1 + rollouts * (12 * movingParts + 14)
    : frameBytes(rollouts, movingParts, gateEntries);
  if (bytes.byteLength !== expected) {
    throw new StreamError({
      what: 'a frame message does not have the length that its header states',
      where: `${rollouts} rollouts, ${movingParts} moving parts, ${gateEntries} gate entries`,
      found: `${bytes.byteLength} bytes`,
      expected: `${expected}`,
    });
  }
  const buffer = new ArrayBuffer(expected);
  new Uint8Array(buffer).set(bytes);
  return {
    index: header.getUint32(4, true),
    timeSeconds: header.getFloat64(8, true),
    ...sizes,
    ...(isV1 ? columnsV1(buffer, sizes) : columns(buffer, sizes)),
  };
}

/**
 * Lists the K greatest gate probabilities of a rollout in a frame, and the greatest in `preferred` and `confidence`.
 *
 * @param gate - gate probabilities, shape `[C]`.
 */
export function setGate(frame: MutableFrame, rollout: number, gate: Float32Array): void {
  const { gateEntries } = frame;
  const components = frame.gateComponent.subarray(rollout * gateEntries, (rollout + 1) * gateEntries);
  const at = (component: number): number => (component === NONE ? -1 : (gate[component] ?? 0));
  let preferred: number = NONE;
  components.fill(NONE);
  for (let c = 0; c < gate.length; c++) {
    const probability = at(c);
    if (probability > at(preferred)) preferred = c;
    // K is small: sinks to its place among those found so far
    for (let rank = 0, sinking = c; rank < gateEntries; rank++) {
      const there = components[rank] ?? NONE;
      if (at(sinking) <= at(there)) continue;
      components[rank] = sinking;
      sinking = there;
      if (sinking === NONE) break;
    }
  }
  components.forEach((component, rank) => {
    frame.gateProbability[rollout * gateEntries + rank] = Math.round(255 * Math.max(0, at(component)));
  });
  frame.preferred[rollout] = preferred;
  frame.confidence[rollout] = Math.round(255 * Math.max(0, at(preferred)));
}

function checkSizes({ gateEntries, movingParts, rollouts }: Sizes, where: string): void {
  const fits = (value: number, most: number) => Number.isInteger(value) && value >= 0 && value <= most;
  if (
    fits(rollouts, MAX_ROLLOUTS) &&
    fits(movingParts, MAX_MOVING_PARTS) &&
    fits(gateEntries, MAX_GATE_ENTRIES)
  )
    return;
  throw new StreamError({
    what: 'a frame has sizes out of range',
    where,
    found: `${rollouts} rollouts, ${movingParts} moving parts, ${gateEntries} gate entries`,
    expected: `whole numbers, at most ${MAX_ROLLOUTS}, ${MAX_MOVING_PARTS} and ${MAX_GATE_ENTRIES}`,
  });
}
