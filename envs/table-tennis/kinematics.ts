import type { Pose } from '../table/table-rules.ts';
import { linkLengths, shoulder } from './layout.ts';

/** Angles of shoulder, elbow and wrist, radians. */
export type JointAngles = readonly [number, number, number];

/** Finds where the links are: pose of the middle of each, along the link, for given joint angles. */
export function linkPoses(angles: JointAngles): readonly Pose[] {
  let { x, y }: { x: number; y: number } = shoulder;
  let angle = Math.PI / 2;
  return linkLengths.map((length, i) => {
    angle += angles[i as 0 | 1 | 2];
    const dx = length * Math.cos(angle);
    const dy = length * Math.sin(angle);
    const pose: Pose = [x + dx / 2, y + dy / 2, angle];
    x += dx;
    y += dy;
    return pose;
  });
}
