/** How a body follows its command along one axis: a mass on a spring with a damper. */
export interface AxisResponse {
  /** Undamped natural frequency, rad/s. */
  readonly naturalFrequency: number;
  /** Damping ratio; below 1 the response overshoots. */
  readonly dampingRatio: number;
}

/** How a control step is divided. */
export interface StepTiming {
  /** Duration of a control step, during which the command is constant, seconds. */
  readonly controlSeconds: number;
  /** Physics sub-steps in a control step. */
  readonly subSteps: number;
}

/**
 * The response of one axis, sampled so that from control step to control step it is exactly
 *
 *     c' = A1 c + A2 c₋ + (1 - A1 - A2) d',   A1 = 2 e^(-ζωT) cos(ωT√(1-ζ²)),  A2 = -e^(-2ζωT)
 *
 * with c the position, d' the command of the step and T its duration: the form in which the response of D3IL's arm
 * was identified. In between it is the spring-damper in sub-steps h: with c₋ = c - h v for the velocity v, the same
 * recurrence at h reads v' = -a2 v + b (d - c) / h. A spring pulling from the moment of a new command on would lag
 * behind the identified form, which also answers the command's motion; `kick` is the velocity per metre of command
 * change that makes up for it, found from the responses to a unit command and to a unit velocity.
 *
 * Coefficients are rounded to single precision, like the engine's own numbers, so that a last-bit difference between
 * two machines' `Math.exp` does not reach the trajectory.
 */
export class SampledResponse {
  readonly subStepSeconds: number;
  /** Velocity added per metre by which a new command differs from the one before, 1/s. */
  readonly kick: number;
  readonly #a2: number;
  readonly #b: number;

  constructor(response: AxisResponse, { controlSeconds, subSteps }: StepTiming) {
    this.subStepSeconds = controlSeconds / subSteps;
    const sub = recurrence(response, this.subStepSeconds);
    this.#a2 = Math.fround(sub.a2);
    this.#b = Math.fround(sub.b);
    const toCommand = this.#after(subSteps, 0, 1);
    const toVelocity = this.#after(subSteps, 1, 0);
    this.kick = Math.fround((recurrence(response, controlSeconds).b - toCommand) / toVelocity);
  }

  /** Returns the velocity of the coming sub-step. */
  nextVelocity(velocity: number, error: number): number {
    return -this.#a2 * velocity + (this.#b * error) / this.subStepSeconds;
  }

  /** Position after some sub-steps from 0. */
  #after(subSteps: number, initialVelocity: number, commanded: number): number {
    let velocity = initialVelocity;
    let position = 0;
    for (let i = 0; i < subSteps; i++) {
      velocity = this.nextVelocity(velocity, commanded - position);
      position += this.subStepSeconds * velocity;
    }
    return position;
  }
}

function recurrence({ dampingRatio: zeta, naturalFrequency: omega }: AxisResponse, dtSeconds: number) {
  const decay = Math.exp(-zeta * omega * dtSeconds);
  const a1 = 2 * decay * Math.cos(omega * Math.sqrt(1 - zeta * zeta) * dtSeconds);
  const a2 = -decay * decay;
  return { a1, a2, b: 1 - a1 - a2 };
}
