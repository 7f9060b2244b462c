import { EndEffector } from '../../src/physics/end-effector.ts';
import { type Body, PlanarWorld } from '../../src/physics/planar-world.ts';
import type { Scene } from '../../src/physics/scene.ts';
import { meanRadiusOfSquare, TableFriction } from '../../src/physics/table-friction.ts';
import type { Episode, TaskInfo } from '../episode.ts';
import { d3ilControl } from '../table/control.ts';
import { contactFriction, rodMassKg, rodRadius } from '../table/mechanics.ts';
import type { Pose, Start } from '../table/table-rules.ts';
import { isAligned, type PlanarPose, positionError, rotationError } from './alignment.ts';
import * as layout from './layout.ts';
import { RodHeight } from './rod-height.ts';
import { aligningScene, placeWall, wallPoses } from './scene.ts';

const { controlSeconds, subSteps, workspace } = d3ilControl;
const subStepSeconds = controlSeconds / subSteps;
const [minX, minY, maxX, maxY] = workspace;
const [minZ, maxZ] = layout.heights;
const { wallDistance, wallHalfThickness, wallHeight } = layout.box;

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/**
 * One episode of Aligning. Within a step the order is physics, observation, judgement; the step that completes the success
 * is rewarded by 1 and ends the episode.
 */
export class AligningEpisode implements Episode {
  reward = 0;
  terminated = false;
  readonly #start: Start;
  readonly #target: PlanarPose;
  readonly #world: PlanarWorld;
  readonly #rod: Body;
  readonly #box: Body;
  readonly #friction: TableFriction;
  readonly #arm: EndEffector;
  readonly #height = new RodHeight();
  readonly #rodAt = { x: 0, y: 0 };
  readonly #boxAt = { x: 0, y: 0, angleRad: 0 };
  #held = 0;

  /** @throws ModewiseError before `loadPhysics`. */
  constructor(start: Start) {
    const [x, y, angleRad] = start.targets[0] ?? [0, 0, 0];
    this.#start = start;
    this.#target = { x, y, angleRad };
    this.#world = new PlanarWorld({ subStepSeconds, lengthUnit: 2 * rodRadius });
    this.#rod = this.#world.add({
      name: 'rod',
      shape: { kind: 'disc', radius: rodRadius },
      poseInWorld: [layout.rodStart.x, layout.rodStart.y, 0],
      motion: 'sliding',
      massKg: rodMassKg,
      friction: contactFriction,
      collides: layout.rodStart.z < wallHeight,
    });
    this.#box = addBox(this.#world, start.blocks[0] ?? [0, 0, 0]);
    this.#friction = new TableFriction({
      body: this.#box,
      coefficient: layout.box.floorFriction,
      meanRadius: meanRadiusOfSquare(2 * layout.box.floorHalfSide),
      subStepSeconds,
    });
    this.#arm = new EndEffector({ body: this.#rod, ...d3ilControl });
    this.#look();
  }

  get scene(): Scene {
    return aligningScene(this.#start);
  }

  advance(action: Float32Array): void {
    const arm = this.#arm;
    const height = this.#height;
    const x = (arm.commanded[0] as number) + (action[0] as number);
    const y = (arm.commanded[1] as number) + (action[1] as number);
    arm.command(clamp(x, minX, maxX), clamp(y, minY, maxY));
    height.command(clamp(height.commanded + (action[2] as number), minZ, maxZ));
    for (let i = 0; i < subSteps; i++) {
      const wasAbove = height.z >= wallHeight;
      height.step(wasAbove && this.#isOverWall() ? wallHeight : 0);
      const isAbove = height.z >= wallHeight;
      if (isAbove !== wasAbove) this.#rod.setCollides(!isAbove);
      arm.push();
      this.#world.step();
      this.#friction.rub();
    }
    this.#look();
    this.#held = isAligned(this.#boxAt, this.#target) ? this.#held + 1 : 0;
    const completes = !this.terminated && this.#held >= layout.holdSteps;
    if (completes) this.terminated = true;
    this.reward = completes ? 1 : 0;
  }

  /** Reads from the engine where rod and box are. */
  #look(): void {
    this.#rod.rigidBody.translation(this.#rodAt);
    this.#box.rigidBody.translation(this.#boxAt);
    this.#boxAt.angleRad = this.#box.rigidBody.rotation();
  }

  /** Whether the rod, seen from above, overlaps a wall. */
  #isOverWall(): boolean {
    this.#look();
    const { angleRad, x, y } = this.#boxAt;
    const dx = this.#rodAt.x - x;
    const dy = this.#rodAt.y - y;
    const cos = Math.cos(angleRad);
    const sin = Math.sin(angleRad);
    const farther = Math.max(Math.abs(dx * cos + dy * sin), Math.abs(dy * cos - dx * sin));
    return Math.abs(farther - wallDistance) < wallHalfThickness + rodRadius;
  }

  observe(target: Float32Array): void {
    const { angleRad, x, y } = this.#boxAt;
    target[0] = this.#arm.commanded[0] as number;
    target[1] = this.#arm.commanded[1] as number;
    target[2] = this.#height.commanded;
    target[3] = this.#rodAt.x;
    target[4] = this.#rodAt.y;
    target[5] = this.#height.z;
    target[6] = x;
    target[7] = y;
    target[8] = Math.sin(angleRad);
    target[9] = Math.cos(angleRad);
    target[10] = this.#target.x;
    target[11] = this.#target.y;
    target[12] = Math.sin(this.#target.angleRad);
    target[13] = Math.cos(this.#target.angleRad);
  }

  /** The mode is where the rod is while the box is aligned; the distance D3IL's ½ (metres + radians / π). */
  report({ outcome }: TaskInfo): void {
    const position = positionError(this.#boxAt, this.#target);
    const rotation = rotationError(this.#boxAt, this.#target);
    const isInside = positionError(this.#rodAt, this.#boxAt) < layout.insideDistance;
    outcome.success = this.terminated;
    outcome.mode = isAligned(this.#boxAt, this.#target) ? (isInside ? 0 : 1) : null;
    outcome.distance = this.terminated ? 0 : (position + rotation / Math.PI) / 2;
    if (outcome.metrics !== undefined) {
      outcome.metrics.positionError = position;
      outcome.metrics.rotationError = rotation;
    }
  }

  poses(target: Float32Array): void {
    target[0] = this.#rodAt.x;
    target[1] = this.#rodAt.y;
    target[2] = 0;
    target[3] = this.#target.x;
    target[4] = this.#target.y;
    target[5] = this.#target.angleRad;
    target[6] = this.#boxAt.x;
    target[7] = this.#boxAt.y;
    target[8] = this.#boxAt.angleRad;
    for (let i = 0; i < wallPoses.length; i++) {
      placeWall(wallPoses[i] as Pose, this.#boxAt, target, 9 + 3 * i);
    }
    placeWall(wallPoses[0] as Pose, this.#target, target, 9 + 3 * wallPoses.length);
  }

  /** Rod and box can be held, the box at its walls too. */
  hold(part: number, x: number, y: number): boolean {
    const body = [this.#rod, undefined, this.#box, ...wallPoses.map(() => this.#box)][part];
    if (body === undefined) return false;
    this.#world.hold(body, clamp(x, minX, maxX), clamp(y, minY, maxY));
    return true;
  }

  release(): void {
    this.#world.release();
  }

  stateHash(): string {
    const { commanded, velocity, z } = this.#height;
    return this.#world.stateHash([
      ...this.#arm.commanded,
      commanded,
      z,
      velocity,
      ...this.#start.targets.flat(),
    ]);
  }

  dispose(): void {
    this.#world.dispose();
  }
}

/** Floor plate and four walls; only these meet the rod, which moves above the plate. */
function addBox(world: PlanarWorld, poseInWorld: Pose): Body {
  const { floorHalfSide, floorMassKg, wallMassKg } = layout.box;
  const box = world.add({
    name: 'box',
    shape: { kind: 'box', halfWidth: floorHalfSide, halfDepth: floorHalfSide },
    poseInWorld,
    motion: 'dynamic',
    massKg: floorMassKg,
    collides: false,
  });
  for (const poseInBody of wallPoses) {
    world.attach(box, {
      shape: layout.wallShape,
      poseInBody,
      massKg: wallMassKg,
      friction: contactFriction,
    });
  }
  return box;
}
