import type { AxisResponse } from '../src/physics/second-order.ts';
import type { Rng } from '../src/random.ts';
import type { DriverOptions, RodObservation } from './rod-driver.ts';

/** Share of the way to where the command should be that it goes in a control step. */
const share = 0.3;

/** A hand that trembles. */
export interface Tremor {
  /** Standard deviation of what the hand adds to every action, per axis, metres. */
  readonly tremor: number;
  /** Draws it. */
  readonly rng: Rng;
}

/**
 * Gives the rod a wanted velocity by what is observed now, and by nothing else: no velocity is remembered. The command goes
 * a share k of the way towards x + T v in every step, so that it lags behind the rod by (1/k - 1/2) steps; the spring
 * turns that lag into damping, which the arm lacks, and T makes the rod settle at v.
 *
 * The tremor is independent from step to step and part of the action that is recorded. Its mean is zero in every state,
 * so that who fits the mean of the actions learns the steady hand, from demonstrations that also show how to come back: noise
 * injection as in DART (Laskey et al. 2017, arXiv 1703.09327).
 */
export class SteadyHand {
  readonly #maxDelta: number;
  readonly #leadSecondsX: number;
  readonly #leadSecondsY: number;
  readonly #tremor: Tremor;

  constructor({ controlSeconds, maxDelta, responseX, responseY }: DriverOptions, tremor: Tremor) {
    this.#maxDelta = maxDelta;
    this.#leadSecondsX = leadSeconds(responseX, controlSeconds);
    this.#leadSecondsY = leadSeconds(responseY, controlSeconds);
    this.#tremor = tremor;
  }

  /**
   * Chooses the action of a step.
   *
   * @param velocityX - wanted velocity in x, m/s.
   * @param velocityY - wanted velocity in y, m/s.
   */
  drive(
    { commandedX, commandedY, x, y }: RodObservation,
    velocityX: number,
    velocityY: number,
  ): Float32Array {
    return new Float32Array([
      this.#delta(x + this.#leadSecondsX * velocityX - commandedX),
      this.#delta(y + this.#leadSecondsY * velocityY - commandedY),
    ]);
  }

  #delta(way: number): number {
    const { rng, tremor } = this.#tremor;
    const wanted = share * way + rng.normal(0, tremor);
    return Math.min(Math.max(wanted, -this.#maxDelta), this.#maxDelta);
  }
}

/** What the command leads by at a steady velocity, seconds: against the damper, 2ζ/ω, and the lag of the command. */
function leadSeconds({ dampingRatio, naturalFrequency }: AxisResponse, controlSeconds: number): number {
  return (2 * dampingRatio) / naturalFrequency + (1 / share - 0.5) * controlSeconds;
}
