import { VectorOps, World } from '@dimforge/rapier2d-deterministic-compat';
import type { RawVector } from '../../src/physics/body.ts';
import { StateHash } from '../../src/physics/state-hash.ts';

/** What the engine is told between two steps, and the step itself. */
const op = { step: 0, impulse: 1, velocity: 2, spin: 3, motor: 4, groups: 5 } as const;
/** Numbers per entry: the operation, the handle of what it is done to, and up to four arguments. */
const width = 6;

/** One episode as the engine saw it: the world at its start, and everything it was told afterwards. */
export interface EngineTrace {
  readonly snapshot: Uint8Array;
  /** Entries of {@link width} numbers. */
  readonly entries: Float64Array;
  /** Where the control steps that were marked begin in the entries. */
  readonly marks: readonly number[];
  /** Hash over all bodies at the end: the replay must come to the same. */
  readonly finalState: string;
}

type Method = (...args: unknown[]) => unknown;
type Methods = Record<string, Method>;

/** Hashes pose and velocity of every body. */
function hashBodies(world: World): string {
  const hash = new StateHash();
  world.bodies.forEach((body) => {
    const position = body.translation();
    const velocity = body.linvel();
    hash.add(position.x).add(position.y).add(body.rotation());
    hash.add(velocity.x).add(velocity.y).add(body.angvel());
  });
  return hash.digest();
}

/**
 * Listens to the engine while a task runs on it. Every call that changes a body, a collider or a joint passes through the
 * prototypes of the engine's own classes, which are put back by `stop`.
 */
export class EngineRecorder {
  readonly #restore: (() => void)[] = [];
  #world: World | null = null;
  #entries: number[] | null = null;
  readonly #marks: number[] = [];
  #snapshot: Uint8Array = new Uint8Array();

  /** Begins to listen; the world in question is the one made last. */
  constructor() {
    const timestep = Object.getOwnPropertyDescriptor(World.prototype, 'timestep') as PropertyDescriptor;
    const noteWorld = (world: World): void => {
      this.#world = world;
    };
    Object.defineProperty(World.prototype, 'timestep', {
      ...timestep,
      set(this: World, seconds: number) {
        noteWorld(this);
        timestep.set?.call(this, seconds);
      },
    });
    this.#restore.push(() => Object.defineProperty(World.prototype, 'timestep', timestep));
    const probe = new World({ x: 0, y: 0 });
    this.#listen(probe.physicsPipeline.raw, /^step/, { step: () => [op.step] });
    this.#listen(probe.bodies.raw, /^rb(Set|Add[FT]|Apply|Reset|Lock|Enable)/, {
      rbApplyImpulse: (handle, impulse) => [op.impulse, handle, vector(impulse).x, vector(impulse).y],
      rbSetLinvel: (handle, velocity) => [op.velocity, handle, vector(velocity).x, vector(velocity).y],
      rbSetAngvel: (handle, rate) => [op.spin, handle, rate],
    });
    this.#listen(probe.impulseJoints.raw, /^joint(Configure|Set)/, {
      jointConfigureMotorPosition: (handle, ...rest) => [op.motor, handle, ...rest],
    });
    this.#listen(probe.colliders.raw, /^coSet/, {
      coSetCollisionGroups: (handle, groups) => [op.groups, handle, groups],
    });
    probe.free();
  }

  #listen(
    object: object,
    changes: RegExp,
    encode: Readonly<Record<string, (...args: readonly unknown[]) => readonly unknown[]>>,
  ): void {
    const prototype = Object.getPrototypeOf(object) as Methods;
    for (const name of Object.getOwnPropertyNames(prototype).filter((known) => changes.test(known))) {
      const original = prototype[name] as Method;
      const note = (args: readonly unknown[]) => {
        if (this.#entries === null) return;
        const entry = encode[name]?.(...args);
        if (entry === undefined) throw new Error(`a task calls ${name}, which a trace does not hold`);
        for (let i = 0; i < width; i++) this.#entries.push(Number(entry[i] ?? 0));
      };
      prototype[name] = function (this: unknown, ...args) {
        note(args);
        return original.apply(this, args);
      };
      this.#restore.push(() => {
        prototype[name] = original;
      });
    }
  }

  /** Begins an episode's trace; to be called when the task has been reset. */
  begin(): void {
    this.#snapshot = (this.#world as World).takeSnapshot();
    this.#entries = [];
    this.#marks.length = 0;
  }

  /** Marks a place in the trace up to which a replay is timed by itself. */
  mark(): void {
    this.#marks.push(this.#entries?.length ?? 0);
  }

  /** Ends the episode's trace. */
  end(): EngineTrace {
    const entries = new Float64Array(this.#entries ?? []);
    this.#entries = null;
    const finalState = hashBodies(this.#world as World);
    return { snapshot: this.#snapshot, entries, marks: [...this.#marks], finalState };
  }

  /** Ceases to listen. */
  stop(): void {
    for (const restore of this.#restore) restore();
  }
}

function vector(value: unknown): RawVector {
  return value as RawVector;
}

/**
 * Lets the bare engine go through an episode again: the same world, told the same by the cheapest calls there are, and
 * nothing asked of it.
 *
 * @returns the times from mark to mark and to the end, microseconds, and whether it came to the same state.
 */
export function replayOnEngine({ entries, finalState, marks, snapshot }: EngineTrace): {
  readonly microseconds: readonly number[];
  readonly same: boolean;
} {
  const world = World.restoreSnapshot(snapshot);
  const ops = VectorOps as unknown as { intoRaw(v: { x: number; y: number }): RawVector };
  const gravity = ops.intoRaw({ x: 0, y: 0 });
  const scratch = ops.intoRaw({ x: 0, y: 0 });
  const pipeline = world.physicsPipeline.raw;
  const parameters = world.integrationParameters.raw;
  const islands = world.islands.raw;
  const broadPhase = world.broadPhase.raw;
  const narrowPhase = world.narrowPhase.raw;
  const bodies = world.bodies.raw;
  const colliders = world.colliders.raw;
  const joints = world.impulseJoints.raw;
  const multibodies = world.multibodyJoints.raw;
  const ccd = world.ccdSolver.raw;
  const microseconds: number[] = [];
  let next = 1;
  let start = performance.now();
  for (let i = 0; i < entries.length; i += width) {
    if (i === marks[next]) {
      const now = performance.now();
      microseconds.push((now - start) * 1000);
      start = now;
      next++;
    }
    const handle = entries[i + 1] as number;
    const a = entries[i + 2] as number;
    const b = entries[i + 3] as number;
    switch (entries[i]) {
      case op.step:
        pipeline.step(
          gravity,
          parameters,
          islands,
          broadPhase,
          narrowPhase,
          bodies,
          colliders,
          joints,
          multibodies,
          ccd,
        );
        break;
      case op.impulse:
        scratch.x = a;
        scratch.y = b;
        bodies.rbApplyImpulse(handle, scratch, true);
        break;
      case op.velocity:
        scratch.x = a;
        scratch.y = b;
        bodies.rbSetLinvel(handle, scratch, true);
        break;
      case op.spin:
        bodies.rbSetAngvel(handle, a, true);
        break;
      case op.motor:
        joints.jointConfigureMotorPosition(handle, a, b, entries[i + 4] as number, entries[i + 5] as number);
        break;
      default:
        colliders.coSetCollisionGroups(handle, a);
    }
  }
  microseconds.push((performance.now() - start) * 1000);
  const same = hashBodies(world) === finalState;
  world.free();
  gravity.free();
  scratch.free();
  return { microseconds, same };
}
