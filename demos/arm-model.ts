import { type AxisResponse, SampledResponse, type StepTiming } from '../src/physics/second-order.ts';

/** One axis of the arm. */
class Axis {
  position: number;
  #commanded: number;
  #velocity = 0;
  readonly #response: SampledResponse;

  constructor(start: number, response: SampledResponse) {
    this.position = start;
    this.#commanded = start;
    this.#response = response;
  }

  step(commanded: number, subSteps: number): void {
    this.#velocity += this.#response.kick * (commanded - this.#commanded);
    this.#commanded = commanded;
    for (let i = 0; i < subSteps; i++) {
      this.#velocity = this.#response.nextVelocity(this.#velocity, commanded - this.position);
      this.position += this.#response.subStepSeconds * this.#velocity;
    }
  }
}

/**
 * Predicts how the arm follows its commands while it touches nothing: the end effector's own formula, without the
 * physics engine. A demonstrator rehearses on it, as a person does in the head.
 */
export class ArmModel {
  readonly #x: Axis;
  readonly #y: Axis;
  readonly #subSteps: number;

  constructor(
    options: {
      readonly start: { readonly x: number; readonly y: number };
      readonly responseX: AxisResponse;
      readonly responseY: AxisResponse;
    } & StepTiming,
  ) {
    this.#subSteps = options.subSteps;
    this.#x = new Axis(options.start.x, new SampledResponse(options.responseX, options));
    this.#y = new Axis(options.start.y, new SampledResponse(options.responseY, options));
  }

  get x(): number {
    return this.#x.position;
  }

  get y(): number {
    return this.#y.position;
  }

  /** Advances one control step under a constant commanded position. */
  step(commandedX: number, commandedY: number): void {
    this.#x.step(commandedX, this.#subSteps);
    this.#y.step(commandedY, this.#subSteps);
  }
}
