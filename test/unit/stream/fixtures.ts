import type { Scene, ScenePart } from '../../../src/physics/scene.ts';
import type { SceneFacts } from '../../../src/stream/wire.ts';

const obstacles: readonly (readonly [number, number, number])[] = [
  [0.5, -0.1, 0.03],
  [0.425, 0.08, 0.025],
  [0.575, 0.08, 0.025],
  [0.35, 0.26, 0.025],
  [0.5, 0.26, 0.025],
  [0.65, 0.26, 0.025],
];

/** The scene of obstacle avoidance: six obstacles, a finish line, and a rod that moves. */
export const avoidingScene: Scene = {
  parts: [
    {
      name: 'table',
      role: 'table',
      shape: { kind: 'box', halfWidth: 0.4, halfDepth: 0.5 },
      height: 0,
      poseInWorld: [0.5, 0.1, 0],
    },
    {
      name: 'finish',
      role: 'finish',
      shape: { kind: 'box', halfWidth: 0.4, halfDepth: 0.01 },
      height: 0,
      poseInWorld: [0.5, 0.35, 0],
    },
    ...obstacles.map(
      ([x, y, radius], i): ScenePart => ({
        name: `obstacle-${i}`,
        role: 'obstacle',
        shape: { kind: 'disc', radius },
        height: 0.1,
        poseInWorld: [x, y, 0],
      }),
    ),
    {
      name: 'rod',
      role: 'robot',
      shape: { kind: 'disc', radius: 0.01 },
      height: 0.3,
      poseInWorld: [0.525, -0.28, 0],
      poseIndex: 0,
    },
  ],
  bounds: [0.1, -0.4, 0.9, 0.6],
  movingParts: 1,
};

/** Facts of the avoiding task with a mixture of eight components. */
export const avoidingFacts: SceneFacts = {
  env: 'Avoiding-v0',
  modes: Array.from({ length: 24 }, (_, mode) => `mode ${mode}`),
  components: 8,
  dtSeconds: 0.035,
  contexts: ['start'],
};
