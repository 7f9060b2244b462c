/**
 * The geometry and timing of PushT (Chi et al., Diffusion Policy, RSS 2023; `real-stanford/diffusion_policy`), at one
 * millimetre per pixel: metres, seconds and radians.
 */

/** Side of the square world; actions and pusher stay within [0, side]². */
export const side = 0.512;

/** The walls run from one to the other, along both axes. */
export const walls = { low: 0.005, high: 0.506, radius: 0.002 } as const;

/** The round pusher. */
export const pusherRadius = 0.015;

/** The pusher accelerates by `stiffness` (command - position) - `damping` velocity: critically damped. */
export const pusher = { stiffness: 100, damping: 20 } as const;

/** The T: a bar, and a stem of the same width in its middle. */
export const unit = 0.03;
export const massKg = 1;

/** Where the block is to be: x, y, angle. */
export const goal = [0.256, 0.256, Math.PI / 4] as const;

/** Share of the goal that must be covered. */
export const neededCoverage = 0.95;

/** Duration of a control step. */
export const controlSeconds = 0.1;

/** Physics sub-steps per control step, 10 ms each. */
export const subSteps = 10;

/** Where pusher and block start, each coordinate drawn uniformly. */
export const start = { pusher: [0.05, 0.45], block: [0.1, 0.4] } as const;

/** Evaluation contexts. */
export const contextCount = 50;
