import { UsageError } from '../../errors.ts';
import { arrayTypes, Box, type BoxArray, type BoxDtype } from '../spaces/box.ts';
import { Dict } from '../spaces/dict.ts';
import { Discrete } from '../spaces/discrete.ts';
import { MultiBinary } from '../spaces/multi-binary.ts';
import { MultiDiscrete } from '../spaces/multi-discrete.ts';
import type { Space } from '../spaces/space.ts';
import { Tuple } from '../spaces/tuple.ts';

/** Hands out memory for typed arrays; another thread that asks in the same order can be handed the same memory. */
export type Allocate = (bytes: number) => ArrayBufferLike;

/** Memory for N members of a space; its value is a member of the batched space. */
export interface MemberBatch {
  /** The whole batch, in the form that `batchSpace` describes. */
  readonly value: unknown;
  /** Returns member i; where it is a typed array, a view into the batch. Allocates nothing for arrays and numbers. */
  member(i: number): unknown;
  /** Copies a member to place i. */
  write(i: number, member: unknown): void;
  /** Copies a whole batch. */
  writeAll(batch: unknown): void;
}

class ArrayBatch implements MemberBatch {
  readonly value: BoxArray<BoxDtype>;
  readonly #views: readonly BoxArray<BoxDtype>[];

  constructor(
    size: number,
    count: number,
    options: { readonly dtype: BoxDtype; readonly allocate: Allocate },
  ) {
    const type = arrayTypes[options.dtype];
    const memory = options.allocate(count * size * type.BYTES_PER_ELEMENT) as ArrayBuffer;
    this.value = new type(memory, 0, count * size);
    this.#views = Array.from({ length: count }, (_, i) => this.value.subarray(i * size, (i + 1) * size));
  }

  member(i: number): BoxArray<BoxDtype> {
    return this.#views[i] as BoxArray<BoxDtype>;
  }

  write(i: number, member: unknown): void {
    const view = this.member(i);
    if (view !== member) view.set(member as BoxArray<BoxDtype>);
  }

  writeAll(batch: unknown): void {
    this.value.set(batch as BoxArray<BoxDtype>);
  }
}

class NumberBatch implements MemberBatch {
  readonly value: Int32Array;

  constructor(count: number, allocate: Allocate) {
    this.value = new Int32Array(allocate(count * 4), 0, count);
  }

  member(i: number): number {
    return this.value[i] as number;
  }

  write(i: number, member: unknown): void {
    this.value[i] = member as number;
  }

  writeAll(batch: unknown): void {
    this.value.set(batch as Int32Array);
  }
}

/** Subspaces side by side, by key; a Tuple's keys are its indices. */
class CompoundBatch implements MemberBatch {
  readonly value: unknown;
  readonly #parts: readonly (readonly [string, MemberBatch])[];
  readonly #isList: boolean;

  constructor(parts: readonly (readonly [string, MemberBatch])[], isList: boolean) {
    this.#parts = parts;
    this.#isList = isList;
    this.value = this.#collect((part) => part.value);
  }

  #collect(read: (part: MemberBatch) => unknown): unknown {
    const entries = this.#parts.map(([key, part]) => [key, read(part)] as const);
    return this.#isList ? entries.map(([, value]) => value) : Object.fromEntries(entries);
  }

  member(i: number): unknown {
    return this.#collect((part) => part.member(i));
  }

  write(i: number, member: unknown): void {
    for (const [key, part] of this.#parts) part.write(i, (member as Record<string, unknown>)[key]);
  }

  writeAll(batch: unknown): void {
    for (const [key, part] of this.#parts) part.writeAll((batch as Record<string, unknown>)[key]);
  }
}

/** Members that have no fixed size, held by reference. */
class ReferenceBatch implements MemberBatch {
  readonly value: unknown[];

  constructor(count: number) {
    this.value = new Array(count).fill(null);
  }

  member(i: number): unknown {
    return this.value[i];
  }

  write(i: number, member: unknown): void {
    this.value[i] = member;
  }

  writeAll(batch: unknown): void {
    for (const [i, member] of (batch as readonly unknown[]).entries()) this.value[i] = member;
  }
}

/** What memory a batch is made of. */
export interface MemberBatchOptions {
  readonly allocate: Allocate;
  /** Whether other threads use the memory too. */
  readonly shared: boolean;
}

/**
 * Allocates a batch of members.
 *
 * @throws UsageError when the memory is shared and the members have no fixed size.
 */
export function createMemberBatch(
  space: Space<unknown>,
  count: number,
  options: MemberBatchOptions,
): MemberBatch {
  const { allocate, shared } = options;
  if (space instanceof Box) {
    const { dtype, size } = space as Box<BoxDtype>;
    return new ArrayBatch(size, count, { dtype, allocate });
  }
  if (space instanceof MultiBinary) return new ArrayBatch(space.size, count, { dtype: 'uint8', allocate });
  if (space instanceof MultiDiscrete) return new ArrayBatch(space.size, count, { dtype: 'int32', allocate });
  if (space instanceof Discrete) return new NumberBatch(count, allocate);
  if (space instanceof Dict || space instanceof Tuple) {
    const parts = Object.entries(space.spaces as Readonly<Record<string, Space<unknown>>>);
    const batches = parts.map(([key, part]) => [key, createMemberBatch(part, count, options)] as const);
    return new CompoundBatch(batches, space instanceof Tuple);
  }
  if (!shared) return new ReferenceBatch(count);
  throw new UsageError({
    what: 'Members of this space cannot be held in shared memory',
    found: space.constructor.name,
    expected: 'Box, Discrete, MultiBinary, MultiDiscrete, or a Dict or Tuple of these',
    remedy: "makeVector(id, { mode: 'sync' })",
  });
}
