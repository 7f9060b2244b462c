/**
 * What D3IL's planar tasks have in common (ALRhub/d3il, commit 0046bec): the rod, the arm that moves it, the table,
 * and the blocks on it. Metres and seconds, world frame: x to the right, y away from the robot.
 */

/** The rod that the robot moves. */
export const rodRadius = 0.01;

/** The commanded position is kept inside [minX, minY, maxX, maxY]: the table. */
export const table = [0.1, -0.4, 0.9, 0.6] as const;

/** Largest change of the commanded position per axis and control step. */
export const maxDelta = 0.0125;

/** Duration of a control step. */
export const controlSeconds = 0.035;

/** The arm's response to its command, identified on D3IL's human demonstrations; stiffer across than ahead. */
export const responseX = { naturalFrequency: 10.1, dampingRatio: 0.27 } as const;
/** See {@link responseX}. */
export const responseY = { naturalFrequency: 6.7, dampingRatio: 0.21 } as const;

/**
 * Mass that the rod brings to a contact, kilograms: between the 2.0 and 4.5 kg at which the stiffness of D3IL's tracking
 * controller, 200 N/m, gives the two natural frequencies.
 */
export const rodMassKg = 3;

/** Side of a block. */
export const blockSide = 0.06;

/** Mass of a block, kilograms. */
export const blockMassKg = 0.05;

/** Coulomb coefficient between block and table; MuJoCo's default, which D3IL's blocks keep. */
export const tableFriction = 1;

/** Coulomb coefficient where rod and blocks touch. */
export const contactFriction = 0.3;

/** How far the rod can be from its command: the impulse response of the lag is at most 0.16 m, summed. */
export const lag = 0.2;
