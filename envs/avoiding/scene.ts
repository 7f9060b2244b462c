import type { Scene } from '../../src/physics/scene.ts';
import * as layout from './layout.ts';

const [minX, minY, maxX, maxY] = layout.table;

/** Table, finish line, obstacles and rod: the same in every episode. */
export const scene: Scene = {
  parts: [
    {
      name: 'table',
      role: 'table',
      shape: { kind: 'box', halfWidth: (maxX - minX) / 2, halfDepth: (maxY - minY) / 2 },
      height: 0,
      poseInWorld: [(minX + maxX) / 2, (minY + maxY) / 2, 0],
    },
    {
      name: 'finish line',
      role: 'finish',
      shape: { kind: 'box', halfWidth: (maxX - minX) / 2, halfDepth: 0.01 },
      height: 0,
      poseInWorld: [(minX + maxX) / 2, layout.finishY, 0],
    },
    ...layout.obstacles.map(
      ({ name, x, y, radius }) =>
        ({
          name,
          role: 'obstacle',
          shape: { kind: 'disc', radius },
          height: 0.1,
          poseInWorld: [x, y, 0],
        }) as const,
    ),
    {
      name: 'rod',
      role: 'robot',
      shape: { kind: 'disc', radius: layout.rodRadius },
      height: 0.3,
      poseInWorld: [layout.start.x, layout.start.y, 0],
      poseIndex: 0,
    },
  ],
  // where rollouts go, from before the start to behind the finish: the rest of the table need not fill the picture
  bounds: [0.2, -0.37, 0.8, 0.45],
  movingParts: 1,
};
