import { goal } from '../envs/reach/layout.ts';
import { maxDelta } from '../envs/table/mechanics.ts';
import type { DemonstrationRequest, Demonstrator, Pilot } from './demonstrator.ts';

/** Steers over a point beside the straight line, then to the goal, at an even pace. */
class ReachPilot implements Pilot {
  readonly #viaX: number;
  readonly #pace: number;
  #idle: number;

  constructor({ mode, rng, trunk }: DemonstrationRequest) {
    this.#viaX = goal.x + (mode === 0 ? -1 : 1) * rng.uniform(0.06, 0.1);
    this.#pace = rng.uniform(0.7, 0.95) * maxDelta;
    this.#idle = Math.round(trunk * rng.uniform(0, 4));
  }

  act([commandedX = 0, commandedY = 0]: Float32Array): Float32Array {
    if (this.#idle-- > 0) return new Float32Array(2);
    // before the middle aside, behind it back: the way is a function of the command alone
    const aimX = commandedY < 0.02 ? this.#viaX : goal.x;
    const dx = aimX - commandedX;
    const dy = goal.y - commandedY;
    const sideways = Math.min(Math.max(dx, -this.#pace), this.#pace);
    const ahead = Math.min(Math.max(dy, -this.#pace), this.#pace) * (Math.abs(dx) > 0.05 ? 0.8 : 1);
    return new Float32Array([sideways, ahead]);
  }
}

/** Demonstrates Reach-v0: past the middle on the side asked for, then to the goal. */
export const reachDemonstrator: Demonstrator = {
  envId: 'Reach-v0',
  name: 'reacher',
  envKwargs: {},
  begin: (request) => new ReachPilot(request),
};
