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

  /** Whether a block has ever been in a target. */
  get hasEntered(): boolean {
    return this.#firstPair !== null;
  }

  observe(state: TableState): void {
    const { firstEntryReward, radius } = this.#rules;
    const [one, other] = this.#rules.targets(state);
    const [first, second] = state.blocks;
    if (first === undefined || second === undefined) return;
    const firstToOne = between(first, one);
    const firstToOther = between(first, other);
    const secondToOne = between(second, one);
    const secondToOther = between(second, other);
    const targetOfFirst = firstToOne <= firstToOther ? 0 : 1;
    const targetOfSecond = secondToOne <= secondToOther ? 0 : 1;
    const firstAway = Math.min(firstToOne, firstToOther);
    const secondAway = Math.min(secondToOne, secondToOther);
    this.distance = (firstAway + secondAway) / 2;
    const inFirst = firstAway <= radius;
    const inSecond = secondAway <= radius;
    this.credit = 0;
    if (this.#firstPair === null && (inFirst || inSecond)) {
      this.#firstPair = inFirst ? targetOfFirst : 2 + targetOfSecond;
      this.credit = firstEntryReward;
    }
    this.solved = inFirst && inSecond && targetOfFirst !== targetOfSecond;
    this.mode = this.solved ? this.#modeOf(targetOfFirst) : null;
  }

  /** The mode of a finished assignment, by the target of the first block; null when the first pair is not part of it. */
  #modeOf(targetOfFirst: number): number | null {
    const pair = this.#firstPair as number;
    const isPart = pair === targetOfFirst || pair === 2 + (1 - targetOfFirst);
    return isPart ? (this.#rules.modeOfFirstPair[pair] as number) : null;
  }
}

function between(a: Place, b: Place): number {
  const dx = a.x - b.x;
  const dy = a.y - b.y;
  return Math.sqrt(dx * dx + dy * dy);
}
