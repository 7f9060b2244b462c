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
  readonly #options: DriverOptions;
  readonly #tremor: Tremor;

  constructor(options: DriverOptions, tremor: Tremor) {
    this.#options = options;
    this.#tremor = tremor;
  }

  /**
   * Chooses the action of a step.
   *
   * @param velocityX - wanted velocity in x, m/s.
   * @param velocityY - wanted velocity in y, m/s.
   * @param load - acceleration that what is pushed takes from the rod: its force against it over the rod's mass, m/s².
   */
  drive(
    { commandedX, commandedY, x, y }: RodObservation,
    velocityX: number,
    velocityY: number,
    [loadX, loadY]: readonly [number, number] = [0, 0],
  ): Float32Array {
    const { controlSeconds, responseX, responseY } = this.#options;
    return new Float32Array([
      this.#delta(x + lead(responseX, controlSeconds, velocityX, loadX) - commandedX),
      this.#delta(y + lead(responseY, controlSeconds, velocityY, loadY) - commandedY),
    ]);
  }

  #delta(way: number): number {
    const { rng, tremor } = this.#tremor;
    const { maxDelta } = this.#options;
    const wanted = share * way + rng.normal(0, tremor);
    return Math.min(Math.max(wanted, -maxDelta), maxDelta);
  }
}

/**
 * What the command leads by at a steady velocity, metres: against the damper, 2ζv/ω, the lag of the command, and the
 * load, l/ω².
 */
function lead(
  { dampingRatio, naturalFrequency }: AxisResponse,
  controlSeconds: number,
  velocity: number,
  load: number,
): number {
  const seconds = (2 * dampingRatio) / naturalFrequency + (1 / share - 0.5) * controlSeconds;
  return seconds * velocity + load / naturalFrequency ** 2;
}
