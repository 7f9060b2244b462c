import type { Space } from '../spaces/space.ts';
import type { ResultSets } from './lanes.ts';
import { type Allocate, createMemberBatch, type MemberBatch } from './member-batch.ts';
import { ResultSet } from './result-set.ts';

/** What main thread and worker tell each other, as indices into a worker's control words. */
export const control = {
  /** Counts commands; the worker waits for it to change. */
  sequence: 0,
  /** The present command; see {@link command}. */
  command: 1,
  /** Which of the two result sets to write. */
  which: 2,
  /** Messages that the worker has posted, ever. */
  posted: 3,
  /** 1 once the worker's thread has ended. */
  dead: 4,
  words: 5,
} as const;

/** What a worker can be told to do. */
export const command = { reset: 1, step: 2, render: 3, close: 4 } as const;

/** Leaf values of one environment's info that fit into shared memory; a larger info travels as a message. */
export const INFO_CELLS = 64;

/** The infos of N environments as cells: which key, what kind, which number. */
export interface InfoCells {
  /** Cells in use, shape [N]; -1 for an info that travels as a message. */
  readonly counts: Int32Array;
  /** Number of the key's path, shape [N, INFO_CELLS]. */
  readonly keys: Int32Array;
  /** Kind of value, shape [N, INFO_CELLS]; see `info-cells.ts`. */
  readonly kinds: Uint8Array;
  /** The number, or the number of the text, shape [N, INFO_CELLS]. */
  readonly values: Float64Array;
}

/** All memory that the main thread and the workers share, for all N environments. */
export interface SharedMemory {
  readonly sets: ResultSets;
  readonly actions: MemberBatch;
  /** One for each result set. */
  readonly cells: readonly [InfoCells, InfoCells];
  /** In the order of allocation: handed to a worker, which lays out the same memory from it. */
  readonly buffers: readonly SharedArrayBuffer[];
}

/**
 * Lays out the memory of a vector: allocates it, or takes what the main thread has allocated.
 *
 * @param spaces - of a single environment.
 * @param count - environments in all.
 * @throws UsageError when members of a space have no fixed size.
 */
export function layOut(
  spaces: { readonly observation: Space<unknown>; readonly action: Space<unknown> },
  count: number,
  given?: readonly SharedArrayBuffer[],
): SharedMemory {
  const buffers: SharedArrayBuffer[] = [];
  const allocate: Allocate = (bytes) => {
    const buffer = given?.[buffers.length] ?? new SharedArrayBuffer(bytes);
    buffers.push(buffer);
    return buffer;
  };
  const memory = { allocate, shared: true };
  const cells = (): InfoCells => ({
    counts: new Int32Array(allocate(count * 4)),
    keys: new Int32Array(allocate(count * INFO_CELLS * 4)),
    kinds: new Uint8Array(allocate(count * INFO_CELLS)),
    values: new Float64Array(allocate(count * INFO_CELLS * 8)),
  });
  return {
    sets: [
      new ResultSet(spaces.observation, count, memory),
      new ResultSet(spaces.observation, count, memory),
    ],
    actions: createMemberBatch(spaces.action, count, memory),
    cells: [cells(), cells()],
    buffers,
  };
}
