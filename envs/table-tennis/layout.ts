/**
 * The geometry and timing of TableTennis, metres, seconds and radians, world frame seen from above: x to the right, y
 * away from the robot, the net on y = 0. The table is as long and wide as a real one.
 */

/** Half the table's width and length. */
export const tableHalf = { width: 0.7625, length: 1.37 } as const;

/** The axis of the shoulder. */
export const shoulder = { x: 0, y: -1.6 } as const;

/** Lengths of upper arm, forearm and paddle. */
export const linkLengths = [0.45, 0.45, 0.3] as const;

/** Masses of upper arm, forearm and paddle, kilograms. */
export const linkMassesKg = [2, 1.5, 0.5] as const;

/** Half the thickness of the paddle, and of the drawn arm. */
export const halfThickness = { paddle: 0.01, arm: 0.03 } as const;

/** Angles of the joints at the start: shoulder against straight ahead, elbow, wrist; the paddle points ahead. */
export const restAngles = [0.8, -1.6, 0.8] as const;

/** How far each joint turns either way. */
export const jointLimits = [2, 2.6, 2.8] as const;

/** How the motor of a joint follows its command. */
export const motor = { naturalFrequency: 40, dampingRatio: 1 } as const;

/** Largest change of a commanded angle per control step: 8 rad/s. */
export const maxDelta = 0.16;

/** Duration of a control step. */
export const controlSeconds = 0.02;

/** Physics sub-steps per control step, 2.5 ms each. */
export const subSteps = 8;

/** The ball. */
export const ball = { radius: 0.02, massKg: 0.0027, restitution: 0.85 } as const;

/** Where balls come from, and where and how fast they pass the robot's end, each drawn uniformly. */
export const launch = {
  y: 1.3,
  x: [-0.5, 0.5],
  passY: -1,
  passX: [-0.35, 0.35],
  speed: [1.8, 2.4],
} as const;

/** The ball must cross this line behind the net. */
export const targetY = 1;

/** In one of these ranges of x: left, right. */
export const targets = [
  { name: 'left', low: -0.7, high: -0.1 },
  { name: 'right', low: 0.1, high: 0.7 },
] as const;

/** Evaluation contexts. */
export const contextCount = 30;
