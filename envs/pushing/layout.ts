/**
 * The geometry of D3IL's Pushing (ALRhub/d3il, commit 0046bec), metres and radians, world frame: x to the right, y
 * away from the robot.
 */

/** Where the rod stands when an episode begins; fixed. */
export const rodStart = { x: 0.525, y: -0.28 } as const;

/** A block, its own target, and where it may start: x and y uniform in a range, yaw in a half turn. */
export interface PushedBlock {
  readonly name: string;
  readonly color: string;
  readonly targetColor: string;
  readonly startX: readonly [number, number];
  readonly startY: readonly [number, number];
  readonly target: { readonly x: number; readonly y: number };
}

/** Red, then green. */
export const blocks: readonly [PushedBlock, PushedBlock] = [
  {
    name: 'red',
    color: '#d1495b',
    targetColor: '#f1c3c8',
    startX: [0.4, 0.5],
    startY: [-0.15, 0],
    target: { x: 0.42, y: 0.3 },
  },
  {
    name: 'green',
    color: '#3a9d5d',
    targetColor: '#bfe0ca',
    startX: [0.55, 0.65],
    startY: [-0.15, 0],
    target: { x: 0.63, y: 0.3 },
  },
];

/** A block is in a target when their centres are this close. */
export const targetRadius = 0.05;

/** Half the side of the drawn targets. */
export const targetHalfSide = 0.05;

/** Both blocks must be in their targets for this many control steps in a row: 0.35 s. */
export const holdSteps = 10;

/** Test contexts that exist, and how many of them an evaluation uses unless told otherwise. */
export const contextCount = { all: 60, evaluation: 30 } as const;
