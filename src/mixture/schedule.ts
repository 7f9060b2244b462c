/** A number for all iterations, or the first and last of one that is annealed. */
export type Schedule = number | readonly [number, number];

/**
 * Reads a schedule: geometrically from its first number to its last, so that every iteration changes it by the same
 * factor.
 *
 * @param progress - 0 in the first iteration, 1 in the last and after it.
 */
export function scheduled(schedule: Schedule, progress: number): number {
  if (typeof schedule === 'number') return schedule;
  const [first, last] = schedule;
  const t = Math.min(1, progress);
  return t === 1 ? last : first * (last / first) ** t;
}
