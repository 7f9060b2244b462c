import * as layout from '../envs/pushing/layout.ts';
import * as mechanics from '../envs/table/mechanics.ts';
import type { DemonstrationRequest, Demonstrator, Pilot } from './demonstrator.ts';
import { drawIdleSteps } from './push-style.ts';
import { seeBlocks } from './see-blocks.ts';
import { drawSteadyStyle, SteadyPusher } from './steady-pusher.ts';
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

class PushingPilot implements Pilot {
  readonly #pusher: SteadyPusher;
  readonly #jobs: readonly { readonly block: number; readonly aim: Point }[];
  #idle: number;

  constructor({ mode, rng, trunk }: DemonstrationRequest) {
    this.#pusher = new SteadyPusher(mechanics, drawSteadyStyle(rng));
    this.#idle = drawIdleSteps(rng, trunk);
    this.#jobs = (plans[mode] ?? []).map(([block, target]) => ({
      block,
      aim: (layout.blocks[target] as layout.PushedBlock).target,
    }));
  }

  act(observation: Float32Array): Float32Array {
    const seen = seeBlocks(observation);
    if (this.#idle-- > 0) return this.#pusher.rest(seen);
    const job = this.#jobs.find(({ aim, block }) => !this.#pusher.isThere(seen, block, aim));
    return job === undefined ? this.#pusher.rest(seen) : this.#pusher.push(seen, job.block, job.aim);
  }
}

/** Demonstrates Pushing-v0: one block after the other, each to the middle of its target; a block that has left it again goes first. */
export const pushingDemonstrator: Demonstrator = {
  envId: 'Pushing-v0',
  name: 'block-pusher',
  envKwargs: {},
  begin: (request) => new PushingPilot(request),
};
