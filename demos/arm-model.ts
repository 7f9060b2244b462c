import { type AxisResponse, discreteResponse } from '../src/physics/end-effector.ts';

/** Where the arm is along one axis. */
interface AxisState {
  position: number;
  velocity: number;
}

/** Response and timing of an arm. */
export interface ArmModelOptions {
  readonly start: { readonly x: number; readonly y: number };
  readonly responseX: AxisResponse;
  readonly responseY: AxisResponse;
  readonly controlSeconds: number;
  readonly subSteps: number;
}

/**
 * Predicts how the arm follows its commands while it touches nothing: the end effector's own formula, without the
 * physics engine. A demonstrator rehearses on it, as a person does in the head.
 */
export class ArmModel {
  readonly #axes: readonly [AxisState, AxisState];
  readonly #responses: readonly [ReturnType<typeof discreteResponse>, ReturnType<typeof discreteResponse>];
  readonly #subStepSeconds: number;
  readonly #subSteps: number;

  constructor(options: ArmModelOptions) {
    this.#subSteps = options.subSteps;
    this.#subStepSeconds = options.controlSeconds / options.subSteps;
    this.#axes = [
      { position: options.start.x, velocity: 0 },
      { position: options.start.y, velocity: 0 },
    ];
    this.#responses = [
      discreteResponse(options.responseX, this.#subStepSeconds),
      discreteResponse(options.responseY, this.#subStepSeconds),
    ];
  }

  get x(): number {
    return this.#axes[0].position;
  }

  get y(): number {
    return this.#axes[1].position;
  }

  /** Advances one control step under a constant commanded position. */
  step(commandedX: number, commandedY: number): void {
    this.#advance(0, commandedX);
    this.#advance(1, commandedY);
  }

  #advance(index: 0 | 1, commanded: number): void {
    const axis = this.#axes[index];
    const { a2, b } = this.#responses[index];
    const h = this.#subStepSeconds;
    for (let i = 0; i < this.#subSteps; i++) {
      axis.velocity = -a2 * axis.velocity + (b * (commanded - axis.position)) / h;
      axis.position += h * axis.velocity;
    }
  }
}
