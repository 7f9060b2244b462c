import type { Collider, RigidBody, VectorOps, World } from '@dimforge/rapier2d-deterministic-compat';

/** The engine's rigid bodies, below its public classes. */
export type RawBodies = World['bodies']['raw'];
/** A vector in the engine's memory; whoever makes one frees it. */
export type RawVector = Parameters<typeof VectorOps.fromRaw>[0];

/** The engine's collision groups, membership and filter of 16 bits each: meets everything, meets nothing. */
export const collisionGroups = { everything: 0xffffffff, nothing: 0 } as const;

/** A rigid body of one shape. Positions in the world frame; SI units and radians; single precision. */
export class Body {
  readonly name: string;
  /** The engine's own objects, for the other modules of `src/physics`. */
  readonly rigidBody: RigidBody;
  readonly collider: Collider;
  /** Radius of a circle about the centre that holds the whole shape, metres. */
  readonly boundingRadius: number;
  /** Position of a body that never moves; null for all others. */
  readonly fixedAt: { readonly x: number; readonly y: number } | null;
  /** A hand has hold of it: see `PlanarWorld.hold`, which alone changes this. */
  isHeld = false;
  readonly #raw: RawBodies;
  readonly #vector: RawVector;

  /** @param engine - where the body lives; `vector` is written over by every call that takes one. */
  constructor(
    facts: Pick<Body, 'name' | 'rigidBody' | 'collider' | 'boundingRadius'>,
    engine: { readonly raw: RawBodies; readonly vector: RawVector },
  ) {
    this.name = facts.name;
    this.rigidBody = facts.rigidBody;
    this.collider = facts.collider;
    this.boundingRadius = facts.boundingRadius;
    this.fixedAt = facts.rigidBody.isFixed() ? facts.rigidBody.translation() : null;
    this.#raw = engine.raw;
    this.#vector = engine.vector;
  }

  /** Centre of the body's frame, metres. */
  get position(): { readonly x: number; readonly y: number } {
    return this.rigidBody.translation();
  }

  /** Counter-clockwise from x. */
  get angleRad(): number {
    return this.rigidBody.rotation();
  }

  /** Metres per second. */
  get velocity(): { readonly x: number; readonly y: number } {
    return this.rigidBody.linvel();
  }

  /**
   * Changes the velocity by an impulse, newton seconds. The engine's own `applyImpulse` allocates a vector and registers it
   * for finalization on every call, ten times the cost of the impulse; so does its `setLinvel`.
   */
  applyImpulse(x: number, y: number): void {
    const vector = this.#vector;
    vector.x = x;
    vector.y = y;
    this.#raw.rbApplyImpulse(this.rigidBody.handle, vector, true);
  }

  /** Sets the velocity, metres per second. */
  setVelocity(x: number, y: number): void {
    const vector = this.#vector;
    vector.x = x;
    vector.y = y;
    this.#raw.rbSetLinvel(this.rigidBody.handle, vector, true);
  }

  /** Sets the rate of turning, rad/s. */
  setSpin(rate: number): void {
    this.rigidBody.setAngvel(rate, true);
  }

  /** Lets the body's first shape meet others, or pass through everything. */
  setCollides(collides: boolean): void {
    this.collider.setCollisionGroups(collides ? collisionGroups.everything : collisionGroups.nothing);
  }
}
