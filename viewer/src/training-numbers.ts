/** Numbers as the channels of a training carry them: little-endian in base64. */

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Reads numbers from 0 to 255. */
export function readBytes(text: string): Uint8Array {
  return bytesOf(text);
}

/** Reads numbers from 0 to 65535. */
export function readWords(text: string): Uint16Array {
  const bytes = bytesOf(text);
  const view = new DataView(bytes.buffer);
  return Uint16Array.from({ length: bytes.length >> 1 }, (_, i) => view.getUint16(2 * i, true));
}

/** Reads float32 numbers. */
export function readFloats(text: string): Float32Array {
  const bytes = bytesOf(text);
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length >> 2 }, (_, i) => view.getFloat32(4 * i, true));
}

/** Writes a number with the digits that fit beside a curve. */
export function brief(value: number): string {
  const size = Math.abs(value);
  const sign = value < 0 ? '−' : '';
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return sign + size.toExponential(1).replace('e+', 'e');
  if (size >= 1e4) return `${sign}${Number((size / 1000).toPrecision(3))}k`;
  return sign + String(Number(size.toPrecision(3)));
}
