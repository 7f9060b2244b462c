/**
 * The geometry of D3IL's Aligning (ALRhub/d3il, commit 0046bec), metres and radians, world frame: x to the right, y
 * away from the robot, z up.
 */

/** Where the tip of the rod is when an episode begins; fixed. */
export const rodStart = { x: 0.525, y: -0.35, z: 0.25 } as const;

/** The hollow box: a floor plate with four walls around it. */
export const box = {
  /** Half the side of the floor plate. */
  floorHalfSide: 0.05,
  floorMassKg: 1,
  /** Coulomb coefficient between floor plate and table. */
  floorFriction: 0.3,
  /** Distance of the middle of each wall from the centre. */
  wallDistance: 0.05,
  wallHalfThickness: 0.005,
  wallHeight: 0.09,
  wallMassKg: 0.001,
} as const;

/** A wall in its own frame: thin in x, as long in y as the box is outside. */
export const wallShape = {
  kind: 'box',
  halfWidth: box.wallHalfThickness,
  halfDepth: box.wallDistance + box.wallHalfThickness,
} as const;

/** Where the box starts: x, y uniform in a range, yaw from -90° to 90°. */
export const boxStart = { x: [0.4, 0.6], y: [-0.25, -0.1] } as const;
/** Where the target lies, likewise. */
export const targetStart = { x: [0.4, 0.6], y: [0.2, 0.35] } as const;

/** Largest errors of an aligned box. */
export const tolerance = { position: 0.018, rotation: 0.048 * Math.PI } as const;

/** The rod counts as inside the box when the centres are closer than this. */
export const insideDistance = 0.051;

/** Range of the commanded height of the rod's tip. */
export const heights = [0.02, 0.3] as const;

/**
 * The arm's response in height: twice as stiff as sideways, as D3IL's gains are four times as large, and better damped
 * (our choice).
 */
export const responseZ = { naturalFrequency: 16, dampingRatio: 0.5 } as const;

/** How far beyond the table the box can be, as observed: as far as the rod swings beyond its command and farther. */
export const boxMargin = 0.5;

/** How far the height can be from its command. */
export const lagZ = 0.06;

/** The box must be aligned for this many control steps in a row: 0.35 s. */
export const holdSteps = 10;

/** Evaluation contexts. */
export const contextCount = 60;

/** Names of the modes: where the rod is when the box is aligned. */
export const modeNames: readonly string[] = ['inside', 'outside'];
