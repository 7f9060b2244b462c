import { ModewiseError } from '../../errors.ts';
import type { Info } from '../env.ts';
import { isNested } from './info-batch.ts';
import { INFO_CELLS, type InfoCells } from './shared-memory.ts';

/** Kinds of values in a cell. A text is the number of one sent before; anything else travels as a message. */
const kind = { undefined: 0, number: 1, true: 2, false: 3, null: 4, text: 5, empty: 6, other: 7 } as const;

/** What a worker tells the main thread of its infos beside the cells. */
export type InfoMessage =
  | { readonly kind: 'key'; readonly path: readonly string[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly cell: number; readonly value: unknown }
  | { readonly kind: 'info'; readonly env: number; readonly info: Info };

/** Different texts that are given numbers; further ones travel as messages. */
const MOST_TEXTS = 4096;

interface KeyNode {
  id: number;
  readonly children: Map<string, KeyNode>;
}

/** Writes infos into cells, in the worker. Keys and texts are sent once, so that a steady info sends no message. */
export class InfoCellWriter {
  readonly #range: { readonly first: number; readonly count: number };
  readonly #post: (message: InfoMessage) => void;
  #cells: InfoCells;
  readonly #root: KeyNode = { id: -1, children: new Map() };
  readonly #texts = new Map<string, number>();
  #keyCount = 0;
  #env = 0;
  #used = 0;

  /**
   * @param cells - of the whole vector.
   * @param range - the environments of this worker.
   * @param post - sends a message to the main thread, in order.
   */
  constructor(
    cells: InfoCells,
    range: { readonly first: number; readonly count: number },
    post: (message: InfoMessage) => void,
  ) {
    this.#cells = cells;
    this.#range = range;
    this.#post = post;
  }

  /** Begins a call that writes into these cells. */
  begin(cells: InfoCells): void {
    const { count, first } = this.#range;
    this.#cells = cells;
    cells.counts.fill(0, first, first + count);
  }

  /** @throws ModewiseError when a value cannot be sent to another thread. */
  write(env: number, info: Info): void {
    if (countLeaves(info) > INFO_CELLS) {
      this.#send({ kind: 'info', env, info });
      this.#cells.counts[env] = -1;
      return;
    }
    this.#env = env;
    this.#used = 0;
    this.#walk(info, this.#root);
    this.#cells.counts[env] = this.#used;
  }

  #walk(info: Info, node: KeyNode): void {
    for (const key in info) {
      let child = node.children.get(key);
      if (child === undefined) {
        child = { id: -1, children: new Map() };
        node.children.set(key, child);
      }
      const value = info[key];
      if (isNested(value) && Object.keys(value).length > 0) this.#walk(value, child);
      else this.#cell(child, value);
    }
  }

  #cell(node: KeyNode, value: unknown): void {
    if (node.id < 0) {
      node.id = this.#keyCount++;
      this.#send({ kind: 'key', path: this.#pathOf(node) });
    }
    const at = this.#env * INFO_CELLS + this.#used++;
    this.#cells.keys[at] = node.id;
    this.#cells.kinds[at] = this.#kindOf(value);
    if (typeof value === 'number') this.#cells.values[at] = value;
    else if (this.#cells.kinds[at] === kind.text)
      this.#cells.values[at] = this.#texts.get(value as string) ?? 0;
    else if (this.#cells.kinds[at] === kind.other) this.#send({ kind: 'value', cell: at, value });
  }

  #kindOf(value: unknown): number {
    if (typeof value === 'number') return kind.number;
    if (typeof value === 'boolean') return value ? kind.true : kind.false;
    if (value === null) return kind.null;
    if (value === undefined) return kind.undefined;
    if (typeof value === 'string') {
      if (!this.#texts.has(value)) {
        if (this.#texts.size >= MOST_TEXTS) return kind.other;
        this.#texts.set(value, this.#texts.size);
        this.#send({ kind: 'text', text: value });
      }
      return kind.text;
    }
    return isNested(value) ? kind.empty : kind.other;
  }

  #pathOf(node: KeyNode): readonly string[] {
    const search = (from: KeyNode, path: readonly string[]): readonly string[] | null => {
      if (from === node) return path;
      for (const [key, child] of from.children) {
        const found = search(child, [...path, key]);
        if (found !== null) return found;
      }
      return null;
    };
    return search(this.#root, []) ?? [];
  }

  #send(message: InfoMessage): void {
    try {
      this.#post(message);
    } catch (error) {
      throw new ModewiseError(
        {
          what: 'A value of an info cannot be sent to another thread',
          where: `environment ${this.#env}`,
          found: String(error),
          expected: 'numbers, booleans, strings, null, arrays, typed arrays and plain objects of these',
          remedy: "leave it out of the info, or makeVector(id, { mode: 'sync' })",
        },
        { cause: error },
      );
    }
  }
}

function countLeaves(info: Info): number {
  let count = 0;
  for (const key in info) {
    const value = info[key];
    count += isNested(value) ? Math.max(1, countLeaves(value)) : 1;
  }
  return count;
}

/** One environment's info as it was last rebuilt, with the place of each cell's value in it. */
interface Rebuilt {
  readonly keys: Int32Array;
  readonly info: Record<string, unknown>;
  readonly owners: Record<string, unknown>[];
  readonly names: string[];
}

function sameKeys(before: Int32Array, keys: Int32Array, from: number, count: number): boolean {
  if (before.length !== count) return false;
  for (let i = 0; i < count; i++) {
    if (before[i] !== keys[from + i]) return false;
  }
  return true;
}

/** Rebuilds infos from cells, in the main thread; as long as an info keeps its keys, its object is used again. */
export class InfoCellReader {
  readonly #cells: readonly [InfoCells, InfoCells];
  readonly #paths: (readonly string[])[] = [];
  readonly #texts: string[] = [];
  readonly #rebuilt = new Map<number, Rebuilt>();
  /** Values of cells that came as messages, for each set of cells. */
  readonly #values = [new Map<number, unknown>(), new Map<number, unknown>()] as const;
  /** Infos that came as messages, likewise. */
  readonly #whole = [new Map<number, Info>(), new Map<number, Info>()] as const;

  constructor(cells: readonly [InfoCells, InfoCells]) {
    this.#cells = cells;
  }

  /** Begins a call that writes into one of the sets of cells. */
  begin(which: 0 | 1): void {
    this.#values[which].clear();
    this.#whole[which].clear();
  }

  /** Takes in a message of that call, in the order of sending. */
  receive(which: 0 | 1, message: InfoMessage): void {
    switch (message.kind) {
      case 'key':
        this.#paths.push(message.path);
        break;
      case 'text':
        this.#texts.push(message.text);
        break;
      case 'value':
        this.#values[which].set(message.cell, message.value);
        break;
      case 'info':
        this.#whole[which].set(message.env, message.info);
        break;
      default:
        message satisfies never;
    }
  }

  /** Returns one environment's info, valid until the next call; null where there is none. */
  read(which: 0 | 1, env: number): Info | null {
    const cells = this.#cells[which];
    const count = cells.counts[env] as number;
    if (count < 0) return this.#whole[which].get(env) ?? null;
    if (count === 0) return null;
    const from = env * INFO_CELLS;
    let rebuilt = this.#rebuilt.get(env);
    if (rebuilt === undefined || !sameKeys(rebuilt.keys, cells.keys, from, count)) {
      rebuilt = this.#rebuild(cells.keys.slice(from, from + count));
      this.#rebuilt.set(env, rebuilt);
    }
    for (let i = 0; i < count; i++) {
      const owner = rebuilt.owners[i] as Record<string, unknown>;
      owner[rebuilt.names[i] as string] = this.#value(which, from + i);
    }
    return rebuilt.info;
  }

  #rebuild(keys: Int32Array): Rebuilt {
    const rebuilt: Rebuilt = { keys, info: {}, owners: [], names: [] };
    for (const id of keys) {
      const path = this.#paths[id] as readonly string[];
      let owner = rebuilt.info;
      for (const key of path.slice(0, -1)) {
        owner[key] ??= {};
        owner = owner[key] as Record<string, unknown>;
      }
      rebuilt.owners.push(owner);
      rebuilt.names.push(path.at(-1) as string);
    }
    return rebuilt;
  }

  #value(which: 0 | 1, at: number): unknown {
    const cells = this.#cells[which];
    switch (cells.kinds[at]) {
      case kind.number:
        return cells.values[at];
      case kind.true:
        return true;
      case kind.false:
        return false;
      case kind.null:
        return null;
      case kind.text:
        return this.#texts[cells.values[at] as number];
      case kind.empty:
        return {};
      case kind.other:
        return this.#values[which].get(at);
      default:
        return undefined;
    }
  }
}
