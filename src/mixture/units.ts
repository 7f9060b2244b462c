/** What a curriculum chooses among: single steps, stretches of consecutive steps, or whole episodes. */
export const curriculumLevels = ['step', 'segment', 'episode'] as const;

/** One of {@link curriculumLevels}. */
export type CurriculumLevel = (typeof curriculumLevels)[number];

/**
 * Cuts the steps of all episodes into the units that a curriculum chooses among. No unit crosses the end of an
 * episode; the last segment of an episode may be shorter.
 *
 * @param episodeStarts - index of each episode's first step, then the number of steps, shape `[E + 1]`.
 * @param segmentLength - steps a unit at level `segment`.
 * @returns index of each unit's first step, then the number of steps, shape `[U + 1]`.
 */
export function cutIntoUnits(
  level: CurriculumLevel,
  episodeStarts: Int32Array,
  segmentLength: number,
): Int32Array {
  if (level === 'episode') return episodeStarts.slice();
  const length = level === 'step' ? 1 : segmentLength;
  const starts: number[] = [];
  for (let episode = 0; episode + 1 < episodeStarts.length; episode++) {
    const end = episodeStarts[episode + 1] as number;
    for (let step = episodeStarts[episode] as number; step < end; step += length) starts.push(step);
  }
  starts.push(episodeStarts[episodeStarts.length - 1] ?? 0);
  return Int32Array.from(starts);
}

/** Numbers the unit that each step belongs to, shape `[N]`. */
export function unitOfStep(unitStarts: Int32Array): Int32Array {
  const steps = unitStarts[unitStarts.length - 1] ?? 0;
  const units = new Int32Array(steps);
  for (let unit = 0; unit + 1 < unitStarts.length; unit++) {
    units.fill(unit, unitStarts[unit], unitStarts[unit + 1]);
  }
  return units;
}
