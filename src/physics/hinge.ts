import { MotorModel, type RevoluteImpulseJoint } from '@dimforge/rapier2d-deterministic-compat';
import type { Body } from './planar-world.ts';

/** How a hinge joins two bodies, and how its motor holds the commanded angle. */
export interface HingeOptions {
  readonly parent: Body;
  readonly child: Body;
  /** Where the axis is, in the frame of each body, metres. */
  readonly axisInParent: readonly [number, number];
  readonly axisInChild: readonly [number, number];
  /** Angles that the hinge can take, radians. */
  readonly limits: readonly [number, number];
  /** Undamped natural frequency with which the motor follows its command, rad/s. */
  readonly naturalFrequency: number;
  readonly dampingRatio: number;
}

/** A joint about which a body turns against another, with a motor that pulls it to a commanded angle. */
export class Hinge {
  readonly #parent: Body;
  readonly #child: Body;
  readonly #joint: RevoluteImpulseJoint;
  readonly #stiffness: number;
  readonly #damping: number;

  /** Commands nothing yet; made by `PlanarWorld.join`. */
  constructor(options: HingeOptions, joint: RevoluteImpulseJoint) {
    this.#parent = options.parent;
    this.#child = options.child;
    this.#joint = joint;
    // per unit of effective inertia: what the arm carries does not change how it follows
    joint.configureMotorModel(MotorModel.AccelerationBased);
    joint.setLimits(...options.limits);
    joint.setContactsEnabled(false);
    this.#stiffness = options.naturalFrequency ** 2;
    this.#damping = 2 * options.dampingRatio * options.naturalFrequency;
  }

  /** Angle of the child against the parent, counter-clockwise, in (-π, π]. */
  get angleRad(): number {
    const angle = Math.fround(this.#child.angleRad - this.#parent.angleRad);
    if (angle > Math.PI) return angle - 2 * Math.PI;
    return angle <= -Math.PI ? angle + 2 * Math.PI : angle;
  }

  /** Rate of turning, rad/s. */
  get speed(): number {
    return this.#child.rigidBody.angvel() - this.#parent.rigidBody.angvel();
  }

  /** Sets the angle that the motor pulls to. */
  command(angleRad: number): void {
    this.#joint.configureMotorPosition(angleRad, this.#stiffness, this.#damping);
  }
}
