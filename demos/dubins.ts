/** A place and a heading: metres, radians. */
export interface Heading {
  readonly x: number;
  readonly y: number;
  readonly angleRad: number;
}

/** A place on a path. */
export interface PathPoint extends Heading {
  /** Positive to the left, 1/m. */
  readonly curvature: number;
}

/** An arc or a straight line: curvature in turns of the smallest radius (1 left, 0 straight, -1 right), length in radii. */
interface Segment {
  readonly turn: -1 | 0 | 1;
  readonly length: number;
}

function positive(angle: number): number {
  const turns = angle / (2 * Math.PI);
  const rest = angle - 2 * Math.PI * Math.floor(turns);
  // a full circle that is one by rounding only
  return rest > 2 * Math.PI - 1e-9 ? 0 : rest;
}

/** The words whose outer arcs turn left first, for a path from (0, 0, a) to (d, 0, b) in radii; null where there is none. */
function leftFirst(d: number, a: number, b: number): readonly (readonly Segment[] | null)[] {
  const [sa, ca, sb, cb] = [Math.sin(a), Math.cos(a), Math.sin(b), Math.cos(b)];
  const cab = Math.cos(a - b);
  const arcs = (
    t: number,
    p: number,
    q: number,
    middle: Segment['turn'],
    last: Segment['turn'],
  ): readonly Segment[] => [
    { turn: 1, length: positive(t) },
    { turn: middle, length: middle === 0 ? p : positive(p) },
    { turn: last, length: positive(q) },
  ];
  const lsl = 2 + d * d - 2 * cab + 2 * d * (sa - sb);
  const lsr = -2 + d * d + 2 * cab + 2 * d * (sa + sb);
  const lrl = (6 - d * d + 2 * cab + 2 * d * (sb - sa)) / 8;
  const toLsl = Math.atan2(cb - ca, d + sa - sb);
  const found: (readonly Segment[] | null)[] = [
    lsl < 0 ? null : arcs(toLsl - a, Math.sqrt(lsl), b - toLsl, 0, 1),
  ];
  if (lsr >= 0) {
    const p = Math.sqrt(lsr);
    const to = Math.atan2(-ca - cb, d + sa + sb) - Math.atan2(-2, p);
    found.push(arcs(to - a, p, to - b, 0, -1));
  }
  if (Math.abs(lrl) <= 1) {
    const p = 2 * Math.PI - Math.acos(lrl);
    const t = toLsl - a + p / 2;
    found.push(arcs(t, p, b - a - t + p, -1, 1));
  }
  return found;
}

/**
 * A shortest path of bounded curvature from one heading to another: arcs of the smallest radius and a straight line, or three
 * arcs (Dubins, American Journal of Mathematics 79, 1957; the closed forms of Shkel and Lumelsky, Robotics and
 * Autonomous Systems 34, 2001).
 */
export class DubinsPath {
  /** Metres. */
  readonly length: number;
  readonly #from: Heading;
  readonly #radius: number;
  readonly #segments: readonly Segment[];

  constructor(from: Heading, to: Heading, radius: number) {
    this.#from = from;
    this.#radius = radius;
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const d = Math.hypot(dx, dy) / radius;
    const along = Math.atan2(dy, dx);
    const [a, b] = [from.angleRad - along, to.angleRad - along];
    // a path that turns right first is the mirror image of one that turns left first
    const mirrored = leftFirst(d, -a, -b).map(
      (path) => path?.map(({ length, turn }) => ({ length, turn: -turn as Segment['turn'] })) ?? null,
    );
    let best: readonly Segment[] = [];
    let shortest = Infinity;
    for (const path of [...leftFirst(d, a, b), ...mirrored]) {
      const length = path?.reduce((sum, segment) => sum + segment.length, 0) ?? Infinity;
      if (path === null || length >= shortest) continue;
      best = path;
      shortest = length;
    }
    this.#segments = best;
    this.length = shortest * radius;
  }

  /** Finds the point at a distance from the start; before the start and beyond the end the path goes straight on. */
  at(distance: number): PathPoint {
    const radius = this.#radius;
    let { angleRad, x, y } = this.#from;
    let left = distance / radius;
    let curvature = 0;
    const go = (turn: number, length: number) => {
      const end = angleRad + turn * length;
      if (turn === 0) {
        x += radius * length * Math.cos(angleRad);
        y += radius * length * Math.sin(angleRad);
      } else {
        x += (radius * (Math.sin(end) - Math.sin(angleRad))) / turn;
        y -= (radius * (Math.cos(end) - Math.cos(angleRad))) / turn;
      }
      angleRad = end;
      left -= length;
    };
    for (const { length, turn } of left > 0 ? this.#segments : []) {
      curvature = turn / radius;
      const isHere = left <= length;
      go(turn, Math.min(left, length));
      if (isHere) return { x, y, angleRad, curvature };
    }
    go(0, left);
    return { x, y, angleRad, curvature: 0 };
  }
}
