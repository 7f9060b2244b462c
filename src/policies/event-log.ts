/**
 * Event files as TensorBoard reads them: records framed by length and masked CRC-32C (TFRecord), each a protocol buffer
 * `Event` (`tensorflow/core/util/event.proto`, `framework/summary.proto`).
 */

/** Reversed polynomial of CRC-32C (Castagnoli). */
const castagnoli = 0x82f63b78;

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ castagnoli : value >>> 1;
  return value;
});

/** Computes the CRC-32C of bytes. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crcTable[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** Rotates and shifts a checksum as TFRecord stores it, so that checksums of checksums do not cancel. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Frames one record. */
function record(data: Uint8Array): Uint8Array {
  const framed = new Uint8Array(data.length + 16);
  const view = new DataView(framed.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(framed.subarray(0, 8))), true);
  framed.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return framed;
}

/** A protocol buffer under construction. */
class Message {
  readonly #bytes: number[] = [];

  varint(field: number, value: number): this {
    this.#key(field, 0);
    this.#varint(value);
    return this;
  }

  double(field: number, value: number): this {
    this.#key(field, 1);
    this.#bytes.push(...new Uint8Array(Float64Array.of(value).buffer));
    return this;
  }

  float(field: number, value: number): this {
    this.#key(field, 5);
    this.#bytes.push(...new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  bytes(field: number, value: Uint8Array | string): this {
    const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
    this.#key(field, 2);
    this.#varint(bytes.length);
    this.#bytes.push(...bytes);
    return this;
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #key(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  #varint(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.#bytes.push((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    this.#bytes.push(rest);
  }
}

/** When something was logged. */
export interface EventTime {
  /** Seconds since 1970. */
  readonly wallTime: number;
  /** Training step, at least 0. */
  readonly step: number;
}

/**
 * Encodes the beginning of an event file: the version of the format, and that logging starts at a step, so that a
 * reader drops what an interrupted run had logged beyond it.
 */
export function encodeEventFileStart({ step, wallTime }: EventTime): Uint8Array {
  const version = new Message().double(1, wallTime).bytes(3, 'brain.Event:2').finish();
  // SessionLog with status START
  const start = new Message()
    .double(1, wallTime)
    .varint(2, step)
    .bytes(7, new Message().varint(1, 1).finish())
    .finish();
  return joined([record(version), record(start)]);
}

/** Encodes one record that holds scalars by tag. */
export function encodeScalars(
  { step, wallTime }: EventTime,
  scalars: Readonly<Record<string, number>>,
): Uint8Array {
  const summary = new Message();
  for (const [tag, value] of Object.entries(scalars)) {
    summary.bytes(1, new Message().bytes(1, tag).float(2, value).finish());
  }
  return record(new Message().double(1, wallTime).varint(2, step).bytes(5, summary.finish()).finish());
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
