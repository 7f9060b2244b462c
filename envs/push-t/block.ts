import { unit } from './layout.ts';

/** A point, metres. */
export type Point = readonly [number, number];

/** Distance of the centre of mass from the outer edge of the bar: both parts weigh by their areas. */
const centre = (4 * 0.5 + 3 * 2.5) / 7;

/** A rectangle in the block's frame, whose origin is the centre of mass; the stem points to -y. */
function rectangle(halfWidth: number, top: number, bottom: number): readonly Point[] {
  const [high, low] = [(centre - top) * unit, (centre - bottom) * unit];
  const half = halfWidth * unit;
  return [
    [-half, low],
    [half, low],
    [half, high],
    [-half, high],
  ];
}

/** The two rectangles of the T, counter-clockwise, metres: bar, stem. */
export const parts: readonly (readonly Point[])[] = [rectangle(2, 0, 1), rectangle(0.5, 1, 4)];

/** Areas of bar and stem, square metres. */
export const areas = [4 * unit * unit, 3 * unit * unit] as const;

/** The outline of the T, counter-clockwise from the outer edge of the bar. */
export const outline: readonly Point[] = (() => {
  const [bar, stem] = parts as [readonly Point[], readonly Point[]];
  const [barA, barB, barC, barD] = bar as [Point, Point, Point, Point];
  const [stemA, stemB, stemC, stemD] = stem as [Point, Point, Point, Point];
  return [barC, barD, barA, stemD, stemA, stemB, stemC, barB];
})();

/** Puts a polygon where a pose [x, y, angleRad] says. */
export function place(polygon: readonly Point[], [x, y, angle]: readonly [number, number, number]): Point[] {
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  return polygon.map(([px, py]) => [x + c * px - s * py, y + s * px + c * py]);
}

/** A polygon that is written over: x and y of each corner in turn, and the number of corners. */
interface Corners {
  readonly values: Float64Array;
  count: number;
}

/** Room for a rectangle cut by four lines, each of which may add a corner. */
const mostCorners = 8;

function corners(): Corners {
  return { values: new Float64Array(2 * mostCorners), count: 0 };
}

/** Puts a polygon where a pose says, as {@link place} does. */
function placeInto(
  target: Corners,
  polygon: readonly Point[],
  pose: readonly [number, number, number],
): void {
  const c = Math.cos(pose[2]);
  const s = Math.sin(pose[2]);
  target.count = polygon.length;
  for (let i = 0; i < polygon.length; i++) {
    const [px, py] = polygon[i] as Point;
    target.values[2 * i] = pose[0] + c * px - s * py;
    target.values[2 * i + 1] = pose[1] + s * px + c * py;
  }
}

/** Area of a polygon by the shoelace formula; positive counter-clockwise. */
function area({ count, values }: Corners): number {
  let twice = 0;
  for (let i = 0; i < count; i++) {
    const j = (i + 1) % count;
    twice +=
      (values[2 * i] as number) * (values[2 * j + 1] as number) -
      (values[2 * j] as number) * (values[2 * i + 1] as number);
  }
  return twice / 2;
}

/** Keeps what of a polygon lies left of the line from a to b. */
function cut(subject: Corners, kept: Corners, line: readonly [number, number, number, number]): void {
  const [ax, ay, bx, by] = line;
  const from = subject.values;
  const to = kept.values;
  const { count } = subject;
  let at = 0;
  for (let j = 0; j < count; j++) {
    const next = (j + 1) % count;
    const fx = from[2 * j] as number;
    const fy = from[2 * j + 1] as number;
    const tx = from[2 * next] as number;
    const ty = from[2 * next + 1] as number;
    const a = (bx - ax) * (fy - ay) - (by - ay) * (fx - ax);
    const b = (bx - ax) * (ty - ay) - (by - ay) * (tx - ax);
    if (a >= 0) {
      to[at++] = fx;
      to[at++] = fy;
    }
    if (a * b < 0) {
      const t = a / (a - b);
      to[at++] = fx + t * (tx - fx);
      to[at++] = fy + t * (ty - fy);
    }
  }
  kept.count = at / 2;
}

/**
 * Measures how much of a T at the goal a T at another pose covers: exactly, by the four overlaps of their rectangles, each cut by
 * the lines of the other's sides (Sutherland and Hodgman, CACM 17, 1974). It is asked at every step and allocates nothing.
 */
export class CoverageMeter {
  /** The lines [ax, ay, bx, by] of each rectangle at the goal. */
  readonly #windows: readonly (readonly (readonly [number, number, number, number])[])[];
  #subject = corners();
  #kept = corners();

  /** @param goal - [x, y, angleRad]. */
  constructor(goal: readonly [number, number, number]) {
    this.#windows = parts.map((part) => {
      const placed = place(part, goal);
      return placed.map((from, i) => [...from, ...(placed[(i + 1) % placed.length] as Point)] as const);
    });
  }

  /** Share of the goal, 0 to 1, that a T at the pose [x, y, angleRad] covers. */
  measure(pose: readonly [number, number, number]): number {
    let covered = 0;
    for (const part of parts) {
      for (const window of this.#windows) {
        placeInto(this.#subject, part, pose);
        for (const line of window) {
          cut(this.#subject, this.#kept, line);
          [this.#subject, this.#kept] = [this.#kept, this.#subject];
        }
        covered += area(this.#subject);
      }
    }
    return covered / (areas[0] + areas[1]);
  }
}
