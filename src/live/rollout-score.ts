import { conditionalEntropy } from '../eval/metrics.ts';
import { wilson } from '../eval/wilson.ts';
import type { PolicyScore } from '../stream/wire.ts';

/** How an episode ended. */
export interface EpisodeOutcome {
  /** Index into the task's contexts. */
  readonly context: number;
  readonly success: boolean;
  /** Index of the mode; null where none was reached. */
  readonly mode: number | null;
}

/** Keeps the score of one policy as its episodes finish. */
export class RolloutScore {
  readonly #modes: number;
  readonly #countsByContext = new Map<number, number[]>();
  #finished = 0;
  #successes = 0;

  /** @param modes - number of modes that the task tells apart. */
  constructor(modes: number) {
    this.#modes = modes;
  }

  /** Episodes added so far. */
  get finished(): number {
    return this.#finished;
  }

  /** Counts a finished episode. */
  add({ context, mode, success }: EpisodeOutcome): void {
    this.#finished++;
    const counts = this.#countsByContext.get(context) ?? new Array<number>(this.#modes).fill(0);
    this.#countsByContext.set(context, counts);
    if (!success) return;
    this.#successes++;
    if (mode !== null) counts[mode] = (counts[mode] ?? 0) + 1;
  }

  /** The score of the episodes added so far. */
  message(): PolicyScore {
    const byContext = [...this.#countsByContext.values()];
    const counts = Array.from({ length: this.#modes }, (_, mode) =>
      byContext.reduce((sum, of) => sum + (of[mode] ?? 0), 0),
    );
    const { ceiling, value } = conditionalEntropy(byContext);
    const covered = counts.filter((count) => count > 0).length;
    return {
      rollouts: this.#finished,
      success: this.#finished === 0 ? null : wilson(this.#successes, this.#finished),
      entropy: this.#successes === 0 ? null : { value, ceiling },
      modes: { covered, total: counts.length, counts },
    };
  }
}
