import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CheckpointError } from '../../../src/errors.ts';
import type { NamedArrays } from '../../../src/tensor/named-arrays.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/tensor/safetensors.ts';

const arrays: NamedArrays = {
  w: { shape: [2, 3], data: Float32Array.of(0, 0.25, 0.5, 0.75, 1, 1.25) },
  n: { shape: [2], data: Int32Array.of(-1, 2) },
  d: { shape: [1], data: Float64Array.of(0.1) },
  u: { shape: [2], data: Uint8Array.of(7, 255) },
  scalar: { shape: [], data: BigInt64Array.of(5n) },
  empty: { shape: [0, 3], data: new Float32Array(0) },
};

/** What `safetensors.numpy.save` of the Python package safetensors 0.6 writes for the same arrays. */
const reference = Buffer.from(
  'eAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJraW5kIjoibWxwIn0sInNjYWxhciI6eyJkdHlwZSI6Ikk2NCIsInNoYXBlIjpbXSwiZGF0YV9vZmZz' +
    'ZXRzIjpbMCw4XX0sImQiOnsiZHR5cGUiOiJGNjQiLCJzaGFwZSI6WzFdLCJkYXRhX29mZnNldHMiOls4LDE2XX0sImVtcHR5Ijp7ImR0eXBlIjoi' +
    'RjMyIiwic2hhcGUiOlswLDNdLCJkYXRhX29mZnNldHMiOlsxNiwxNl19LCJ3Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyLDNdLCJkYXRhX29m' +
    'ZnNldHMiOlsxNiw0MF19LCJuIjp7ImR0eXBlIjoiSTMyIiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbNDAsNDhdfSwidSI6eyJkdHlwZSI6' +
    'IlU4Iiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbNDgsNTBdfX0gICAgICAgBQAAAAAAAACamZmZmZm5PwAAAAAAAIA+AAAAPwAAQD8AAIA/' +
    'AACgP/////8CAAAAB/8=',
  'base64',
);

/** Builds a file from a header that may be wrong. */
function file(header: unknown, body = new Uint8Array(0)): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(body, 8 + text.length);
  return bytes;
}

describe('safetensors', () => {
  it('writes the bytes of the reference implementation, and reads them', () => {
    expect(Buffer.from(encodeSafetensors(arrays, { kind: 'mlp' })).equals(reference)).toBe(true);
    const decoded = decodeSafetensors(reference, 'reference');
    expect({ ...decoded.arrays }).toEqual(arrays);
    expect(decoded.metadata).toEqual({ kind: 'mlp' });
  });

  it('returns what was put in, whatever it was', () => {
    const array = fc.oneof(
      fc.float32Array().map((data) => ({ shape: [data.length], data })),
      fc.float64Array().map((data) => ({ shape: [1, data.length], data })),
      fc.int32Array().map((data) => ({ shape: [data.length, 1], data })),
      fc.bigInt64Array().map((data) => ({ shape: [data.length], data })),
      fc.uint8Array().map((data) => ({ shape: [data.length], data })),
    );
    const name = fc.string().filter((text) => text !== '__metadata__');
    fc.assert(
      fc.property(fc.dictionary(name, array), fc.dictionary(fc.string(), fc.string()), (input, metadata) => {
        const decoded = decodeSafetensors(encodeSafetensors(input, metadata), 'memory');
        expect({ ...decoded.arrays }).toEqual({ ...input });
        expect({ ...decoded.metadata }).toEqual({ ...metadata });
      }),
    );
  });

  it('reads a file that starts at any byte of a larger buffer', () => {
    const shifted = new Uint8Array(reference.length + 3);
    shifted.set(reference, 3);
    expect({ ...decodeSafetensors(shifted.subarray(3), 'shifted').arrays }).toEqual(arrays);
  });

  it('refuses a file cut short at any byte, and one with bytes too many', () => {
    for (let length = 0; length < reference.length; length++) {
      expect(() => decodeSafetensors(reference.subarray(0, length), 'cut'), `${length} bytes`).toThrow(
        CheckpointError,
      );
    }
    expect(() => decodeSafetensors(Buffer.concat([reference, Buffer.of(0)]), 'long')).toThrow(
      /1 bytes after/,
    );
  });

  it('says what is wrong with a header, and where', () => {
    const entry = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
    const body = new Uint8Array(4);
    const cases: [unknown, RegExp][] = [
      ['not json', /not JSON/],
      [[], /not a JSON object/],
      [{ a: { ...entry, dtype: 'BF16' } }, /'a' of type "BF16"; supported are/],
      [{ a: { ...entry, dtype: 'toString' } }, /of type "toString"/],
      [{ a: null }, /'a' of type undefined/],
      [{ a: { ...entry, shape: [-1] } }, /valid shape/],
      [{ a: { ...entry, shape: [2] } }, /shape \[2\]/],
      [{ a: { ...entry, data_offsets: [4, 0] } }, /valid data_offsets/],
      [{ a: { ...entry, data_offsets: [4, 8] } }, /after byte 0/],
      [{ a: entry, b: entry }, /after byte 4/],
      [{ a: { ...entry, shape: [2], data_offsets: [0, 8] } }, /ends at byte 8 of 4/],
      [{ a: entry, __metadata__: { n: 1 } }, /metadata/],
    ];
    for (const [header, message] of cases) {
      expect(() => decodeSafetensors(file(header, body), 'model.safetensors')).toThrow(message);
      expect(() => decodeSafetensors(file(header, body), 'model.safetensors')).toThrow(
        /where: model\.safetensors/,
      );
    }
  });

  it('refuses a header length beyond the file without reading it', () => {
    const bytes = new Uint8Array(16).fill(0xff);
    expect(() => decodeSafetensors(bytes, 'huge')).toThrow(CheckpointError);
  });

  it('refuses to write an array whose shape does not hold its numbers', () => {
    expect(() => encodeSafetensors({ a: { shape: [3], data: new Float32Array(2) } })).toThrow(RangeError);
  });
});
