import { UsageError } from '../../src/errors.ts';
import { Rng } from '../../src/random.ts';
import { knownOptions, type StartOptions, show } from '../reset-options.ts';
import { contextSeed } from '../table/contexts.ts';
import type { EvaluationContext } from '../task.ts';
import { contextCount, launch, tableHalf } from './layout.ts';

/** A ball as it is served: x, y, metres; velocity in x and y, metres per second. */
export type Serve = readonly [number, number, number, number];

/** Draws a serve. */
export function drawServe(rng: Rng): Serve {
  const x = rng.uniform(...launch.x);
  const dx = rng.uniform(...launch.passX) - x;
  const dy = launch.passY - launch.y;
  const speed = rng.uniform(...launch.speed) / Math.sqrt(dx * dx + dy * dy);
  return [x, launch.y, dx * speed, dy * speed];
}

/** Reads the serve that `reset` was asked for; null when none was. @throws UsageError */
export function readServe(options: StartOptions | undefined): Serve | null {
  const given = knownOptions(options, ['ball']);
  if (given === null) return null;
  const numbers: readonly unknown[] = Array.isArray(given.ball) ? given.ball : [];
  const [x, y, vx, vy] = numbers;
  const isServe = numbers.length === 4 && numbers.every((n) => typeof n === 'number' && Number.isFinite(n));
  const onTable = Math.abs(x as number) <= tableHalf.width && Math.abs(y as number) <= tableHalf.length;
  const isSlow = Math.max(Math.abs(vx as number), Math.abs(vy as number)) <= 5;
  if (isServe && onTable && isSlow) return [x as number, y as number, vx as number, vy as number];
  throw new UsageError({
    what: 'A serve is not possible',
    where: 'reset options.ball',
    found: show(given.ball),
    expected: 'four numbers [x, y, vx, vy]: a place on the table, and at most 5 m/s along each axis',
  });
}

/** The fixed serves of the evaluation. */
export const contexts: readonly EvaluationContext[] = Array.from({ length: contextCount }, (_, i) => {
  const rng = Rng.fromSeed(contextSeed).fork('TableTennis-v0').fork('context').fork(i);
  return { name: `context ${i}`, options: { ball: drawServe(rng) } };
});
