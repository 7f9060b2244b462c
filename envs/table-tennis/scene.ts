import type { Scene, ScenePart } from '../../src/physics/scene.ts';
import { linkPoses } from './kinematics.ts';
import {
  ball,
  halfThickness,
  linkLengths,
  restAngles,
  shoulder,
  tableHalf,
  targets,
  targetY,
} from './layout.ts';
import type { Serve } from './serve.ts';

/** Names of the links, from the shoulder on. */
export const linkNames = ['upper arm', 'forearm', 'paddle'] as const;

const fixedParts: readonly ScenePart[] = [
  {
    name: 'table',
    role: 'table',
    shape: { kind: 'box', halfWidth: tableHalf.width, halfDepth: tableHalf.length },
    height: 0,
    poseInWorld: [0, 0, 0],
  },
  {
    name: 'net',
    role: 'finish',
    shape: { kind: 'box', halfWidth: tableHalf.width, halfDepth: 0.005 },
    height: 0,
    poseInWorld: [0, 0, 0],
  },
  ...targets.map(
    ({ high, low, name }): ScenePart => ({
      name: `${name} target`,
      role: 'target',
      shape: { kind: 'box', halfWidth: (high - low) / 2, halfDepth: (tableHalf.length - targetY) / 2 },
      height: 0,
      poseInWorld: [(low + high) / 2, (targetY + tableHalf.length) / 2, 0],
    }),
  ),
  {
    name: 'shoulder',
    role: 'robot',
    shape: { kind: 'disc', radius: 0.05 },
    height: 0.15,
    poseInWorld: [shoulder.x, shoulder.y, 0],
  },
];

/** Describes table, targets, arm and ball at the start of an episode. */
export function tableTennisScene([x, y]: Serve): Scene {
  const poses = linkPoses(restAngles);
  return {
    parts: [
      ...fixedParts,
      ...linkNames.map(
        (name, i): ScenePart => ({
          name,
          role: 'robot',
          shape: {
            kind: 'box',
            halfWidth: linkLengths[i as 0 | 1 | 2] / 2,
            halfDepth: name === 'paddle' ? halfThickness.paddle : halfThickness.arm,
          },
          height: name === 'paddle' ? 0.15 : 0.1,
          poseInWorld: poses[i] ?? [0, 0, 0],
          poseIndex: i,
        }),
      ),
      {
        name: 'ball',
        role: 'object',
        shape: { kind: 'disc', radius: ball.radius },
        height: 0.04,
        poseInWorld: [x, y, 0],
        color: '#f4a259',
        poseIndex: 3,
      },
    ],
    bounds: [-0.9, -1.75, 0.9, 1.45],
    movingParts: 4,
  };
}
