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
 * Rubs a body against the table that it rests on, in a world seen from above, where the engine knows no gravity. Friction
 * takes force and moment from the ellipsoidal limit surface that is customary for quasi-static pushing (Goyal, Ruina and
 * Papadopoulos, Wear 143, 1991; Lynch and Mason, 1996): with slip σ = √(v² + (r̄ω)²) they are μ m g v/σ and μ m g r̄ · r̄ω/σ,
 * where r̄ is the mean radius of the loaded area. So after a sub-step of length h the speed has shrunk by at most μ g h and
 * the rate of turning by at most μ g m r̄ h / I, each by all of it where there is nothing of the other. Neither changes
 * sign: a body comes to rest and stays.
 *
 * With μ about 1 a block let go at 0.38 m/s stops within some 40 ms: blocks go where they are pushed and no further, and turn
 * when they are pushed off their middle.
 */
export class TableFriction {
  readonly body: Body;
  readonly #speedLoss: number;
  /** What turning alone loses in a sub-step, as a speed at the mean radius, m/s. */
  readonly #rimLoss: number;
  readonly #meanRadius: number;
  readonly #velocity = { x: 0, y: 0 };
  #isAtRest = false;

  constructor({ body, coefficient, meanRadius, subStepSeconds }: TableFrictionOptions) {
    this.body = body;
    const { rigidBody } = body;
    // rounded like the engine's own numbers, so that they are the same on every machine
    this.#speedLoss = Math.fround(coefficient * gravity * subStepSeconds);
    this.#meanRadius = Math.fround(meanRadius);
    this.#rimLoss = Math.fround(
      (coefficient * gravity * rigidBody.mass() * meanRadius ** 2 * subStepSeconds) /
        rigidBody.principalInertia(),
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
    const spin = rigidBody.angvel();
    this.#isAtRest = true;
    if (x === 0 && y === 0 && spin === 0) return;
    // square root and products round correctly everywhere; Math.hypot need not
    const rim = this.#meanRadius * spin;
    const slip = Math.sqrt(x * x + y * y + rim * rim);
    // velocity and turning each lose their share of what friction takes: v / slip and r̄ω / slip
    const kept = slip > this.#speedLoss ? 1 - this.#speedLoss / slip : 0;
    const keptSpin = slip > this.#rimLoss ? 1 - this.#rimLoss / slip : 0;
    if (x !== 0 || y !== 0) this.body.setVelocity(x * kept, y * kept);
    if (spin !== 0) this.body.setSpin(spin * keptSpin);
    this.#isAtRest = kept === 0 && keptSpin === 0;
  }
}
