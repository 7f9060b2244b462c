import * as layout from '../envs/pushing/layout.ts';
import * as mechanics from '../envs/table/mechanics.ts';
import type { Rng } from '../src/random.ts';
import { BlockPusher, type Seen } from './block-pusher.ts';
import type { DemonstrationRequest, Demonstrator, Pilot } from './demonstrator.ts';
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

/** Reads an observation of Pushing with yaw as sine and cosine. */
function see(observation: Float32Array): Seen {
  const at = (i: number) => observation[i] as number;
  return {
    rod: { commandedX: at(0), commandedY: at(1), x: at(2), y: at(3) },
    blocks: [4, 8].map((i) => ({ x: at(i), y: at(i + 1), angleRad: Math.atan2(at(i + 2), at(i + 3)) })),
  };
}

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
    this.#pusher = new BlockPusher(
      { ...mechanics },
      {
        travelSpeed: rng.uniform(0.3, 0.36),
        pushSpeed: rng.uniform(0.16, 0.2),
        steering: rng.uniform(0.028, 0.036),
        precision: rng.uniform(0.018, 0.028),
      },
    );
    this.#idle = Math.round(trunk * Math.min(12, -3 * Math.log(1 - rng.uniform())));
    this.#jobs = (plans[mode] ?? []).map(([block, target]) => ({
      block,
      aim: aimIn((layout.blocks[target] as layout.PushedBlock).target, rng),
    }));
  }

  act(observation: Float32Array): Float32Array {
    const seen = see(observation);
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
