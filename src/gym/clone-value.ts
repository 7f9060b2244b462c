/**
 * Copies a plain value (numbers, strings, arrays, typed arrays, objects) deeply. Unlike `structuredClone` it copies
 * only what a typed array shows of its buffer, and never shares memory with another thread.
 */
export function cloneValue<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) {
    return value instanceof DataView ? value : ((value as unknown as Uint8Array).slice() as unknown as T);
  }
  if (Array.isArray(value)) return value.map(cloneValue) as unknown as T;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, cloneValue(part)])) as T;
}
