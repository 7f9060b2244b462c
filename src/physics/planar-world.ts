import {
  JointData,
  type RevoluteImpulseJoint,
  RigidBodyDesc,
  World,
} from '@dimforge/rapier2d-deterministic-compat';
import { Body, collisionGroups, type RawVector } from './body.ts';
import { boundingRadius, colliderOf } from './collider.ts';
import { rawVector, requirePhysics } from './engine.ts';
import { Hinge, type HingeOptions } from './hinge.ts';
import type { Shape } from './scene.ts';
import { StateHash } from './state-hash.ts';

/** A held body has gone two thirds of its way to the hand after this time, seconds. */
const HOLD_SECONDS = 0.03;
/** Fastest that a held body follows the hand, metres per second: slow enough to push things, not to pass through them. */
const HOLD_SPEED = 1;

export { Body } from './body.ts';
export { loadPhysics } from './engine.ts';

/** What a body is made of. */
export interface BodyOptions {
  readonly name: string;
  readonly shape: Shape;
  /** Pose at the start in the world frame [x, y, angleRad]; metres. */
  readonly poseInWorld: readonly [number, number, number];
  /** `fixed` never moves; `dynamic` moves and turns; `sliding` moves without turning; `driven` moves as it is told. */
  readonly motion: 'fixed' | 'dynamic' | 'sliding' | 'driven';
  /** Kilograms; without effect on a fixed body. */
  readonly massKg?: number;
  /** Coulomb coefficient of the surface; the engine averages those of the two bodies in touch. */
  readonly friction?: number;
  /** Share of the speed with which it bounces, averaged like friction; 0, no bounce, where left out. */
  readonly restitution?: number;
  /** False lets it pass through everything. */
  readonly collides?: boolean;
  /** Speed at first, metres per second. */
  readonly velocity?: readonly [number, number];
}

/**
 * A table seen from above: rigid bodies in a plane without gravity, advanced in sub-steps of fixed length by
 * Rapier's deterministic build, whose floats are the same on every machine.
 *
 * The world holds WebAssembly memory: whoever constructs it calls `dispose`.
 */
export class PlanarWorld {
  readonly subStepSeconds: number;
  readonly #world: World;
  readonly #bodies: Body[] = [];
  readonly #bodyOfCollider = new Map<number, Body>();
  /** Given to the engine over and over; its public API makes one per call. */
  readonly #gravity: RawVector;
  readonly #vector: RawVector;
  /** Several times the distance at which the engine begins to treat two bodies as in contact, metres. */
  readonly #slack: number;
  readonly #position = { x: 0, y: 0 };
  readonly #velocity = { x: 0, y: 0 };
  #hand: { readonly body: Body; readonly x: number; readonly y: number } | null = null;
  #disposed = false;

  /**
   * @param lengthUnit - size of a typical body, metres: the engine's contact tolerances are 2 and 1 thousandths of it.
   * @throws ModewiseError when `loadPhysics` has not been awaited.
   */
  constructor(options: { readonly subStepSeconds: number; readonly lengthUnit: number }) {
    requirePhysics();
    this.subStepSeconds = options.subStepSeconds;
    this.#slack = 0.05 * options.lengthUnit;
    this.#world = new World({ x: 0, y: 0 });
    this.#world.timestep = options.subStepSeconds;
    this.#world.lengthUnit = options.lengthUnit;
    this.#gravity = rawVector();
    this.#vector = rawVector();
  }

  /** All bodies in the order in which they were added. */
  get bodies(): readonly Body[] {
    return this.#bodies;
  }

  /** Puts a body on the table. */
  add(options: BodyOptions): Body {
    const [x, y, angleRad] = options.poseInWorld;
    const description = descriptionOf(options.motion);
    description.setTranslation(x, y).setRotation(angleRad).setCanSleep(false);
    if (options.motion === 'sliding') description.lockRotations();
    if (options.velocity !== undefined) description.setLinvel(...options.velocity);
    const rigidBody = this.#world.createRigidBody(description);
    const surface = colliderOf(options.shape)
      .setMass(options.massKg ?? 1)
      .setFriction(options.friction ?? 0)
      .setRestitution(options.restitution ?? 0);
    if (options.collides === false) surface.setCollisionGroups(collisionGroups.nothing);
    const collider = this.#world.createCollider(surface, rigidBody);
    const body = new Body(
      { name: options.name, rigidBody, collider, boundingRadius: boundingRadius(options.shape) },
      { raw: this.#world.bodies.raw, vector: this.#vector },
    );
    this.#bodies.push(body);
    this.#bodyOfCollider.set(collider.handle, body);
    return body;
  }

  /**
   * Fixes a further shape to a body that was added, for bodies that are not convex; the body's bounding radius stays that of
   * its first shape.
   *
   * @param poseInBody - [x, y, angleRad] in the body's frame.
   */
  attach(
    body: Body,
    options: Pick<BodyOptions, 'shape' | 'friction' | 'massKg'> & {
      readonly poseInBody: readonly [number, number, number];
    },
  ): void {
    const [x, y, angleRad] = options.poseInBody;
    const surface = colliderOf(options.shape)
      .setTranslation(x, y)
      .setRotation(angleRad)
      .setMass(options.massKg ?? 0)
      .setFriction(options.friction ?? 0)
      .setRestitution(0);
    this.#bodyOfCollider.set(this.#world.createCollider(surface, body.rigidBody).handle, body);
  }

  /** Joins two bodies, which then do not collide with each other, by a hinge with a motor. */
  join(options: HingeOptions): Hinge {
    const [px, py] = options.axisInParent;
    const [cx, cy] = options.axisInChild;
    const joint = this.#world.createImpulseJoint(
      JointData.revolute({ x: px, y: py }, { x: cx, y: cy }),
      options.parent.rigidBody,
      options.child.rigidBody,
      true,
    );
    return new Hinge(options, joint as RevoluteImpulseJoint);
  }

  /**
   * Pulls a body that moves to a place, as a hand does, until {@link release}: in every sub-step its velocity is set towards
   * the place, whatever else drives it; contacts stay the engine's to resolve, and how it turns is left to them. A world
   * has one hand.
   *
   * @param x - metres in the world frame, as is y.
   */
  hold(body: Body, x: number, y: number): void {
    if (this.#hand?.body !== body) this.release();
    body.isHeld = true;
    this.#hand = { body, x, y };
  }

  /** Lets go of the body that is held, with the velocity that it has. */
  release(): void {
    if (this.#hand !== null) this.#hand.body.isHeld = false;
    this.#hand = null;
  }

  /** Sets the velocity of the held body for the sub-step that follows. */
  #pull({ body, x, y }: { readonly body: Body; readonly x: number; readonly y: number }): void {
    const position = body.rigidBody.translation(this.#position);
    const vx = (x - position.x) / HOLD_SECONDS;
    const vy = (y - position.y) / HOLD_SECONDS;
    const share = HOLD_SPEED / Math.max(Math.sqrt(vx * vx + vy * vy), HOLD_SPEED);
    body.setVelocity(vx * share, vy * share);
  }

  /** Advances one sub-step. The engine finds contacts first, at the poses before the sub-step, then moves. */
  step(): void {
    const world = this.#world;
    if (this.#hand !== null) this.#pull(this.#hand);
    // what World.step does, less the vector that it makes and frees each time
    world.physicsPipeline.raw.step(
      this.#gravity,
      world.integrationParameters.raw,
      world.islands.raw,
      world.broadPhase.raw,
      world.narrowPhase.raw,
      world.bodies.raw,
      world.colliders.raw,
      world.impulseJoints.raw,
      world.multibodyJoints.raw,
      world.ccdSolver.raw,
    );
  }

  /**
   * Returns a body that this one touches, null when there is none: the engine's solver pushed the two apart in the
   * latest sub-step, or their shapes meet where it left them.
   */
  touching(body: Body): Body | null {
    if (!this.#hasNeighbour(body)) return null;
    let touched: Body | null = null;
    this.#world.contactPairsWith(body.collider, (other) => {
      this.#world.contactPair(body.collider, other, (manifold) => {
        for (let i = 0; i < manifold.numContacts(); i++) {
          if (manifold.contactImpulse(i) > 0) touched ??= this.#bodyOfCollider.get(other.handle) ?? null;
        }
      });
    });
    if (touched !== null) return touched;
    // the engine looks for contacts before it moves: what the latest move brought together it reports one sub-step late
    for (const other of this.#bodies) {
      if (other !== body && body.collider.contactCollider(other.collider, 0) !== null) return other;
    }
    return null;
  }

  /**
   * Whether a body may have touched another in the latest sub-step. A fixed body is ruled out by the distance: contacts
   * are those of the poses before the sub-step, in which the body moved by its velocity times the length of the sub-step.
   */
  #hasNeighbour({ boundingRadius, rigidBody }: Body): boolean {
    const { x, y } = rigidBody.translation(this.#position);
    const velocity = rigidBody.linvel(this.#velocity);
    const moved = this.subStepSeconds * Math.sqrt(velocity.x * velocity.x + velocity.y * velocity.y);
    for (const other of this.#bodies) {
      if (other.rigidBody === rigidBody) continue;
      if (other.fixedAt === null) return true;
      const reach = boundingRadius + other.boundingRadius + moved + this.#slack;
      if ((other.fixedAt.x - x) ** 2 + (other.fixedAt.y - y) ** 2 < reach * reach) return true;
    }
    return false;
  }

  /**
   * Hashes pose and velocity of every body, bit by bit.
   *
   * @param more - further numbers that belong to the state, such as a commanded position.
   * @returns 16 hexadecimal digits.
   */
  stateHash(more: readonly number[] = []): string {
    const hash = new StateHash();
    for (const { rigidBody } of this.#bodies) {
      const position = rigidBody.translation();
      const velocity = rigidBody.linvel();
      hash.add(position.x).add(position.y).add(rigidBody.rotation());
      hash.add(velocity.x).add(velocity.y).add(rigidBody.angvel());
    }
    for (const value of more) hash.add(value);
    return hash.digest();
  }

  /** Frees the world's memory; may be called twice. No method may be called afterwards. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#world.free();
    this.#gravity.free();
    this.#vector.free();
  }
}

function descriptionOf(motion: BodyOptions['motion']): RigidBodyDesc {
  if (motion === 'fixed') return RigidBodyDesc.fixed();
  return motion === 'driven' ? RigidBodyDesc.kinematicVelocityBased() : RigidBodyDesc.dynamic();
}
