/** The geometry of Reach, metres, world frame: x to the right, y away from the robot. */

/** Where the rod stands when an episode begins; fixed. */
export const start = { x: 0.5, y: -0.2 } as const;

/** Where it is to go. */
export const goal = { x: 0.5, y: 0.2 } as const;

/** The rod's centre must come this close to the goal. */
export const goalRadius = 0.03;

/** The way is decided where the rod first reaches this y, half-way. */
export const decisionY = 0;
