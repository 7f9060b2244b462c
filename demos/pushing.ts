import * as layout from '../envs/pushing/layout.ts';
import * as mechanics from '../envs/table/mechanics.ts';
import type { Rng } from '../src/random.ts';
import { BlockPusher } from './block-pusher.ts';
import type { DemonstrationRequest, Demonstrator, Pilot } from './demonstrator.ts';
import { drawIdleSteps, drawPushStyle } from './push-style.ts';
import { seeBlocks } from './see-blocks.ts';
import type { Point } from './way-around.ts';

/** [block, target] in the order of pushing, by mode: red 0, green 1. */
const plans = [
  [
    [0, 0],
    [1, 1],
  ],
  [
    [1, 1],
    [0, 0],
  ],
  [
    [0, 1],
    [1, 0],
  ],
  [
    [1, 0],
    [0, 1],
  ],
] as const;

/** Aims at a point within a target, as people do who know that near is enough. */
function aimIn(target: Point, rng: Rng): Point {
  return { x: target.x + rng.normal(0, 0.006), y: target.y + rng.normal(0, 0.006) };
}

class PushingPilot implements Pilot {
  readonly #pusher: BlockPusher;
  readonly #jobs: readonly { readonly block: number; readonly aim: Point }[];
  #job = 0;
  #idle: number;

  constructor({ mode, rng, trunk }: DemonstrationRequest) {
    this.#pusher = new BlockPusher(mechanics, drawPushStyle(rng));
    this.#idle = drawIdleSteps(rng, trunk);
    this.#jobs = (plans[mode] ?? []).map(([block, target]) => ({
      block,
      aim: aimIn((layout.blocks[target] as layout.PushedBlock).target, rng),
    }));
  }

  act(observation: Float32Array): Float32Array {
    const seen = seeBlocks(observation);
    if (this.#idle-- > 0) return this.#pusher.rest(seen);
    for (;;) {
      const job = this.#jobs[this.#job];
      if (job === undefined) return this.#pusher.rest(seen);
      if (!this.#pusher.isThere(seen.blocks[job.block] as Point, job.aim)) {
        return this.#pusher.push(seen, job.block, job.aim);
      }
      this.#job++;
      this.#pusher.letGo();
    }
  }
}

/** Demonstrates Pushing-v0: one block after the other, each straight to its target. */
export const pushingDemonstrator: Demonstrator = {
  envId: 'Pushing-v0',
  name: 'block-pusher',
  envKwargs: {},
  begin: (request) => new PushingPilot(request),
};
