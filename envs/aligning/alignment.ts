import { wrapAngle } from '../../src/physics/wrap-angle.ts';
import { tolerance } from './layout.ts';

/** A pose on the table: metres, radians. */
export interface PlanarPose {
  readonly x: number;
  readonly y: number;
  readonly angleRad: number;
}

/** Measures how far a place is from another, metres. */
export function positionError(
  { x, y }: Pick<PlanarPose, 'x' | 'y'>,
  to: Pick<PlanarPose, 'x' | 'y'>,
): number {
  return Math.sqrt((x - to.x) ** 2 + (y - to.y) ** 2);
}

/** Measures how far a box is turned against another pose, radians from 0 to π; a quarter turn is not the same box. */
export function rotationError(pose: PlanarPose, to: PlanarPose): number {
  return Math.abs(wrapAngle(pose.angleRad - to.angleRad));
}

/** Whether a box at a pose counts as aligned with its target. */
export function isAligned(pose: PlanarPose, target: PlanarPose): boolean {
  return (
    positionError(pose, target) <= tolerance.position && rotationError(pose, target) <= tolerance.rotation
  );
}
