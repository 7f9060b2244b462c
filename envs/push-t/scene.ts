import type { Scene } from '../../src/physics/scene.ts';
import { outline } from './block.ts';
import { goal, pusherRadius, side, unit } from './layout.ts';
import type { PushTStart } from './start.ts';

/** Describes walls, mark, block and pusher at the start of an episode. */
export function pushTScene({ block, pusher }: PushTStart): Scene {
  const middle = side / 2;
  return {
    parts: [
      {
        name: 'table',
        role: 'table',
        shape: { kind: 'box', halfWidth: middle, halfDepth: middle },
        height: 0,
        poseInWorld: [middle, middle, 0],
      },
      {
        name: 'goal',
        role: 'target',
        shape: { kind: 'polygon', points: outline },
        height: 0,
        poseInWorld: goal,
        color: '#8fc9a0',
      },
      {
        name: 'block',
        role: 'object',
        shape: { kind: 'polygon', points: outline },
        height: unit,
        poseInWorld: block,
        color: '#6c7a89',
        poseIndex: 1,
      },
      {
        name: 'pusher',
        role: 'robot',
        shape: { kind: 'disc', radius: pusherRadius },
        height: 0.06,
        poseInWorld: [...pusher, 0],
        poseIndex: 0,
      },
    ],
    bounds: [0, 0, side, side],
    movingParts: 2,
  };
}
