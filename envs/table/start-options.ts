import { UsageError } from '../../src/errors.ts';
import { didYouMean } from '../../src/nearest-name.ts';
import type { ControlRules, Piece, Pose, Start } from './table-rules.ts';

/** What of a task's rules says how a start is given. */
export interface StartRules {
  readonly blocks: readonly Piece[];
  readonly targets: readonly Piece[];
  readonly control: Pick<ControlRules, 'workspace'>;
}

/** Requires a list of poses on the table. @throws UsageError */
function readPoses(
  name: string,
  value: unknown,
  count: number,
  [minX, minY, maxX, maxY]: ControlRules['workspace'],
): readonly Pose[] {
  const where = `reset options.${name}`;
  if (!Array.isArray(value) || value.length !== count) {
    throw new UsageError({
      what: 'A start has the wrong number of poses',
      where,
      found: JSON.stringify(value) ?? String(value),
      expected: `${count} poses [x, y, angle in radians]`,
    });
  }
  return value.map((pose: unknown, i) => {
    const numbers = Array.isArray(pose) ? (pose as unknown[]) : [];
    const [x, y, angleRad] = numbers;
    const isPose =
      numbers.length === 3 && [x, y, angleRad].every((n) => typeof n === 'number' && Number.isFinite(n));
    if (!isPose) {
      throw new UsageError({
        what: 'A pose is not three finite numbers',
        where: `${where}[${i}]`,
        found: JSON.stringify(pose) ?? String(pose),
        expected: '[x, y, angle in radians]',
      });
    }
    const [px, py] = [x as number, y as number];
    if (px < minX || px > maxX || py < minY || py > maxY) {
      throw new UsageError({
        what: 'A pose is not on the table',
        where: `${where}[${i}]`,
        found: `(${px}, ${py})`,
        expected: `x from ${minX} to ${maxX}, y from ${minY} to ${maxY}`,
      });
    }
    return [px, py, angleRad as number];
  });
}

/**
 * Reads the start that `reset` was asked for: `blocks`, and `targets` where these vary, each a list of poses.
 *
 * @returns null when no start was given, so that one is to be drawn.
 * @throws UsageError when an option is unknown, a list is missing or a pose is not on the table.
 */
export function readStart(
  options: Readonly<Record<string, unknown>> | undefined,
  rules: StartRules,
): Start | null {
  const given = Object.keys(options ?? {});
  const known = [
    ...(rules.blocks.length > 0 ? ['blocks'] : []),
    ...(rules.targets.length > 0 ? ['targets'] : []),
  ];
  for (const name of given) {
    if (known.includes(name)) continue;
    throw new UsageError({
      what: 'reset got an unknown option',
      where: 'reset options',
      found: `'${name}'`,
      remedy: known.length === 0 ? 'this task takes none' : didYouMean(name, known),
    });
  }
  if (options === undefined || given.length === 0) return null;
  const { blocks, control, targets } = rules;
  const read = (name: string, value: unknown, { length }: readonly unknown[]) =>
    length > 0 ? readPoses(name, value, length, control.workspace) : [];
  return {
    blocks: read('blocks', options.blocks, blocks),
    targets: read('targets', options.targets, targets),
  };
}
