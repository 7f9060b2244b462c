import { cloneValue } from '../clone-value.ts';
import type { Info } from '../env.ts';
import type { VectorInfos } from './vector-env.ts';

/** Whether a value is an object of named values, whose parts are batched one by one. */
export function isNested(value: unknown): value is Info {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** One key's values over all environments. */
interface Column {
  /** Numbers while all are, otherwise a list; infos of their own for objects. */
  values: Float64Array | unknown[] | InfoBatch;
  readonly mask: Uint8Array;
  any: boolean;
}

/**
 * Collects the infos of N environments key by key. It is used again for every step: a key's arrays are kept, and their
 * kind only widens, from numbers to anything.
 */
export class InfoBatch {
  /** The result; see {@link VectorInfos}. */
  readonly infos: VectorInfos;
  readonly #infos: Record<string, VectorInfos[string]> = {};
  readonly #columns = new Map<string, Column>();
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
    this.infos = this.#infos;
  }

  /** Forgets all values. */
  clear(): void {
    for (const column of this.#columns.values()) {
      if (!column.any) continue;
      column.any = false;
      column.mask.fill(0);
      if (column.values instanceof InfoBatch) column.values.clear();
      else if (column.values instanceof Float64Array) column.values.fill(0);
      else column.values.fill(null);
    }
  }

  /** Takes over all values of one environment's info. */
  set(env: number, info: Info): void {
    for (const key in info) this.put(env, key, info[key]);
  }

  /** Takes over one value. */
  put(env: number, key: string, value: unknown): void {
    const column = this.#columns.get(key) ?? this.#open(key, value);
    column.any = true;
    column.mask[env] = 1;
    const { values } = column;
    if (values instanceof InfoBatch && isNested(value)) values.set(env, value);
    else if (values instanceof Float64Array && typeof value === 'number') values[env] = value;
    else this.#list(column)[env] = cloneValue(value);
  }

  #open(key: string, value: unknown): Column {
    const values = isNested(value)
      ? new InfoBatch(this.#count)
      : typeof value === 'number'
        ? new Float64Array(this.#count)
        : new Array(this.#count).fill(null);
    const column: Column = { values, mask: new Uint8Array(this.#count), any: false };
    this.#columns.set(key, column);
    return column;
  }

  /** Widens a column to a list of anything. */
  #list(column: Column): unknown[] {
    const { values, mask } = column;
    if (Array.isArray(values)) return values;
    const read = (i: number) => (values instanceof InfoBatch ? values.#read(i) : values[i]);
    const widened = Array.from(mask, (present, i) => (present === 1 ? read(i) : null));
    column.values = widened;
    return widened;
  }

  /** Puts one environment's info together again. */
  #read(env: number): Info {
    const info: Record<string, unknown> = {};
    for (const [key, { mask, values }] of this.#columns) {
      if (mask[env] === 1) info[key] = values instanceof InfoBatch ? values.#read(env) : values[env];
    }
    return info;
  }

  /** Brings `infos` up to date once all values are in. */
  finish(): VectorInfos {
    for (const [key, { any, mask, values }] of this.#columns) {
      const shown = values instanceof InfoBatch ? values.finish() : values;
      this.#infos[key] = any ? shown : undefined;
      this.#infos[`_${key}`] = any ? mask : undefined;
    }
    return this.infos;
  }
}
