import type { Scene, ScenePart } from '../../src/physics/scene.ts';
import { rodRadius, table } from '../table/mechanics.ts';
import type { Pose, Start } from '../table/table-rules.ts';
import type { PlanarPose } from './alignment.ts';
import { box, rodStart, wallShape } from './layout.ts';

/** The four walls in the frame of the box: right, left, far, near. */
export const wallPoses: readonly Pose[] = [
  [box.wallDistance, 0, 0],
  [-box.wallDistance, 0, 0],
  [0, box.wallDistance, Math.PI / 2],
  [0, -box.wallDistance, Math.PI / 2],
];

/** One wall differs from the others, as a box that lies a quarter turn off does from an aligned one. */
const markedColor = '#d1495b';

/** Half the side of the box, walls included. */
const halfSide = box.wallDistance + box.wallHalfThickness;

/**
 * The moving parts in the order of their poses: rod, target, box, the four walls, and the side of the target that the first
 * wall belongs on.
 */
export const movingParts = 8;

/** Writes the pose of a wall, x, y, angleRad, at an index of `target`; the box stands at a pose in the world. */
export function placeWall(
  [wallX, wallY, turn]: Pose,
  { angleRad, x, y }: PlanarPose,
  target: Float32Array | number[],
  at: number,
): void {
  const cos = Math.cos(angleRad);
  const sin = Math.sin(angleRad);
  target[at] = x + cos * wallX - sin * wallY;
  target[at + 1] = y + sin * wallX + cos * wallY;
  target[at + 2] = angleRad + turn;
}

function placed(wall: Pose, [x, y, angleRad]: Pose): Pose {
  const pose: [number, number, number] = [0, 0, 0];
  placeWall(wall, { x, y, angleRad }, pose, 0);
  return pose;
}

/** Describes the task at the start of an episode. */
export function aligningScene({ blocks, targets }: Start): Scene {
  const [pose = [0, 0, 0], target = [0, 0, 0]] = [blocks[0], targets[0]];
  const [minX, minY, maxX, maxY] = table;
  const [marked = [0, 0, 0]] = wallPoses;
  return {
    parts: [
      {
        name: 'table',
        role: 'table',
        shape: { kind: 'box', halfWidth: (maxX - minX) / 2, halfDepth: (maxY - minY) / 2 },
        height: 0,
        poseInWorld: [(minX + maxX) / 2, (minY + maxY) / 2, 0],
      },
      {
        name: 'target',
        role: 'target',
        shape: { kind: 'box', halfWidth: halfSide, halfDepth: halfSide },
        height: 0,
        poseInWorld: target,
        color: '#bfe0ca',
        poseIndex: 1,
      },
      {
        name: 'target side',
        role: 'target',
        shape: wallShape,
        height: 0,
        poseInWorld: placed(marked, target),
        color: markedColor,
        poseIndex: 7,
      },
      {
        name: 'box',
        role: 'object',
        shape: { kind: 'box', halfWidth: box.floorHalfSide, halfDepth: box.floorHalfSide },
        height: 0.02,
        poseInWorld: pose,
        color: '#e8d3a8',
        poseIndex: 2,
      },
      ...wallPoses.map(
        (wall, i): ScenePart => ({
          name: `wall ${i + 1}`,
          role: 'object',
          shape: wallShape,
          height: box.wallHeight,
          poseInWorld: placed(wall, pose),
          color: i === 0 ? markedColor : '#b98b3e',
          poseIndex: 3 + i,
        }),
      ),
      {
        name: 'rod',
        role: 'robot',
        shape: { kind: 'disc', radius: rodRadius },
        height: 0.3,
        poseInWorld: [rodStart.x, rodStart.y, 0],
        poseIndex: 0,
      },
    ],
    bounds: [0.2, -0.4, 0.8, 0.47],
    movingParts,
  };
}
