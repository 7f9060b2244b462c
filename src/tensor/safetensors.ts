import { CheckpointError } from '../errors.ts';
import { elementCount, type NamedArrays, type StoredArray, type StoredDtype } from './named-arrays.ts';

/** What a safetensors file holds. */
export interface Safetensors {
  readonly arrays: NamedArrays;
  /** The file's `__metadata__`: text by name. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** One array's entry in the header. */
interface HeaderEntry {
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** In the order in which the reference implementation lays them out: wide ones first, so that all stay aligned. */
const dataTypes = {
  I64: BigInt64Array,
  F64: Float64Array,
  F32: Float32Array,
  I32: Int32Array,
  U8: Uint8Array,
} as const;

const layoutOrder = Object.keys(dataTypes) as StoredDtype[];

/** A header above this size is refused before it is read, as the reference implementation does. */
const largestHeader = 100_000_000;

/** Names the type of an array as the format does. */
function dtypeOf(array: StoredArray): StoredDtype {
  for (const dtype of layoutOrder) {
    if (array.data instanceof dataTypes[dtype]) return dtype;
  }
  throw new TypeError(`safetensors cannot hold a ${(array.data as object).constructor.name}`);
}

/**
 * Encodes arrays in the safetensors format (huggingface/safetensors, README "Format"): the header's length as u64, the
 * header as JSON padded with spaces to 8 bytes, then the numbers, little-endian, without gaps. The same arrays
 * give the same bytes, and those that the reference implementation gives.
 *
 * @throws RangeError when an array's shape and length differ.
 */
export function encodeSafetensors(
  arrays: NamedArrays,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const dtypes = new Map(Object.entries(arrays).map(([name, array]) => [name, dtypeOf(array)]));
  const rank = (name: string): number => layoutOrder.indexOf(dtypes.get(name)!);
  const names = [...dtypes.keys()].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  // without a prototype, so that an array may have any name
  const header: Record<string, unknown> = Object.create(null);
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let end = 0;
  for (const name of names) {
    const { shape, data } = arrays[name]!;
    if (elementCount(shape) !== data.length) {
      throw new RangeError(`${name}: shape [${shape.join(', ')}] does not hold ${data.length} numbers`);
    }
    header[name] = { dtype: dtypes.get(name), shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const json = JSON.stringify(header);
  const text = new TextEncoder().encode(json);
  const headerLength = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, 8 + text.length, 8 + headerLength);
  bytes.set(text, 8);
  let start = 8 + headerLength;
  for (const name of names) {
    const { data } = arrays[name]!;
    // typed arrays have the machine's byte order, which is little-endian wherever Node or a browser runs
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
    start += data.byteLength;
  }
  return bytes;
}

/**
 * Decodes a safetensors file and checks it whole: header, types, shapes, and that the arrays fill the data without gap
 * or overlap.
 *
 * @param where - the file's name, for the message of an error.
 * @returns copies; nothing refers to `bytes`.
 * @throws CheckpointError when the file is cut short, damaged, or holds a type that is not supported.
 */
export function decodeSafetensors(bytes: Uint8Array, where: string): Safetensors {
  const damaged = (found: string): CheckpointError =>
    new CheckpointError({
      what: 'The weights file is damaged or is not a safetensors file',
      where,
      found,
      remedy: 'copy it again from its source, or train again',
    });
  if (bytes.length < 8) throw damaged(`${bytes.length} bytes, shorter than the length of a header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > largestHeader || headerLength + 8 > bytes.length) {
    throw damaged(`a header of ${headerLength} bytes in a file of ${bytes.length}`);
  }
  const header = parseHeader(bytes.subarray(8, 8 + headerLength), damaged);
  const body = bytes.subarray(8 + headerLength);
  const arrays: Record<string, StoredArray> = Object.create(null);
  const entries = header.entries.toSorted(
    // an empty array begins where the next one does
    ([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
  );
  let end = 0;
  for (const [name, { dtype, shape, data_offsets }] of entries) {
    const [first, next] = data_offsets;
    const dataType = dataTypes[dtype];
    if (first !== end || next - first !== elementCount(shape) * dataType.BYTES_PER_ELEMENT) {
      throw damaged(
        `array '${name}' of shape [${shape.join(', ')}] at bytes ${first} .. ${next}, after byte ${end}`,
      );
    }
    if (next > body.length) throw damaged(`array '${name}' ends at byte ${next} of ${body.length}`);
    arrays[name] = { shape, data: new dataType(new Uint8Array(body.subarray(first, next)).buffer) };
    end = next;
  }
  if (end !== body.length) throw damaged(`${body.length - end} bytes after the last array`);
  return { arrays, metadata: header.metadata };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Reads the header's JSON and checks the form of every entry. */
function parseHeader(
  text: Uint8Array,
  damaged: (found: string) => CheckpointError,
): { entries: [string, HeaderEntry][]; metadata: Record<string, string> } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch (cause) {
    throw damaged(`a header that is not JSON: ${(cause as Error).message}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw damaged('a header that is not a JSON object');
  }
  const { __metadata__: metadata = {}, ...entries } = parsed as Record<string, unknown>;
  if (
    typeof metadata !== 'object' ||
    metadata === null ||
    Object.values(metadata).some((value) => typeof value !== 'string')
  ) {
    throw damaged('metadata that is not text by name');
  }
  for (const [name, value] of Object.entries(entries)) {
    const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Partial<HeaderEntry>;
    if (typeof dtype !== 'string' || !Object.hasOwn(dataTypes, dtype)) {
      const supported = Object.keys(dataTypes).join(', ');
      throw damaged(`array '${name}' of type ${JSON.stringify(dtype)}; supported are ${supported}`);
    }
    if (!Array.isArray(shape) || !shape.every(isCount))
      throw damaged(`array '${name}' without a valid shape`);
    if (
      !Array.isArray(offsets) ||
      offsets.length !== 2 ||
      !offsets.every(isCount) ||
      offsets[0]! > offsets[1]!
    ) {
      throw damaged(`array '${name}' without valid data_offsets`);
    }
  }
  return {
    entries: Object.entries(entries) as [string, HeaderEntry][],
    metadata: metadata as Record<string, string>,
  };
}
