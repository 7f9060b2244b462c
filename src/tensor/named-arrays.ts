/** The number types that a {@link StoredArray} can hold, as safetensors names them. */
export type StoredDtype = 'F32' | 'F64' | 'I32' | 'I64' | 'U8';

/** The array that holds each {@link StoredDtype}. */
export type StoredData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** Numbers with a shape, row-major. */
export interface StoredArray {
  readonly shape: readonly number[];
  readonly data: StoredData;
}

/** Arrays by name: how weights and optimizer states travel between tensors, files, workers and plain code. */
export type NamedArrays = Readonly<Record<string, StoredArray>>;

/** Returns the number of elements of a shape; 1 for the shape of a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
