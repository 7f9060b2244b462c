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

/** Area of a polygon by the shoelace formula; positive counter-clockwise. */
function area(polygon: readonly Point[]): number {
  let twice = 0;
  for (let i = 0; i < polygon.length; i++) {
    const [ax, ay] = polygon[i] as Point;
    const [bx, by] = polygon[(i + 1) % polygon.length] as Point;
    twice += ax * by - ay * bx;
  }
  return twice / 2;
}

/** Cuts a convex polygon by another, both counter-clockwise (Sutherland and Hodgman, CACM 17, 1974). */
function clip(subject: readonly Point[], window: readonly Point[]): readonly Point[] {
  let kept = subject;
  for (let i = 0; i < window.length; i++) {
    const [ax, ay] = window[i] as Point;
    const [bx, by] = window[(i + 1) % window.length] as Point;
    const left = ([px, py]: Point) => (bx - ax) * (py - ay) - (by - ay) * (px - ax);
    const next: Point[] = [];
    for (let j = 0; j < kept.length; j++) {
      const from = kept[j] as Point;
      const to = kept[(j + 1) % kept.length] as Point;
      const [a, b] = [left(from), left(to)];
      if (a >= 0) next.push(from);
      if (a * b < 0) {
        const t = a / (a - b);
        next.push([from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])]);
      }
    }
    kept = next;
  }
  return kept;
}

/** Share of a T at the goal pose that a T at another pose covers, exactly: the four overlaps of their rectangles. */
export function coverage(
  pose: readonly [number, number, number],
  goal: readonly [number, number, number],
): number {
  const wanted = parts.map((part) => place(part, goal));
  let covered = 0;
  for (const part of parts) {
    const placed = place(part, pose);
    for (const window of wanted) covered += area(clip(placed, window));
  }
  return covered / (areas[0] + areas[1]);
}
