import type { Judge, TableState } from '../table/table-rules.ts';
import { type Sort, sorts } from './layout.ts';

/**
 * Lists the orders in which blocks of two colours can be sorted, as words of `r` and `b`, in lexicographic order with red
 * first: `rb`, `br` for one of each; 6 for two, 20 for three.
 *
 * @param perSort - blocks of each colour.
 */
export function sortingOrders(perSort: number): readonly string[] {
  const words = (reds: number, blues: number): string[] => {
    if (reds === 0) return ['b'.repeat(blues)];
    if (blues === 0) return ['r'.repeat(reds)];
    return [
      ...words(reds - 1, blues).map((rest) => `r${rest}`),
      ...words(reds, blues - 1).map((rest) => `b${rest}`),
    ];
  };
  return words(perSort, perSort);
}

/** Says whether a block's centre is in the box of its colour. */
export function isSorted({ x, y }: { readonly x: number; readonly y: number }, sort: Sort): boolean {
  return x > sort.minX && x < sort.maxX && y > sort.minY && y < sort.maxY;
}

/** Distance of a point from a colour's rectangle, metres; 0 inside. */
function distanceTo({ x, y }: { readonly x: number; readonly y: number }, sort: Sort): number {
  const dx = Math.max(sort.minX - x, 0, x - sort.maxX);
  const dy = Math.max(sort.minY - y, 0, y - sort.maxY);
  return Math.sqrt(dx * dx + dy * dy);
}

/**
 * Judges Sorting: solved when every block is in the box of its colour; the mode is the order of colours in which blocks got
 * there first. A block counts once, when it first arrives, even if it leaves and comes back; of several that arrive in
 * one control step the nearest to its box's centre comes first.
 */
export class SortingJudge implements Judge {
  readonly credit = 0;
  solved = false;
  distance = 0;
  /** Index of the order, once every block has arrived. */
  mode: number | null = null;
  readonly #sortOf: readonly number[];
  readonly #orders: readonly string[];
  readonly #arrived: boolean[];
  #order = '';

  /** @param perSort - blocks of each colour; the red ones come first in the state. */
  constructor(perSort: number) {
    this.#sortOf = Array.from({ length: 2 * perSort }, (_, i) => (i < perSort ? 0 : 1));
    this.#arrived = this.#sortOf.map(() => false);
    this.#orders = sortingOrders(perSort);
  }

  observe({ blocks }: TableState): void {
    let distance = 0;
    let sorted = 0;
    let arrivals = 0;
    for (let i = 0; i < blocks.length; i++) {
      const block = blocks[i] as TableState['blocks'][number];
      const sort = sorts[this.#sortOf[i] as 0 | 1];
      distance += distanceTo(block, sort);
      if (!isSorted(block, sort)) continue;
      sorted++;
      if (!this.#arrived[i]) arrivals++;
    }
    if (arrivals > 0) this.#note(blocks);
    this.distance = distance / blocks.length;
    this.solved = sorted === blocks.length;
  }

  /** Takes note of the blocks that have just arrived, the nearest to its box's centre first. */
  #note(blocks: TableState['blocks']): void {
    const arriving = blocks.flatMap((block, i) => {
      const sort = sorts[this.#sortOf[i] as 0 | 1];
      if (this.#arrived[i] || !isSorted(block, sort)) return [];
      this.#arrived[i] = true;
      const away = Math.hypot(block.x - sort.center.x, block.y - sort.center.y);
      return [{ letter: sort.name.charAt(0), away }];
    });
    arriving.sort((a, b) => a.away - b.away);
    for (const { letter } of arriving) this.#order += letter;
    const index = this.#orders.indexOf(this.#order);
    this.mode = index < 0 ? null : index;
  }
}
