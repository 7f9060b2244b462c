import type { Judge, TableState } from '../table/table-rules.ts';
import { blocks, targetRadius } from './layout.ts';

/**
 * Names of the four modes, in mode order: `rr-gg` is red into the red target, then green into the green one; `rg-gr`
 * red into the green one, then green into the red one.
 */
export const modeNames: readonly string[] = ['rr-gg', 'gg-rr', 'rg-gr', 'gr-rg'];

/** A (block, target) pair as an index: 2 · block + target, red 0 and green 1. */
const modeOfFirstPair: readonly number[] = [0, 2, 3, 1];

/**
 * Judges Pushing by D3IL's rules: solved when the blocks are in two different targets; the mode is the first (block,
 * target) pair that ever came together, followed by the pair that completes it. That first pair stands for the whole episode:
 * who enters one assignment and finishes the other solves the task without a mode.
 */
export class PushingJudge implements Judge {
  readonly credit = 0;
  solved = false;
  mode: number | null = null;
  distance = 0;
  #firstPair: number | null = null;

  observe(state: TableState): void {
    const inTarget: (number | null)[] = [];
    let distance = 0;
    state.blocks.forEach((block, i) => {
      const away = blocks.map(({ target }) => Math.hypot(block.x - target.x, block.y - target.y));
      const nearest = (away[0] as number) <= (away[1] as number) ? 0 : 1;
      const entered = (away[nearest] as number) <= targetRadius ? nearest : null;
      inTarget.push(entered);
      distance += (away[nearest] as number) / 2;
      if (entered !== null) this.#firstPair ??= 2 * i + entered;
    });
    const [red = null, green = null] = inTarget;
    this.distance = distance;
    this.solved = red !== null && green !== null && red !== green;
    this.mode = this.solved ? this.#modeOf(red === 0) : null;
  }

  /** The mode of a finished assignment; null when the first pair belongs to the other one. */
  #modeOf(ownTargets: boolean): number | null {
    const first = this.#firstPair;
    const firstIsOwn = first === 0 || first === 3;
    return first !== null && firstIsOwn === ownTargets ? (modeOfFirstPair[first] as number) : null;
  }
}
