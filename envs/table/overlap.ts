import type { Pose } from './table-rules.ts';

/**
 * Says whether two squares come closer than a gap, by the separating axis theorem: squares are apart when they are along
 * a normal of one of their sides. The gap is measured along these normals, so corner to corner may be a little more.
 *
 * @param side - side of both squares, metres.
 */
export function overlaps(a: Pose, b: Pose, side: number, gap: number): boolean {
  const dx = b[0] - a[0];
  const dy = b[1] - a[1];
  const turn = b[2] - a[2];
  // half extent of the other square along a normal of this one, and the other way round
  const other = (side / 2) * (Math.abs(Math.cos(turn)) + Math.abs(Math.sin(turn)));
  const isApart = (angle: number) =>
    Math.abs(dx * Math.cos(angle) + dy * Math.sin(angle)) >= side / 2 + other + gap;
  return ![a[2], a[2] + Math.PI / 2, b[2], b[2] + Math.PI / 2].some(isApart);
}

/** Says whether any two of the squares overlap; see {@link overlaps}. */
export function anyOverlap(poses: readonly Pose[], side: number, gap: number): boolean {
  return poses.some((a, i) => poses.slice(i + 1).some((b) => overlaps(a, b, side, gap)));
}
