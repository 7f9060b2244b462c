import type { AxisResponse } from '../src/physics/second-order.ts';

/** How fast the driven velocity approaches the wanted one, 1/s. */
const agility = 8;
/** Farthest that the command may be ahead of the rod, metres: the spring must not be wound up. */
const maxLead = 0.12;

/** What the driver needs to know of the arm. */
export interface DriverOptions {
  readonly responseX: AxisResponse;
  readonly responseY: AxisResponse;
  readonly controlSeconds: number;
  /** Largest change of the commanded position per axis and control step. */
  readonly maxDelta: number;
}

/** Commanded and measured position of the rod as observed, metres. */
export interface RodObservation {
  readonly commandedX: number;
  readonly commandedY: number;
  readonly x: number;
  readonly y: number;
}

/**
 * Gives the rod a wanted velocity although it hangs on a spring with little damping: per axis the command leads the rod by
 * what makes the spring-damper accelerate towards the wanted velocity, (a + 2ζω v) / ω², as someone does
 * who has learned how the arm answers. Bounded actions bound how well that goes.
 */
export class RodDriver {
  readonly #options: DriverOptions;
  #lastX: number | null = null;
  #lastY: number | null = null;

  constructor(options: DriverOptions) {
    this.#options = options;
  }

  /**
   * Chooses the action of a step; to be called once per control step.
   *
   * @param velocityX - wanted velocity in x, m/s.
   * @param velocityY - wanted velocity in y, m/s.
   */
  drive(rod: RodObservation, velocityX: number, velocityY: number): Float32Array {
    const { controlSeconds, responseX, responseY } = this.#options;
    const nowX = (rod.x - (this.#lastX ?? rod.x)) / controlSeconds;
    const nowY = (rod.y - (this.#lastY ?? rod.y)) / controlSeconds;
    this.#lastX = rod.x;
    this.#lastY = rod.y;
    return new Float32Array([
      this.#delta(rod.x + lead(responseX, nowX, velocityX) - rod.commandedX),
      this.#delta(rod.y + lead(responseY, nowY, velocityY) - rod.commandedY),
    ]);
  }

  #delta(wanted: number): number {
    const { maxDelta } = this.#options;
    return Math.min(Math.max(wanted, -maxDelta), maxDelta);
  }
}

function lead({ dampingRatio, naturalFrequency }: AxisResponse, now: number, wanted: number) {
  const acceleration = agility * (wanted - now);
  const ahead = (acceleration + 2 * dampingRatio * naturalFrequency * now) / naturalFrequency ** 2;
  return Math.min(Math.max(ahead, -maxLead), maxLead);
}
