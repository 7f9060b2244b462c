import { UsageError } from '../../src/errors.ts';
import { knownOptions, type StartOptions, show } from '../reset-options.ts';
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
      found: show(value),
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
        found: show(pose),
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
export function readStart(options: StartOptions | undefined, rules: StartRules): Start | null {
  const given = knownOptions(options, [
    ...(rules.blocks.length > 0 ? ['blocks'] : []),
    ...(rules.targets.length > 0 ? ['targets'] : []),
  ]);
  if (given === null) return null;
  const { blocks, control, targets } = rules;
  const read = (name: string, value: unknown, { length }: readonly unknown[]) =>
    length > 0 ? readPoses(name, value, length, control.workspace) : [];
  return {
    blocks: read('blocks', given.blocks, blocks),
    targets: read('targets', given.targets, targets),
  };
}
