import type { Body } from './planar-world.ts';
import { type AxisResponse, SampledResponse, type StepTiming } from './second-order.ts';

/**
 * Drives a body towards a commanded position as a robot arm under position control does: per axis a spring-damper
 * between command and body, so the body lags and overshoots (see {@link SampledResponse}).
 *
 * Everything reaches the body as impulses m Δv; contacts stay the engine's to resolve.
 *
 * @example
 * arm.command(x, y);
 * for (let i = 0; i < subSteps; i++) {
 *   arm.push();
 *   world.step();
 * }
 */
export class EndEffector {
  readonly body: Body;
  /** Commanded position in the world frame, metres; single precision, like what is observed of it. */
  readonly commanded: Float32Array;
  readonly #x: SampledResponse;
  readonly #y: SampledResponse;
  readonly #massKg: number;
  // written over and over, so that a sub-step allocates nothing
  readonly #position = { x: 0, y: 0 };
  readonly #velocity = { x: 0, y: 0 };

  /** Commands the body's present position. */
  constructor(
    options: {
      readonly body: Body;
      readonly responseX: AxisResponse;
      readonly responseY: AxisResponse;
    } & StepTiming,
  ) {
    this.body = options.body;
    this.#x = new SampledResponse(options.responseX, options);
    this.#y = new SampledResponse(options.responseY, options);
    this.#massKg = options.body.rigidBody.mass();
    const { x, y } = options.body.position;
    this.commanded = new Float32Array([x, y]);
  }

  /**
   * Sets the commanded position of the control step that begins. An arm whose body is held gives way: it is commanded to
   * stay where the hand has led it.
   */
  command(x: number, y: number): void {
    const { commanded } = this;
    if (this.body.isHeld) {
      const { x: atX, y: atY } = this.body.rigidBody.translation(this.#position);
      commanded[0] = atX;
      commanded[1] = atY;
      return;
    }
    const oldX = commanded[0] as number;
    const oldY = commanded[1] as number;
    commanded[0] = x;
    commanded[1] = y;
    this.#accelerate(
      this.#x.kick * ((commanded[0] as number) - oldX),
      this.#y.kick * ((commanded[1] as number) - oldY),
    );
  }

  /** Pushes the body for the sub-step that follows; to be called before each `PlanarWorld.step`. */
  push(): void {
    const position = this.body.rigidBody.translation(this.#position);
    const velocity = this.body.rigidBody.linvel(this.#velocity);
    const commandedX = this.commanded[0] as number;
    const commandedY = this.commanded[1] as number;
    this.#accelerate(
      this.#x.nextVelocity(velocity.x, commandedX - position.x) - velocity.x,
      this.#y.nextVelocity(velocity.y, commandedY - position.y) - velocity.y,
    );
  }

  #accelerate(x: number, y: number): void {
    this.body.applyImpulse(this.#massKg * x, this.#massKg * y);
  }
}
