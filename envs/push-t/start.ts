import { UsageError } from '../../src/errors.ts';
import { Rng } from '../../src/random.ts';
import { knownOptions, type StartOptions, show } from '../reset-options.ts';
import { contextSeed } from '../table/contexts.ts';
import type { EvaluationContext } from '../task.ts';
import { contextCount, start as ranges, side } from './layout.ts';

/** How an episode begins: centre of the pusher, and pose of the block with its origin at the centre of mass. */
export interface PushTStart {
  readonly pusher: readonly [number, number];
  readonly block: readonly [number, number, number];
}

/** Farthest that the pusher can be from the block while it touches, metres. */
const reach = 0.12;

/** Draws a start; the pusher is drawn again until it is clear of the block. */
export function drawStart(rng: Rng): PushTStart {
  const { block, pusher } = ranges;
  const pose = [rng.uniform(...block), rng.uniform(...block), rng.uniform(-Math.PI, Math.PI)] as const;
  for (;;) {
    const [x, y] = [rng.uniform(...pusher), rng.uniform(...pusher)];
    if ((x - pose[0]) ** 2 + (y - pose[1]) ** 2 > reach ** 2) return { pusher: [x, y], block: pose };
  }
}

function isNumbers(value: unknown, count: number): value is number[] {
  return Array.isArray(value) && value.length === count && value.every((n) => Number.isFinite(n));
}

/** Reads the start that `reset` was asked for; null when none was. @throws UsageError */
export function readStart(options: StartOptions | undefined): PushTStart | null {
  const given = knownOptions(options, ['pusher', 'block']);
  if (given === null) return null;
  const { block, pusher } = given;
  const inside = (n: number) => n >= 0 && n <= side;
  if (isNumbers(pusher, 2) && isNumbers(block, 3) && [...pusher, ...block.slice(0, 2)].every(inside)) {
    return {
      pusher: pusher as unknown as PushTStart['pusher'],
      block: block as unknown as PushTStart['block'],
    };
  }
  throw new UsageError({
    what: 'A start is not possible',
    where: 'reset options',
    found: show(options),
    expected: `pusher [x, y] and block [x, y, angle in radians], places from 0 to ${side}`,
  });
}

/** The fixed starts of the evaluation. */
export const contexts: readonly EvaluationContext[] = Array.from({ length: contextCount }, (_, i) => {
  const { block, pusher } = drawStart(Rng.fromSeed(contextSeed).fork('PushT-v0').fork('context').fork(i));
  return { name: `context ${i}`, options: { pusher, block } };
});
