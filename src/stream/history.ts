import { StreamError } from '../errors.ts';

/**
 * Keeps the newest encoded frames within a budget of bytes, so that whoever joins late sees the trails that the
 * others have been watching.
 */
export class FrameHistory {
  readonly #budgetBytes: number;
  readonly #frames: Uint8Array[] = [];
  #bytes = 0;

  constructor(budgetBytes: number) {
    this.#budgetBytes = budgetBytes;
  }

  /** Bytes held, length prefixes included. */
  get byteLength(): number {
    return this.#bytes;
  }

  /** Adds the newest frame and forgets the oldest ones that no longer fit. */
  push(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.#bytes += frame.byteLength + 4;
    let drop = 0;
    while (this.#bytes > this.#budgetBytes && drop < this.#frames.length) {
      this.#bytes -= (this.#frames[drop]?.byteLength ?? 0) + 4;
      drop++;
    }
    // a frame greater than the whole budget leaves the history empty
    if (drop > 0) this.#frames.splice(0, drop);
  }

  /** Forgets everything: what came before belongs to another scene. */
  clear(): void {
    this.#frames.length = 0;
    this.#bytes = 0;
  }

  /** Joins the frames, oldest first, each behind its length as u32. */
  encode(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#bytes);
    const view = new DataView(bytes.buffer);
    let offset = 0;
    for (const frame of this.#frames) {
      view.setUint32(offset, frame.byteLength, true);
      bytes.set(frame, offset + 4);
      offset += 4 + frame.byteLength;
    }
    return bytes;
  }
}

/**
 * Splits a history message into the encoded frames it holds, oldest first, as views on the same bytes.
 *
 * @throws StreamError when a length points past the end.
 */
export function splitHistory(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: Uint8Array[] = [];
  let offset = 0;
  while (offset < bytes.byteLength) {
    const length = offset + 4 <= bytes.byteLength ? view.getUint32(offset, true) : Number.POSITIVE_INFINITY;
    if (offset + 4 + length > bytes.byteLength) {
      throw new StreamError({ what: 'a history message ends inside a frame', where: `byte ${offset}` });
    }
    frames.push(bytes.subarray(offset + 4, offset + 4 + length));
    offset += 4 + length;
  }
  return frames;
}
