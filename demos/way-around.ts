/** A point in the world frame, metres. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Something to keep away from. */
export interface Keepout extends Point {
  readonly radius: number;
}

/** Corners of the polygon around each disc through which ways lead. */
const corners = 10;
/** Corners lie this much outside the disc, so that the sides of the polygon do. */
const cornerScale = 1.06;

/** Squared distance of a point from a segment. */
function squaredDistance(point: Point, from: Point, to: Point): number {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : ((point.x - from.x) * dx + (point.y - from.y) * dy) / length;
  const t = Math.min(Math.max(along, 0), 1);
  return (point.x - from.x - t * dx) ** 2 + (point.y - from.y - t * dy) ** 2;
}

/** Says whether the straight way between two points keeps out of all discs. */
export function isClear(from: Point, to: Point, keepouts: readonly Keepout[]): boolean {
  return keepouts.every((disc) => squaredDistance(disc, from, to) >= disc.radius ** 2);
}

/** Shrinks discs in which a point lies until it lies outside, so that there is a way from where one is. */
function makeRoom(keepouts: readonly Keepout[], point: Point): readonly Keepout[] {
  return keepouts.map((disc) => {
    const away = Math.hypot(disc.x - point.x, disc.y - point.y);
    return away > disc.radius ? disc : { ...disc, radius: Math.max(0, away - 0.002) };
  });
}

/**
 * Finds a shortest way around discs, as a polygon through points on their rims (Dijkstra's algorithm on a
 * visibility graph). Discs in which the start or the end lies are taken as smaller.
 *
 * @returns the points to pass, the end included and the start not; only the end when nothing is found.
 */
export function wayAround(from: Point, to: Point, discs: readonly Keepout[]): readonly Point[] {
  const keepouts = makeRoom(makeRoom(discs, from), to);
  if (isClear(from, to, keepouts)) return [to];
  const nodes: Point[] = [from, to];
  for (const { radius, x, y } of keepouts) {
    if (radius === 0) continue;
    for (let i = 0; i < corners; i++) {
      const angle = (2 * Math.PI * i) / corners;
      const corner = {
        x: x + cornerScale * radius * Math.cos(angle),
        y: y + cornerScale * radius * Math.sin(angle),
      };
      if (isClear(corner, corner, keepouts)) nodes.push(corner);
    }
  }
  const cost = nodes.map(() => Infinity);
  const previous = nodes.map(() => -1);
  const open = new Set(nodes.keys());
  cost[0] = 0;
  for (;;) {
    let current = -1;
    for (const i of open) {
      if ((cost[i] as number) < (current < 0 ? Infinity : (cost[current] as number))) current = i;
    }
    if (current < 0 || current === 1) break;
    open.delete(current);
    const here = nodes[current] as Point;
    for (const i of open) {
      const there = nodes[i] as Point;
      const total = (cost[current] as number) + Math.hypot(there.x - here.x, there.y - here.y);
      if (total >= (cost[i] as number) || !isClear(here, there, keepouts)) continue;
      cost[i] = total;
      previous[i] = current;
    }
  }
  const way: Point[] = [];
  for (let i = 1; i > 0; i = previous[i] as number) way.unshift(nodes[i] as Point);
  return way;
}
