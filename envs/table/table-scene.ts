import type { Scene, ScenePart } from '../../src/physics/scene.ts';
import { rodRadius } from './mechanics.ts';
import type { Start, TableRules } from './table-rules.ts';

/** The table itself: as far as the command may go. */
function tableTop({ control }: TableRules): ScenePart {
  const [minX, minY, maxX, maxY] = control.workspace;
  return {
    name: 'table',
    role: 'table',
    shape: { kind: 'box', halfWidth: (maxX - minX) / 2, halfDepth: (maxY - minY) / 2 },
    height: 0,
    poseInWorld: [(minX + maxX) / 2, (minY + maxY) / 2, 0],
  };
}

/** Describes a task as it is at the start of an episode: moving parts are the rod, the blocks, then the targets. */
export function tableScene(rules: TableRules, start: Start): Scene {
  const { blocks, blockSide, bounds, marks, rodStart, targetHalfSide, targets } = rules;
  const half = blockSide / 2;
  return {
    parts: [
      tableTop(rules),
      ...marks,
      ...targets.map(
        ({ color, name }, i): ScenePart => ({
          name,
          role: 'target',
          shape: { kind: 'box', halfWidth: targetHalfSide, halfDepth: targetHalfSide },
          height: 0,
          poseInWorld: start.targets[i] ?? [0, 0, 0],
          color,
          poseIndex: 1 + blocks.length + i,
        }),
      ),
      ...blocks.map(
        ({ color, name }, i): ScenePart => ({
          name,
          role: 'object',
          shape: { kind: 'box', halfWidth: half, halfDepth: half },
          height: blockSide,
          poseInWorld: start.blocks[i] ?? [0, 0, 0],
          color,
          poseIndex: 1 + i,
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
    bounds,
    movingParts: 1 + blocks.length + targets.length,
  };
}
