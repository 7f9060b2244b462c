import { TwoBlocksJudge } from '../table/two-blocks-judge.ts';
import { blocks, targetRadius } from './layout.ts';

/**
 * Names of the four modes, in mode order: `rr-gg` is red into the red target, then green into the green one; `rg-gr`
 * red into the green one, then green into the red one.
 */
export const modeNames: readonly string[] = ['rr-gg', 'gg-rr', 'rg-gr', 'gr-rg'];

const [red, green] = blocks;
const targets = [red.target, green.target] as const;

/** Starts to judge an episode of Pushing by D3IL's rules. */
export function pushingJudge(): TwoBlocksJudge {
  return new TwoBlocksJudge({
    targets: () => targets,
    radius: targetRadius,
    modeOfFirstPair: [0, 2, 3, 1],
    firstEntryReward: 0,
  });
}
