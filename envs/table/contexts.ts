import { Rng } from '../../src/random.ts';
import type { EvaluationContext } from '../task.ts';
import type { Start } from './table-rules.ts';

/** The seed from which the evaluation contexts of every task with a drawn start come. */
export const contextSeed = 2;

/**
 * Draws the fixed starts of an evaluation: number i from the stream `contextSeed / id / context / i`, by the rule by which
 * the task draws its starts.
 */
export function drawContexts(
  id: string,
  count: number,
  drawStart: (rng: Rng) => Start,
): readonly EvaluationContext[] {
  const root = Rng.fromSeed(contextSeed).fork(id).fork('context');
  return Array.from({ length: count }, (_, i) => {
    const { blocks, targets } = drawStart(root.fork(i));
    return { name: `context ${i}`, options: targets.length > 0 ? { blocks, targets } : { blocks } };
  });
}
