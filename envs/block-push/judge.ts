import type { Pose } from '../table/table-rules.ts';
import { TwoBlocksJudge } from '../table/two-blocks-judge.ts';
import { rewards } from './layout.ts';

function place([x, y]: Pose = [0, 0, 0]) {
  return { x, y };
}

/**
 * Judges BlockPush by BeT's rules, and measures what Diffusion Policy's runner reports: of the sum of the different rewards
 * that an episode earned, whether it exceeds 0.4 (`p1`: a block was delivered) and 0.9 (`p2`: both were). An evaluation's
 * means of these are the shares of rollouts.
 */
export class BlockPushJudge extends TwoBlocksJudge {
  static readonly metrics: readonly string[] = ['p1', 'p2'];

  /** @param tolerance - distance at which a block counts as in a target, metres. */
  constructor(tolerance: number) {
    // the targets of an episode stay where they are
    let places: readonly [ReturnType<typeof place>, ReturnType<typeof place>] | null = null;
    super({
      targets: ({ targets }) => {
        places ??= [place(targets[0]), place(targets[1])];
        return places;
      },
      radius: tolerance,
      modeOfFirstPair: [0, 1, 2, 3],
      firstEntryReward: rewards.firstEntry,
    });
  }

  measure(metrics: Record<string, number>, success: boolean): void {
    const earned = (this.hasEntered ? rewards.firstEntry : 0) + (success ? rewards.success : 0);
    metrics.p1 = earned > 0.4 ? 1 : 0;
    metrics.p2 = earned > 0.9 ? 1 : 0;
  }
}
