import { ConfigError } from '../../src/errors.ts';
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

/**
 * Keeps the contexts of a task that has as many as its argument `contexts` asks for: the first ones of one list, drawn when it is
 * first asked for so many.
 */
export class ContextList {
  readonly #id: string;
  readonly #most: number;
  readonly #drawStart: (rng: Rng) => Start;
  #drawn: readonly EvaluationContext[] = [];

  /** @param most - length of the list. */
  constructor(id: string, most: number, drawStart: (rng: Rng) => Start) {
    this.#id = id;
    this.#most = most;
    this.#drawStart = drawStart;
  }

  /** Returns the first ones. @throws ConfigError when there are not so many. */
  first(count: number): readonly EvaluationContext[] {
    if (!Number.isInteger(count) || count < 1 || count > this.#most) {
      throw new ConfigError({
        what: 'The number of evaluation contexts is out of range',
        where: 'kwargs.contexts',
        found: String(count),
        expected: `a whole number from 1 to ${this.#most}`,
      });
    }
    if (this.#drawn.length < count) this.#drawn = drawContexts(this.#id, count, this.#drawStart);
    return this.#drawn.slice(0, count);
  }
}
