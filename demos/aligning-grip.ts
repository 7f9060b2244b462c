import type { PlanarPose } from '../envs/aligning/alignment.ts';
import { box as boxSize } from '../envs/aligning/layout.ts';
import { rodRadius } from '../envs/table/mechanics.ts';
import { meanRadiusOfSquare } from '../src/physics/table-friction.ts';
import type { Heading } from './dubins.ts';
import type { Point } from './way-around.ts';

/** A place where the rod takes hold of the box: distances along a direction that is fixed in the box, from its centre. */
export interface Grip {
  /** That direction at quarter turn 0, from the box's x axis, radians. */
  readonly angleRad: number;
  /** Where the force acts, metres: ahead of the centre where the box is towed, behind it (negative) where it is pushed. */
  readonly lever: number;
  /** Where the rod's centre is then, metres. */
  readonly rodAt: number;
  /** Whether the rod can roll and slide along the wall, so that it gets off the middle. */
  readonly isFlat: boolean;
  /** How long before a change of direction the rod is told, to make up for its lag, seconds. */
  readonly anticipation: number;
}

const inner = boxSize.wallDistance - boxSize.wallHalfThickness;
const outer = boxSize.wallDistance + boxSize.wallHalfThickness;
const toCorner = Math.SQRT2 * (inner - rodRadius);

/** From inside, in a corner, which captures the rod: the box trails it. */
export const cornerGrip: Grip = {
  angleRad: Math.PI / 4,
  lever: toCorner,
  rodAt: toCorner,
  isFlat: false,
  anticipation: 0.1,
};

/** From outside, at the middle of a wall. Told ahead of its lag the rod would slip there. */
export const wallGrip: Grip = {
  angleRad: 0,
  lever: -outer,
  rodAt: -outer - rodRadius,
  isFlat: true,
  anticipation: 0,
};

/** Mean radius of the loaded area, squared, m²: how the limit surface weighs turning against moving. */
const weight = meanRadiusOfSquare(2 * boxSize.floorHalfSide) ** 2;
/** Largest angle of the force to the grip's direction, radians: the friction angle of the contact and a little more. */
const maxForceAngle = 0.31;
/** Largest offset of the rod along a wall: beyond, it slides rather than rolls, metres. */
const maxOffset = 0.007;

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** Where the rod is in a box at a pose that is held at a quarter turn: ahead of its centre and to the left, metres. */
export function rodInBox(
  { angleRad }: Grip,
  box: PlanarPose,
  quarter: number,
  rod: Point,
): readonly [number, number] {
  const angle = box.angleRad + angleRad + (quarter * Math.PI) / 2;
  const [dx, dy] = [rod.x - box.x, rod.y - box.y];
  return [dx * Math.cos(angle) + dy * Math.sin(angle), dy * Math.cos(angle) - dx * Math.sin(angle)];
}

/**
 * Finds the axle of a box that is held at a quarter turn. Under the ellipsoidal limit surface a body that is moved by a force at
 * one point, at a lever l from its centre, moves as a trailer: the point at -r̄²/l, on the line from the contact through
 * the centre, goes where that line points (Lynch and Mason, International Journal of Robotics Research 15, 1996; Zhou,
 * Hou and Mason, International Journal of Robotics Research 38, 2019).
 *
 * @param offset - of the rod along the wall, to the left, metres; it tilts the line.
 */
export function axleOf(
  { angleRad, lever }: Grip,
  pose: PlanarPose,
  quarter: number,
  offset: number,
): Heading {
  const heading = pose.angleRad + angleRad + (quarter * Math.PI) / 2 + Math.atan(offset / lever);
  const ahead = -weight / reachOf(lever, offset);
  return {
    x: pose.x + ahead * Math.cos(heading),
    y: pose.y + ahead * Math.sin(heading),
    angleRad: heading,
  };
}

function reachOf(lever: number, offset: number): number {
  return Math.sign(lever) * Math.hypot(lever, offset);
}

/** Predicts the offset after the box has turned: the rod itself does not turn, so that it rolls along the wall. */
export function offsetAfter({ isFlat }: Grip, offset: number, turn: number): number {
  return isFlat ? clamp(offset + rodRadius * turn, -maxOffset, maxOffset) : 0;
}

/** How to move the rod: angles from where the axle heads, radians, and the curvature of what follows, 1/m. */
export interface Pull {
  readonly direction: number;
  readonly force: number;
  readonly curvature: number;
}

/** Finds how to move the rod so that the axle turns with a curvature, 1/m, as far as the contact's friction allows. */
export function pullFor({ isFlat, lever }: Grip, offset: number, curvature: number): Pull {
  const reach = reachOf(lever, offset);
  const tilt = Math.atan(offset / lever);
  // what the rod rolls turns the line through the centre too
  const ofBox = isFlat ? curvature / (1 + rodRadius / reach) : curvature;
  const wanted = Math.atan((ofBox * weight) / reach);
  const force = clamp(wanted + tilt, -maxForceAngle, maxForceAngle) - tilt;
  const turning = (Math.tan(force) * reach) / weight;
  return { direction: Math.atan(Math.tan(force) + turning * reach), force, curvature: turning };
}
