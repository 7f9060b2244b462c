import type { Rng } from '../src/random.ts';
import type { PushStyle } from './block-pusher.ts';

/** Draws how one person pushes in one episode. */
export function drawPushStyle(rng: Rng): PushStyle {
  return {
    travelSpeed: rng.uniform(0.3, 0.36),
    pushSpeed: rng.uniform(0.16, 0.2),
    steering: rng.uniform(0.028, 0.036),
    precision: rng.uniform(0.018, 0.028),
  };
}

/** Draws for how many control steps a person waits before moving, 3 in the mean and 12 at most at trunk 1. */
export function drawIdleSteps(rng: Rng, trunk: number): number {
  return Math.round(trunk * Math.min(12, -3 * Math.log(1 - rng.uniform())));
}
