import type { Body } from './planar-world.ts';

/** How a body follows its command along one axis: a mass on a spring with a damper. */
export interface AxisResponse {
  /** Undamped natural frequency, rad/s. */
  readonly naturalFrequency: number;
  /** Damping ratio; below 1 the response overshoots. */
  readonly dampingRatio: number;
}

/** Coefficients of the exact response over one sub-step h: c' = a1 c + a2 c₋ + (1 - a1 - a2) d. */
interface DiscreteResponse {
  readonly a2: number;
  readonly b: number;
}

/**
 * Samples the spring-damper exactly: for a command d held over h, with ω and ζ of the axis,
 * a1 = 2 e^(-ζωh) cos(ωh√(1-ζ²)), a2 = -e^(-2ζωh). Rounded to single precision, like the engine's own numbers, so
 * that a last-bit difference between two machines' `Math.exp` does not reach the trajectory.
 */
export function discreteResponse(response: AxisResponse, subStepSeconds: number): DiscreteResponse {
  const { naturalFrequency: omega, dampingRatio: zeta } = response;
  const decay = Math.exp(-zeta * omega * subStepSeconds);
  const a1 = 2 * decay * Math.cos(omega * Math.sqrt(1 - zeta * zeta) * subStepSeconds);
  const a2 = -decay * decay;
  return { a2: Math.fround(a2), b: Math.fround(1 - a1 - a2) };
}

/**
 * Drives a body towards a commanded position as a robot arm under position control does: per axis a spring-damper
 * between command and body, no feed-forward, so the body lags and overshoots.
 *
 * The force is given to the engine as an impulse before each sub-step. Written with the velocity v, for which
 * c₋ = c - h v, the exact response becomes v' = -a2 v + b (d - c) / h; the impulse is m (v' - v), and contacts stay
 * the engine's to resolve.
 */
export class EndEffector {
  readonly body: Body;
  /** Commanded position in the world frame, metres; single precision, like what is observed of it. */
  readonly commanded: Float32Array;
  readonly #subStepSeconds: number;
  readonly #x: DiscreteResponse;
  readonly #y: DiscreteResponse;

  /** Commands the body's present position. */
  constructor(options: {
    readonly body: Body;
    readonly responseX: AxisResponse;
    readonly responseY: AxisResponse;
    readonly subStepSeconds: number;
  }) {
    this.body = options.body;
    this.#subStepSeconds = options.subStepSeconds;
    this.#x = discreteResponse(options.responseX, options.subStepSeconds);
    this.#y = discreteResponse(options.responseY, options.subStepSeconds);
    const { x, y } = options.body.position;
    this.commanded = new Float32Array([x, y]);
  }

  /** Pushes the body for the sub-step that follows; to be called before each `PlanarWorld.step`. */
  push(): void {
    const { rigidBody } = this.body;
    const position = rigidBody.translation();
    const velocity = rigidBody.linvel();
    const massKg = rigidBody.mass();
    const impulse = (axis: DiscreteResponse, v: number, error: number) =>
      massKg * (-axis.a2 * v + (axis.b * error) / this.#subStepSeconds - v);
    const [commandedX = 0, commandedY = 0] = this.commanded;
    rigidBody.applyImpulse(
      {
        x: impulse(this.#x, velocity.x, commandedX - position.x),
        y: impulse(this.#y, velocity.y, commandedY - position.y),
      },
      true,
    );
  }
}
