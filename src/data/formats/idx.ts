import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { DatasetError } from '../../errors.ts';

/** An array of unsigned bytes read from an IDX file, the format of MNIST and its relatives. */
export interface IdxArray {
  /** Row-major content. */
  readonly data: Uint8Array;
  /** Sizes of the dimensions, first one slowest. */
  readonly shape: readonly number[];
  /** Of the whole uncompressed file, hexadecimal. */
  readonly sha256: string;
}

const UNSIGNED_BYTES = 0x08;

/**
 * Parses an IDX file of unsigned bytes: two zero bytes, the type 0x08, the number of dimensions, their sizes as
 * big-endian 32-bit numbers, then the data.
 *
 * @param bytes - the file, compressed by gzip or not.
 * @param where - its name, for messages.
 * @throws DatasetError when the file is damaged, is not IDX, holds another type, or has more or fewer bytes than it says.
 */
export function parseIdx(bytes: Uint8Array, where: string): IdxArray {
  const whole = bytes[0] === 0x1f && bytes[1] === 0x8b ? decompress(bytes, where) : bytes;
  const type = whole[2];
  const dimensions = whole[3] ?? 0;
  if (whole.length < 4 || whole[0] !== 0 || whole[1] !== 0 || dimensions === 0) {
    throw new DatasetError({
      what: 'This is no IDX file',
      where,
      found: `first bytes ${[...whole.subarray(0, 4)].join(' ') || '(empty)'}`,
      expected: '0 0, a type, and a number of dimensions from 1',
    });
  }
  if (type !== UNSIGNED_BYTES) {
    throw new DatasetError({
      what: 'The IDX file holds another type than unsigned bytes',
      where,
      found: `type 0x${(type ?? 0).toString(16).padStart(2, '0')}`,
      expected: '0x08',
    });
  }
  const header = 4 + 4 * dimensions;
  const view = new DataView(whole.buffer, whole.byteOffset, whole.byteLength);
  const shape: number[] = [];
  for (let at = 4; at < header && at + 4 <= whole.length; at += 4) shape.push(view.getUint32(at));
  const expected = header + shape.reduce((product, size) => product * size, 1);
  if (shape.length < dimensions || whole.length !== expected) {
    throw new DatasetError({
      what:
        whole.length < expected || shape.length < dimensions
          ? 'The IDX file is cut off'
          : 'The IDX file has bytes left over',
      where,
      found: `${whole.length} bytes`,
      expected: `${expected} bytes for shape ${shape.join(' × ')}`,
    });
  }
  const sha256 = createHash('sha256').update(whole).digest('hex');
  return { data: whole.subarray(header), shape, sha256 };
}

function decompress(bytes: Uint8Array, where: string): Uint8Array {
  try {
    return gunzipSync(bytes);
  } catch (cause) {
    throw new DatasetError(
      { what: 'The compressed file is damaged', where, found: String((cause as Error).message) },
      { cause },
    );
  }
}

/**
 * Reads an IDX file, compressed by gzip or not.
 *
 * @throws DatasetError as {@link parseIdx} does.
 */
export function readIdx(path: string): IdxArray {
  return parseIdx(readFileSync(path), path);
}
