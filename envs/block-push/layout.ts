import type { ControlRules } from '../table/table-rules.ts';

/**
 * The geometry and timing of the multimodal block push of IBC (google-research/ibc), with the targets and the tolerance of BeT
 * (notmahi/bet); metres, seconds and radians, world frame: x to the right, y away from the start.
 */

/** Where the rod stands when an episode begins; fixed. */
export const rodStart = { x: 0.3, y: -0.4 } as const;

/** Commands at 10 Hz; 20 sub-steps of 5 ms. */
export const control: ControlRules = {
  controlSeconds: 0.1,
  subSteps: 20,
  maxDelta: 0.1,
  // stiff and hardly overshooting: within 2 % of a new command after three control steps
  responseX: { naturalFrequency: 20, dampingRatio: 0.8 },
  responseY: { naturalFrequency: 20, dampingRatio: 0.8 },
  workspace: [0.15, -0.5, 0.7, 0.5],
};

/** Blocks: side, and mass in kilograms. */
export const block = { side: 0.04, massKg: 0.01 } as const;

/** Blocks start uniformly about this point, apart in x by more than `apartX`, yaw from 0 to a half turn. */
export const blockStart = { x: 0.4, y: -0.2, spreadX: 0.1, spreadY: 0.15, apartX: 0.1 } as const;

/** Targets lie left and right of a middle, the first one on either side at random, yaw about a half turn. */
export const targetStart = {
  x: 0.4,
  y: 0.2,
  sideX: 0.12,
  spreadX: 0.005,
  spreadY: 0.0075,
  spreadYaw: Math.PI / 30,
} as const;

/** A block is in a target when their centres are this close: BeT's value; IBC has 0.04. */
export const tolerance = 0.05;

/** Half the side of the drawn targets. */
export const targetHalfSide = 0.03;

/** Both blocks must be in their targets for this many control steps in a row: 0.3 s. */
export const holdSteps = 3;

/** Rewards for the first entry of a block into a target, and for both in different targets. */
export const rewards = { firstEntry: 0.49, success: 0.51 } as const;

/** Evaluation contexts. */
export const contextCount = 50;
