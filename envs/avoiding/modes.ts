import { obstacles } from './layout.ts';

/** Edges in x between the ways past each row of obstacles, from the first row to the last. */
export const edges: readonly (readonly number[])[] = [[0.5], [0.425, 0.575], [0.35, 0.5, 0.65]];

const names: readonly (readonly string[])[] = [
  ['L', 'R'],
  ['left', 'middle', 'right'],
  ['1', '2', '3', '4'],
];

/** y of each row of obstacles. */
export const rowY = [-0.1, 0.08, 0.26] as const;
/** Half width in y of the bands in which rows 1 and 2 are decided. */
const band = 0.03;

/**
 * Names of the 24 modes, in mode order: side of the first obstacle, gap of the second row, gap of the third row,
 * each counted from the left, e.g. `L-middle-2`.
 */
export const modeNames: readonly string[] = (names[0] ?? []).flatMap((first) =>
  (names[1] ?? []).flatMap((second) => (names[2] ?? []).map((third) => `${first}-${second}-${third}`)),
);

/** Ways past the three rows, each counted from the left. */
export type Ways = readonly [number, number, number];

/** Splits a mode's index into its ways. */
export function waysOfMode(mode: number): Ways {
  return [Math.floor(mode / 12), Math.floor(mode / 4) % 3, mode % 4];
}

/** Joins ways into a mode's index. */
export function modeOfWays([first, second, third]: Ways): number {
  return first * 12 + second * 4 + third;
}

/** Range in x of the rod's centre in one way past a row, between the obstacles' surfaces; outer ways are open. */
export function gapBetween(row: number, way: number): { readonly low: number; readonly high: number } {
  const inRow = obstacles.filter((obstacle) => obstacle.y === rowY[row]);
  const left = inRow[way - 1];
  const right = inRow[way];
  return {
    low: left === undefined ? -Infinity : left.x + left.radius,
    high: right === undefined ? Infinity : right.x - right.radius,
  };
}

/**
 * Follows the rod and decides which way it takes past each row, by D3IL's rules: rows 1 and 2 by x when y first
 * lies within 3 cm of the row, row 3 by x when y first reaches it.
 */
export class ModeTracker {
  readonly #ways: [number | null, number | null, number | null] = [null, null, null];

  /** Takes note of the rod's measured position after a control step. */
  observe(x: number, y: number): void {
    for (let row = 0; row < 3; row++) {
      const level = rowY[row] as number;
      const decides = row === 2 ? y >= level : Math.abs(y - level) <= band;
      if (decides && this.#ways[row] === null) {
        this.#ways[row] = (edges[row] ?? []).filter((edge) => x >= edge).length;
      }
    }
  }

  /** Index of the mode, or null while a row is undecided. */
  get mode(): number | null {
    const [first, second, third] = this.#ways;
    if (first === null || second === null || third === null) return null;
    return modeOfWays([first, second, third]);
  }
}
