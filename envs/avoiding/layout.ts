/**
 * The geometry and timing of D3IL's Avoiding (ALRhub/d3il, commit 0046bec), metres and seconds, world frame: x to
 * the right, y away from the robot.
 */

/** A fixed round obstacle. */
export interface Obstacle {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

/** Three rows of obstacles, 18 cm apart: one, then two, then three. */
export const obstacles: readonly Obstacle[] = [
  { name: 'level 1', x: 0.5, y: -0.1, radius: 0.03 },
  { name: 'level 2 left', x: 0.425, y: 0.08, radius: 0.025 },
  { name: 'level 2 right', x: 0.575, y: 0.08, radius: 0.025 },
  { name: 'level 3 left', x: 0.35, y: 0.26, radius: 0.025 },
  { name: 'level 3 middle', x: 0.5, y: 0.26, radius: 0.025 },
  { name: 'level 3 right', x: 0.65, y: 0.26, radius: 0.025 },
];

/** Where the rod stands when an episode begins; fixed. */
export const start = { x: 0.525, y: -0.28 } as const;

/** The rod must get beyond this y. */
export const finishY = 0.35;

export { controlSeconds, maxDelta, responseX, responseY, rodRadius, table } from '../table/mechanics.ts';

/** Physics sub-steps per control step, 7 ms each: see README.md, section Physics. */
export const subSteps = 5;
