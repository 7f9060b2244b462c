/** Joins rows of numbers and writes them as little-endian float32 in base64. */
export function encodeFloats(rows: readonly Float32Array[]): string {
  const total = rows.reduce((sum, row) => sum + row.length, 0);
  const bytes = Buffer.alloc(4 * total);
  let offset = 0;
  for (const row of rows) for (const value of row) offset = bytes.writeFloatLE(value, offset);
  return bytes.toString('base64');
}

/** Reads what {@link encodeFloats} wrote; bytes beyond the last whole number are left out. */
export function decodeFloats(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  return Float32Array.from({ length: bytes.length >> 2 }, (_, i) => bytes.readFloatLE(4 * i));
}
