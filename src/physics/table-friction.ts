import type { Body } from './planar-world.ts';

/** What the friction of a table depends on. */
export interface TableFrictionOptions {
  /** A dynamic body of the world; what it is made of does not change afterwards. */
  readonly body: Body;
  /** Coulomb coefficient between body and table, μ. */
  readonly coefficient: number;
  /** Mean distance of the points of the loaded area from its centre, metres: see {@link meanRadiusOfSquare}. */
  readonly meanRadius: number;
  readonly subStepSeconds: number;
}

/** Gravity, m/s². */
const gravity = 9.81;

/** Mean distance of the points of a square from its centre: (√2 + ln(1 + √2)) / 6 = 0.3826 times its side. */
export function meanRadiusOfSquare(side: number): number {
  return ((Math.SQRT2 + Math.log(1 + Math.SQRT2)) / 6) * side;
}

/**
 * Rubs a body against the table that it rests on, in a world seen from above, where the engine knows no gravity: after
 * every sub-step of length h the speed shrinks by at most μ g h, and the rate of turning by at most μ g m r̄ h / I,
 * the moment of a uniformly loaded area that turns on the spot. Neither changes sign, so a body comes to rest and stays.
 *
 * With μ about 1 a block let go at 0.38 m/s stops within some 40 ms: blocks go where they are pushed and no further.
 */
export class TableFriction {
  readonly body: Body;
  readonly #speedLoss: number;
  readonly #spinLoss: number;
  readonly #velocity = { x: 0, y: 0 };
  #isAtRest = false;

  constructor({ body, coefficient, meanRadius, subStepSeconds }: TableFrictionOptions) {
    this.body = body;
    const { rigidBody } = body;
    // rounded like the engine's own numbers, so that they are the same on every machine
    this.#speedLoss = Math.fround(coefficient * gravity * subStepSeconds);
    this.#spinLoss = Math.fround(
      (coefficient * gravity * rigidBody.mass() * meanRadius * subStepSeconds) / rigidBody.principalInertia(),
    );
  }

  /** Whether the body neither moved nor turned after the latest rub. */
  get isAtRest(): boolean {
    return this.#isAtRest;
  }

  /** Takes from the body's velocity what one sub-step of rubbing takes; to be called after each `PlanarWorld.step`. */
  rub(): void {
    const { rigidBody } = this.body;
    const { x, y } = rigidBody.linvel(this.#velocity);
    let moves = false;
    if (x !== 0 || y !== 0) {
      // square root and products round correctly everywhere; Math.hypot need not
      const speed = Math.sqrt(x * x + y * y);
      const kept = speed > this.#speedLoss ? 1 - this.#speedLoss / speed : 0;
      moves = kept > 0;
      this.#velocity.x = x * kept;
      this.#velocity.y = y * kept;
      rigidBody.setLinvel(this.#velocity, true);
    }
    const spin = rigidBody.angvel();
    if (spin !== 0) {
      const kept = Math.max(0, Math.abs(spin) - this.#spinLoss);
      rigidBody.setAngvel(spin < 0 ? -kept : kept, true);
      moves ||= kept > 0;
    }
    this.#isAtRest = !moves;
  }
}
