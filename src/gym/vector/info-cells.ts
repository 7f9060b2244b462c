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
  readonly #cells: InfoCells;
  readonly #post: (message: InfoMessage) => void;
  readonly #root: KeyNode = { id: -1, children: new Map() };
  readonly #texts = new Map<string, number>();
  #keyCount = 0;
  #env = 0;
  #used = 0;

  /** @param post - sends a message to the main thread, in order. */
  constructor(cells: InfoCells, post: (message: InfoMessage) => void) {
    this.#cells = cells;
    this.#post = post;
  }

  /** Forgets the infos of the call before. */
  clear(): void {
    this.#cells.counts.fill(0);
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
          where: `environment ${this.#env} of the worker`,
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
  keys: Int32Array;
  info: Record<string, unknown>;
  owners: Record<string, unknown>[];
  names: string[];
}

/** Rebuilds infos from cells, in the main thread; as long as an info keeps its keys, its object is used again. */
export class InfoCellReader {
  readonly #cells: InfoCells;
  readonly #paths: (readonly string[])[] = [];
  readonly #texts: string[] = [];
  readonly #rebuilt: Rebuilt[];
  readonly #values = new Map<number, unknown>();
  readonly #whole = new Map<number, Info>();

  constructor(cells: InfoCells) {
    this.#cells = cells;
    this.#rebuilt = Array.from(cells.counts, () => ({
      keys: new Int32Array(0),
      info: {},
      owners: [],
      names: [],
    }));
  }

  /** Forgets the messages of the call before. */
  begin(): void {
    this.#values.clear();
    this.#whole.clear();
  }

  /** Takes in a message, in the order of sending. */
  receive(message: InfoMessage): void {
    switch (message.kind) {
      case 'key':
        this.#paths.push(message.path);
        break;
      case 'text':
        this.#texts.push(message.text);
        break;
      case 'value':
        this.#values.set(message.cell, message.value);
        break;
      case 'info':
        this.#whole.set(message.env, message.info);
        break;
      default:
        message satisfies never;
    }
  }

  /** Returns one environment's info, valid until the next call; null where there is none. */
  read(env: number): Info | null {
    const count = this.#cells.counts[env] as number;
    if (count < 0) return this.#whole.get(env) ?? null;
    if (count === 0) return null;
    const rebuilt = this.#rebuilt[env] as Rebuilt;
    if (!this.#sameKeys(env, rebuilt)) this.#rebuild(env, rebuilt);
    for (let i = 0; i < count; i++) {
      (rebuilt.owners[i] as Record<string, unknown>)[rebuilt.names[i] as string] = this.#value(
        env * INFO_CELLS + i,
      );
    }
    return rebuilt.info;
  }

  #sameKeys(env: number, { keys }: Rebuilt): boolean {
    if (keys.length !== this.#cells.counts[env]) return false;
    for (let i = 0; i < keys.length; i++) {
      if (keys[i] !== this.#cells.keys[env * INFO_CELLS + i]) return false;
    }
    return true;
  }

  #rebuild(env: number, rebuilt: Rebuilt): void {
    const from = env * INFO_CELLS;
    rebuilt.keys = this.#cells.keys.slice(from, from + (this.#cells.counts[env] as number));
    rebuilt.info = {};
    rebuilt.owners = [];
    rebuilt.names = [];
    for (const id of rebuilt.keys) {
      const path = this.#paths[id] as readonly string[];
      let owner = rebuilt.info;
      for (const key of path.slice(0, -1)) {
        owner[key] ??= {};
        owner = owner[key] as Record<string, unknown>;
      }
      rebuilt.owners.push(owner);
      rebuilt.names.push(path.at(-1) as string);
    }
  }

  #value(at: number): unknown {
    switch (this.#cells.kinds[at]) {
      case kind.number:
        return this.#cells.values[at];
      case kind.true:
        return true;
      case kind.false:
        return false;
      case kind.null:
        return null;
      case kind.text:
        return this.#texts[this.#cells.values[at] as number];
      case kind.empty:
        return {};
      case kind.other:
        return this.#values.get(at);
      default:
        return undefined;
    }
  }
}
