import { areas, outline, parts } from '../envs/push-t/block.ts';
import { massKg, pusherRadius, side } from '../envs/push-t/layout.ts';
import { wrapAngle } from '../src/physics/wrap-angle.ts';

/** x, y, angle: metres, radians. */
export type BlockPose = readonly [number, number, number];

/** A straight push: the pusher's centre goes from one place to another. */
export interface Push {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
}

/** A place on the outline, in the block's frame. */
interface Contact {
  readonly x: number;
  readonly y: number;
  /** Outward normal. */
  readonly nx: number;
  readonly ny: number;
  /** Where the place lies on its edge: both are positive while the pusher touches it. */
  readonly toStart: number;
  readonly toEnd: number;
}

/** A push and where it leaves the block. */
interface Candidate {
  readonly push: Push;
  readonly pose: BlockPose;
  readonly cost: number;
  readonly first: Push;
  readonly length: number;
}

/** Distance between the places on an edge at which pushes begin, metres. */
const spacing = 0.01;
/** Ways in which a push goes, from the normal, radians. */
const slants = [-0.35, 0, 0.35] as const;
/** A push is looked at in steps of this length, metres; every one can be its end. */
const stepLength = 0.0015;
const longest = 0.2;
/** Before a push the pusher stands this far from the block, metres. */
export const clearance = 0.014;
/** and at least so far from its other part, in a corner of the T, metres. */
const cornerClearance = 0.007;
/** Poses of the block that are followed up, per push ahead. */
const beam = 12;
const depth = 3;
/** What a push costs beside where it leads: pushes that achieve nothing are left out, metres. */
const perPush = 0.004;

/** Moment of inertia of the T about its centre of mass, kg m². */
const inertia = parts.reduce((sum, part, i) => {
  const [a = [0, 0], , c = [0, 0]] = part;
  const [w, h] = [c[0] - a[0], c[1] - a[1]];
  const [x, y] = [(a[0] + c[0]) / 2, (a[1] + c[1]) / 2];
  const mass = (massKg * (areas[i as 0 | 1] as number)) / (areas[0] + areas[1]);
  return sum + mass * ((w * w + h * h) / 12 + x * x + y * y);
}, 0);
/** Radius of gyration, squared: what a radian is worth in metres. */
const gyration = inertia / massKg;

const contacts: readonly Contact[] = outline.flatMap((start, i) => {
  const end = outline[(i + 1) % outline.length] ?? start;
  const length = Math.hypot(end[0] - start[0], end[1] - start[1]);
  const [ux, uy] = [(end[0] - start[0]) / length, (end[1] - start[1]) / length];
  const count = Math.max(1, Math.floor((length - 0.004) / spacing));
  return Array.from({ length: count }, (_, j) => {
    const along = 0.002 + ((j + 0.5) * (length - 0.004)) / count;
    const [x, y] = [start[0] + along * ux, start[1] + along * uy];
    return { x, y, nx: uy, ny: -ux, toStart: along, toEnd: length - along };
  });
});

/** Distance between two poses: root mean square of the ways of the block's points, metres. */
export function poseDistance(a: BlockPose, b: BlockPose): number {
  return Math.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + gyration * wrapAngle(a[2] - b[2]) ** 2);
}

/** Distance from a point in the block's frame to the block; 0 within. */
function distanceToBlock(x: number, y: number): number {
  let least = Infinity;
  for (const part of parts) {
    const [a = [0, 0], , c = [0, 0]] = part;
    const dx = Math.max(a[0] - x, x - c[0], 0);
    const dy = Math.max(a[1] - y, y - c[1], 0);
    least = Math.min(least, Math.sqrt(dx * dx + dy * dy));
  }
  return least;
}

/** Distance from a point in the world to the block at a pose. */
export function clearOf(point: readonly [number, number], [x, y, angle]: BlockPose): number {
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  const dx = point[0] - x;
  const dy = point[1] - y;
  return distanceToBlock(c * dx + s * dy, c * dy - s * dx);
}

/**
 * Follows a push without friction of a block without momentum: at every step the block gives way by the least motion, in
 * the metric of its inertia, that takes it out of the pusher.
 *
 * @param visit - told pose and place of the pusher after every step; false ends the push.
 */
function follow(
  contact: Contact,
  pose: BlockPose,
  slant: number,
  visit: (pose: BlockPose, x: number, y: number) => boolean,
): void {
  let [x, y, angle] = pose;
  let c = Math.cos(angle);
  let s = Math.sin(angle);
  const [nx0, ny0] = [c * contact.nx - s * contact.ny, s * contact.nx + c * contact.ny];
  const [dx, dy] = [
    -(Math.cos(slant) * nx0 - Math.sin(slant) * ny0),
    -(Math.sin(slant) * nx0 + Math.cos(slant) * ny0),
  ];
  let px = x + c * contact.x - s * contact.y + pusherRadius * nx0;
  let py = y + s * contact.x + c * contact.y + pusherRadius * ny0;
  for (let length = 0; length < longest; length += stepLength) {
    px += stepLength * dx;
    py += stepLength * dy;
    const nx = c * contact.nx - s * contact.ny;
    const ny = s * contact.nx + c * contact.ny;
    const depthIn =
      pusherRadius - ((px - x) * nx + (py - y) * ny - (contact.x * contact.nx + contact.y * contact.ny));
    if (depthIn > 0) {
      const qx = px - pusherRadius * nx - x;
      const qy = py - pusherRadius * ny - y;
      const arm = qx * ny - qy * nx;
      const give = depthIn / (1 + (arm * arm) / gyration);
      x -= give * nx;
      y -= give * ny;
      angle -= (give * arm) / gyration;
      c = Math.cos(angle);
      s = Math.sin(angle);
    }
    // where the pusher is along the edge
    const bx = c * (px - x) + s * (py - y) - contact.x;
    const by = c * (py - y) - s * (px - x) - contact.y;
    const along = -contact.ny * bx + contact.nx * by;
    if (along < -contact.toStart || along > contact.toEnd) return;
    if (!visit([x, y, angle], px, py)) return;
  }
}

function inside(x: number, y: number, margin: number): boolean {
  return x > margin && x < side - margin && y > margin && y < side - margin;
}

/** Says whether the whole block is within the walls. */
function isOnTable([x, y, angle]: BlockPose): boolean {
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  return outline.every(([px, py]) => inside(x + c * px - s * py, y + s * px + c * py, 0.012));
}

/** Lists the best end of every push of a block. @param mode - 0 begins left of the stem only, 1 right, null anywhere. */
function expand(
  pose: BlockPose,
  goal: BlockPose,
  mode: number | null,
  before: Candidate | null,
): Candidate[] {
  const found: Candidate[] = [];
  const c = Math.cos(pose[2]);
  const s = Math.sin(pose[2]);
  for (const contact of contacts) {
    const standX = contact.x + (pusherRadius + clearance) * contact.nx;
    const standY = contact.y + (pusherRadius + clearance) * contact.ny;
    if (distanceToBlock(standX, standY) < pusherRadius + cornerClearance) continue;
    if (mode !== null && (mode === 0 ? standX > -0.012 : standX < 0.012)) continue;
    const from = [pose[0] + c * standX - s * standY, pose[1] + s * standX + c * standY] as const;
    if (!inside(from[0], from[1], 0.002)) continue;
    for (const slant of slants) {
      let best: { pose: BlockPose; to: readonly [number, number]; cost: number } | null = null;
      follow(contact, pose, slant, (now, x, y) => {
        const cost = poseDistance(now, goal);
        if (best === null || cost < best.cost) best = { pose: now, to: [x, y], cost };
        return cost < best.cost + 0.06 && inside(x, y, 0.002);
      });
      if (best === null) continue;
      const {
        cost,
        pose: end,
        to,
      } = best as { pose: BlockPose; to: readonly [number, number]; cost: number };
      if (!isOnTable(end) && isOnTable(pose)) continue;
      const push = { from, to };
      const length = (before?.length ?? 0) + 1;
      found.push({ push, pose: end, cost: cost + perPush * length, first: before?.first ?? push, length });
    }
  }
  return found;
}

/**
 * Plans up to three pushes ahead by beam search on the model of {@link follow}.
 *
 * @returns the first push of the best plan; null when no push is possible.
 */
export function planPush(pose: BlockPose, goal: BlockPose, mode: number | null): Push | null {
  let level = expand(pose, goal, mode, null).sort((a, b) => a.cost - b.cost);
  let best = level[0];
  for (let d = 1; d < depth && best !== undefined; d++) {
    level = level
      .slice(0, beam)
      .flatMap((candidate) => expand(candidate.pose, goal, null, candidate))
      .sort((a, b) => a.cost - b.cost);
    const [next] = level;
    if (next !== undefined && next.cost < best.cost) best = next;
  }
  return best?.first ?? null;
}
