import type { Judge, TableState } from './table-rules.ts';

/** A point on the table, metres. */
interface Place {
  readonly x: number;
  readonly y: number;
}

/** What two blocks that belong in two targets are judged by. */
export interface TwoBlocksRules {
  /** Finds the two targets. */
  targets(state: TableState): readonly [Place, Place];
  /** A block is in a target when their centres are this close, metres. */
  readonly radius: number;
  /** The mode whose first pair is (block, target), at 2 · block + target. */
  readonly modeOfFirstPair: readonly [number, number, number, number];
  /** Reward of the step in which a block enters a target for the first time in the episode. */
  readonly firstEntryReward: number;
}

/**
 * Judges a task of two blocks and two targets: solved when the blocks are in two different targets. The mode is the first
 * (block, target) pair that ever came together, followed by the pair that completes it. That first pair stands for the whole
 * episode: who enters one assignment and finishes the other solves the task without a mode.
 */
export class TwoBlocksJudge implements Judge {
  readonly #rules: TwoBlocksRules;
  solved = false;
  mode: number | null = null;
  distance = 0;
  credit = 0;
  #firstPair: number | null = null;

  constructor(rules: TwoBlocksRules) {
    this.#rules = rules;
  }

  observe(state: TableState): void {
    const [one, other] = this.#rules.targets(state);
    const [first = null, second = null] = state.blocks.map((block) => {
      const toOne = Math.hypot(block.x - one.x, block.y - one.y);
      const toOther = Math.hypot(block.x - other.x, block.y - other.y);
      return { target: toOne <= toOther ? 0 : 1, away: Math.min(toOne, toOther) };
    });
    if (first === null || second === null) return;
    this.distance = (first.away + second.away) / 2;
    const inFirst = first.away <= this.#rules.radius;
    const inSecond = second.away <= this.#rules.radius;
    this.credit = 0;
    if (this.#firstPair === null && (inFirst || inSecond)) {
      this.#firstPair = inFirst ? first.target : 2 + second.target;
      this.credit = this.#rules.firstEntryReward;
    }
    this.solved = inFirst && inSecond && first.target !== second.target;
    this.mode = this.solved ? this.#modeOf(first.target) : null;
  }

  /** The mode of a finished assignment, by the target of the first block; null when the first pair is not part of it. */
  #modeOf(targetOfFirst: number): number | null {
    const pair = this.#firstPair as number;
    const isPart = pair === targetOfFirst || pair === 2 + (1 - targetOfFirst);
    return isPart ? (this.#rules.modeOfFirstPair[pair] as number) : null;
  }
}
