import type { Scene, ScenePart } from '../physics/scene.ts';
import type { Frame } from './frame.ts';
import { ROLLOUT_STATUS } from './frame.ts';

interface Color {
  readonly r: number;
  readonly g: number;
  readonly b: number;
  readonly a: number;
}

/** Name of the frame that everything is given in. */
const FRAME_ID = 'world';
/** Painted marks get this thickness, so that the 3D panel shows them, metres. */
const MARK_HEIGHT = 0.001;

const roleColors: Readonly<Record<ScenePart['role'], Color>> = {
  robot: { r: 0.35, g: 0.4, b: 0.5, a: 1 },
  obstacle: { r: 0.76, g: 0.36, b: 0.3, a: 1 },
  object: { r: 0.85, g: 0.65, b: 0.3, a: 1 },
  target: { r: 0.35, g: 0.65, b: 0.45, a: 0.5 },
  finish: { r: 0.3, g: 0.7, b: 0.45, a: 1 },
  table: { r: 0.82, g: 0.83, b: 0.85, a: 1 },
};

const statusColors: Readonly<Record<number, Color>> = {
  [ROLLOUT_STATUS.running]: { r: 0.3, g: 0.5, b: 0.9, a: 1 },
  [ROLLOUT_STATUS.success]: { r: 0.2, g: 0.65, b: 0.4, a: 1 },
  [ROLLOUT_STATUS.failure]: { r: 0.85, g: 0.3, b: 0.25, a: 1 },
};

/** Draws the fixed parts of a scene as a `foxglove.SceneUpdate`. */
export function sceneEntities(scene: Scene, timestampNs: bigint): object {
  const fixed = scene.parts.filter((part) => part.poseIndex === undefined);
  const primitives = fixed.map((part) => primitive(part, part.poseInWorld, partColor(part)));
  return update('scene', primitives, timestampNs);
}

/** Draws the moving parts of every rollout, coloured by how the rollout stands, as a `foxglove.SceneUpdate`. */
export function rolloutEntities(scene: Scene, frame: Frame, timestampNs: bigint): object {
  const primitives: Primitive[] = [];
  for (const part of scene.parts) {
    if (part.poseIndex === undefined) continue;
    for (let rollout = 0; rollout < frame.rollouts; rollout++) {
      const at = 3 * (rollout * frame.movingParts + part.poseIndex);
      const pose = [frame.poses[at] ?? 0, frame.poses[at + 1] ?? 0, frame.poses[at + 2] ?? 0] as const;
      const status = frame.status[rollout] ?? ROLLOUT_STATUS.running;
      primitives.push(primitive(part, pose, statusColors[status] ?? partColor(part)));
    }
  }
  return update('rollouts', primitives, timestampNs);
}

interface Primitive {
  readonly list: 'cubes' | 'cylinders' | 'triangles';
  readonly value: object;
}

function primitive(part: ScenePart, pose: readonly [number, number, number], color: Color): Primitive {
  const { shape } = part;
  const height = Math.max(part.height, MARK_HEIGHT);
  const middle = poseMessage(pose, height / 2);
  switch (shape.kind) {
    case 'disc': {
      const size = { x: 2 * shape.radius, y: 2 * shape.radius, z: height };
      return { list: 'cylinders', value: { pose: middle, size, bottom_scale: 1, top_scale: 1, color } };
    }
    case 'box': {
      const size = { x: 2 * shape.halfWidth, y: 2 * shape.halfDepth, z: height };
      return { list: 'cubes', value: { pose: middle, size, color } };
    }
    case 'polygon': {
      const points = shape.points.map(([x, y]) => ({ x, y, z: 0 }));
      const indices: number[] = [];
      for (let i = 2; i < points.length; i++) indices.push(0, i - 1, i);
      return {
        list: 'triangles',
        value: { pose: poseMessage(pose, height), points, color, colors: [], indices },
      };
    }
    default:
      return shape satisfies never;
  }
}

function update(id: string, primitives: readonly Primitive[], timestampNs: bigint): object {
  const of = (list: Primitive['list']) => primitives.filter((p) => p.list === list).map((p) => p.value);
  return {
    deletions: [],
    entities: [
      {
        timestamp: timeMessage(timestampNs),
        frame_id: FRAME_ID,
        id,
        lifetime: { sec: 0, nsec: 0 },
        frame_locked: false,
        metadata: [],
        arrows: [],
        cubes: of('cubes'),
        spheres: [],
        cylinders: of('cylinders'),
        lines: [],
        triangles: of('triangles'),
        texts: [],
        models: [],
      },
    ],
  };
}

function poseMessage([x, y, angleRad]: readonly [number, number, number], z: number): object {
  return {
    position: { x, y, z },
    orientation: { x: 0, y: 0, z: Math.sin(angleRad / 2), w: Math.cos(angleRad / 2) },
  };
}

function timeMessage(timestampNs: bigint): object {
  return { sec: Number(timestampNs / 1_000_000_000n), nsec: Number(timestampNs % 1_000_000_000n) };
}

function partColor(part: ScenePart): Color {
  if (part.color === undefined) return roleColors[part.role];
  const rgb = Number.parseInt(part.color.slice(1), 16);
  return { r: (rgb >> 16) / 255, g: ((rgb >> 8) & 255) / 255, b: (rgb & 255) / 255, a: 1 };
}
