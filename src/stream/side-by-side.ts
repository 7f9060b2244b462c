import type { Scene, ScenePart } from '../physics/scene.ts';
import { type Frame, type MutableFrame, NONE } from './frame.ts';

/** Least room between two tables, metres. */
const GAP = 0.08;
/** Room behind the tables for their names, metres. */
const NAME_ROOM = 0.1;
/** Tables lie a multiple of this apart, so that the lines of their grids fall in the same places, metres. */
const GRID = 0.1;
/** How far the slab goes on around the visible area where a task has none of its own, metres. */
const SLAB_MARGIN = 0.035;
/** Width of the free part of a usual screen over its height, and how much flatter a table looks from the robot. */
const ASPECT = 1.6;
const FORESHORTENING = 0.8;

type Bounds = readonly [minX: number, minY: number, maxX: number, maxY: number];

/** One scene with several tables. */
export interface SideBySide {
  readonly scene: Scene;
  /** Where the origin of each table's own world frame lies in it, metres; the first at [0, 0]. */
  readonly origins: readonly (readonly [number, number])[];
  /** Area that each table takes in the scene, metres. */
  readonly bounds: readonly Bounds[];
}

/**
 * Puts copies of a table beside each other: fixed parts once per table, moving parts once, as their poses say where they are.
 *
 * @param tables - P, at least 1.
 */
export function layOut(scene: Scene, tables: number): SideBySide {
  const slab = scene.parts.some(({ role }) => role === 'table') ? [] : [slabOf(scene)];
  const parts = [...slab, ...scene.parts];
  const [minX, minY, maxX, maxY] = footprint(scene.bounds, parts);
  const [width, depth] = [maxX - minX, maxY - minY];
  const columns = columnsFor(tables, width, depth);
  const pitch = (size: number) => Math.ceil((size + GAP) / GRID - 1e-9) * GRID;
  const origins = Array.from(
    { length: tables },
    (_, table) =>
      [
        (table % columns) * pitch(width),
        // rows come nearer to who watches, as lines of a text do
        0 - Math.floor(table / columns) * pitch(depth),
      ] as const,
  );
  const rows = Math.ceil(tables / columns);
  return {
    origins,
    bounds: origins.map((origin) => shifted([minX, minY, maxX, maxY], origin)),
    scene: {
      parts: origins.flatMap((origin, table) => partsAt(parts, origin, table)),
      bounds: [minX, minY - (rows - 1) * pitch(depth), maxX + (columns - 1) * pitch(width), maxY + NAME_ROOM],
      movingParts: scene.movingParts,
    },
  };
}

/**
 * Writes the frames of P policies into one, those of the first policy first, each moved to its own table.
 *
 * @param joined - takes the rollouts of all, and as many gate entries as any of them has.
 * @param origins - as {@link layOut} gives them.
 */
export function joinFrames(
  joined: MutableFrame,
  frames: readonly Frame[],
  origins: readonly (readonly [number, number])[],
): void {
  joined.timeSeconds = frames[0]?.timeSeconds ?? 0;
  joined.gateComponent.fill(NONE);
  joined.gateProbability.fill(0);
  let first = 0;
  frames.forEach((frame, table) => {
    const [x, y] = origins[table] ?? [0, 0];
    const { gateEntries, movingParts, rollouts } = frame;
    const poses = joined.poses.subarray(3 * first * movingParts, 3 * (first + rollouts) * movingParts);
    for (let at = 0; at < poses.length; at += 3) {
      poses[at] = (frame.poses[at] ?? 0) + x;
      poses[at + 1] = (frame.poses[at + 1] ?? 0) + y;
      poses[at + 2] = frame.poses[at + 2] ?? 0;
    }
    for (const column of COLUMNS) joined[column].set(frame[column], first);
    for (let rollout = 0; rollout < rollouts; rollout++) {
      const [from, to] = [rollout * gateEntries, (first + rollout) * joined.gateEntries];
      joined.gateComponent.set(frame.gateComponent.subarray(from, from + gateEntries), to);
      joined.gateProbability.set(frame.gateProbability.subarray(from, from + gateEntries), to);
    }
    first += rollouts;
  });
}

/** The columns with one number per rollout. */
const COLUMNS = [
  'episode',
  'seed',
  'step',
  'mode',
  'component',
  'preferred',
  'context',
  'status',
  'confidence',
] as const;

/** Finds in how many columns the tables are seen largest; in the fewest of those, so that rows are full. */
function columnsFor(tables: number, width: number, depth: number): number {
  const size = (columns: number) =>
    Math.max((columns * width) / ASPECT, Math.ceil(tables / columns) * depth * FORESHORTENING);
  let best = tables;
  for (let columns = tables - 1; columns >= 1; columns--) if (size(columns) <= size(best)) best = columns;
  return best;
}

function partsAt(parts: readonly ScenePart[], [x, y]: readonly [number, number], table: number): ScenePart[] {
  if (table === 0) return [...parts];
  return parts
    .filter(({ poseIndex }) => poseIndex === undefined)
    .map((part) => ({
      ...part,
      name: `${part.name} (${table + 1})`,
      poseInWorld: [part.poseInWorld[0] + x, part.poseInWorld[1] + y, part.poseInWorld[2]],
    }));
}

/** A table for a task without one, under its visible area. */
function slabOf({ bounds: [minX, minY, maxX, maxY] }: Scene): ScenePart {
  return {
    name: 'table',
    role: 'table',
    shape: {
      kind: 'box',
      halfWidth: (maxX - minX) / 2 + SLAB_MARGIN,
      halfDepth: (maxY - minY) / 2 + SLAB_MARGIN,
    },
    height: 0,
    poseInWorld: [(minX + maxX) / 2, (minY + maxY) / 2, 0],
  };
}

/** The visible area together with the tables. */
function footprint(bounds: Bounds, parts: readonly ScenePart[]): Bounds {
  let [minX, minY, maxX, maxY] = bounds;
  for (const { poseInWorld, role, shape } of parts) {
    if (role !== 'table' || shape.kind !== 'box') continue;
    const [x, y, angleRad] = poseInWorld;
    const [cos, sin] = [Math.abs(Math.cos(angleRad)), Math.abs(Math.sin(angleRad))];
    const reachX = cos * shape.halfWidth + sin * shape.halfDepth;
    const reachY = sin * shape.halfWidth + cos * shape.halfDepth;
    [minX, maxX] = [Math.min(minX, x - reachX), Math.max(maxX, x + reachX)];
    [minY, maxY] = [Math.min(minY, y - reachY), Math.max(maxY, y + reachY)];
  }
  return [minX, minY, maxX, maxY];
}

function shifted([minX, minY, maxX, maxY]: Bounds, [x, y]: readonly [number, number]): Bounds {
  return [minX + x, minY + y, maxX + x, maxY + y];
}
