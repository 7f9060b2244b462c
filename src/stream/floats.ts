/** Bytes that one call may spread over its arguments. */
const CHUNK_BYTES = 8192;

/** Joins rows of numbers and writes them as little-endian float32 in base64. */
export function encodeFloats(rows: readonly Float32Array[]): string {
  const total = rows.reduce((sum, row) => sum + row.length, 0);
  const view = new DataView(new ArrayBuffer(4 * total));
  let offset = 0;
  for (const row of rows) {
    for (const value of row) {
      view.setFloat32(offset, value, true);
      offset += 4;
    }
  }
  return encodeBase64(new Uint8Array(view.buffer));
}

/** Reads what {@link encodeFloats} wrote; bytes beyond the last whole number are left out. */
export function decodeFloats(text: string): Float32Array {
  const bytes = decodeBase64(text);
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length >> 2 }, (_, i) => view.getFloat32(4 * i, true));
}

/** Writes bytes as base64, in Node and in a page. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
    text += String.fromCharCode(...bytes.subarray(from, from + CHUNK_BYTES));
  }
  return btoa(text);
}

/** Reads base64. @throws DOMException when it is none. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
