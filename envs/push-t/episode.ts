import { type Body, PlanarWorld } from '../../src/physics/planar-world.ts';
import type { Scene } from '../../src/physics/scene.ts';
import type { Episode, TaskInfo } from '../episode.ts';
import { areas, CoverageMeter, parts } from './block.ts';
import * as layout from './layout.ts';
import { pushTScene } from './scene.ts';
import type { PushTStart } from './start.ts';

const { controlSeconds, goal, neededCoverage, pusherRadius, side, subSteps } = layout;
const dt = controlSeconds / subSteps;
const meter = new CoverageMeter(goal);

/** Observed places are kept within the world by this much, metres: the engine lets bodies into each other a little. */
export const margin = 0.1;

function within(n: number): number {
  return Math.min(Math.max(n, -margin), side + margin);
}

/** One episode of PushT. The reward is the coverage as a share of what is needed; having that ends the episode. */
export class PushTEpisode implements Episode {
  readonly #start: PushTStart;
  readonly #world: PlanarWorld;
  readonly #pusher: Body;
  readonly #block: Body;
  readonly #pusherAt = { x: 0, y: 0 };
  readonly #pusherVelocity = { x: 0, y: 0 };
  /** [x, y, angleRad]. */
  readonly #pose: [number, number, number] = [0, 0, 0];
  readonly #blockAt = { x: 0, y: 0 };
  /** 0 left, 1 right; null before the first touch. */
  #mode: number | null = null;
  #coverage = 0;
  #maxCoverage = 0;

  /** @throws ModewiseError before `loadPhysics`. */
  constructor(start: PushTStart) {
    this.#start = start;
    this.#world = new PlanarWorld({ subStepSeconds: dt, lengthUnit: layout.unit });
    addWalls(this.#world);
    this.#block = addBlock(this.#world, start.block);
    this.#pusher = this.#world.add({
      name: 'pusher',
      shape: { kind: 'disc', radius: pusherRadius },
      poseInWorld: [...start.pusher, 0],
      motion: 'driven',
    });
    this.#look();
  }

  get scene(): Scene {
    return pushTScene(this.#start);
  }

  get reward(): number {
    return Math.min(1, this.#coverage / neededCoverage);
  }

  get terminated(): boolean {
    return this.#coverage > neededCoverage;
  }

  advance(action: Float32Array): void {
    const { damping, stiffness } = layout.pusher;
    const { rigidBody } = this.#pusher;
    const toX = action[0] as number;
    const toY = action[1] as number;
    for (let i = 0; i < subSteps; i++) {
      const { x, y } = rigidBody.translation(this.#pusherAt);
      const v = rigidBody.linvel(this.#pusherVelocity);
      this.#pusher.setVelocity(
        v.x + dt * (stiffness * (toX - x) - damping * v.x),
        v.y + dt * (stiffness * (toY - y) - damping * v.y),
      );
      // the block keeps no velocity: it moves while it is pushed
      this.#block.setVelocity(0, 0);
      this.#block.setSpin(0);
      this.#world.step();
      if (this.#mode === null) this.#decideMode();
    }
    this.#look();
  }

  /** The mode is the side of the stem on which the pusher is when the block first moves. */
  #decideMode(): void {
    const [startX, startY, startAngle] = this.#start.block;
    const { x, y } = this.#block.rigidBody.translation(this.#blockAt);
    if (x === Math.fround(startX) && y === Math.fround(startY)) return;
    const there = this.#pusher.rigidBody.translation(this.#pusherAt);
    const angle = Math.fround(startAngle);
    const across = (there.x - x) * Math.cos(angle) + (there.y - y) * Math.sin(angle);
    this.#mode = across < 0 ? 0 : 1;
  }

  #look(): void {
    const { rigidBody } = this.#block;
    const pose = this.#pose;
    const { x, y } = rigidBody.translation(this.#blockAt);
    const angle = rigidBody.rotation();
    this.#pusher.rigidBody.translation(this.#pusherAt);
    if (x === pose[0] && y === pose[1] && angle === pose[2]) return;
    pose[0] = x;
    pose[1] = y;
    pose[2] = angle;
    this.#coverage = meter.measure(pose);
    this.#maxCoverage = Math.max(this.#maxCoverage, this.#coverage);
  }

  observe(target: Float32Array): void {
    const [x, y, angle] = this.#pose;
    target[0] = within(this.#pusherAt.x);
    target[1] = within(this.#pusherAt.y);
    target[2] = within(x);
    target[3] = within(y);
    target[4] = Math.sin(angle);
    target[5] = Math.cos(angle);
  }

  /** Distance is from the block's centre of mass to where it belongs. */
  report(info: TaskInfo): void {
    const { outcome } = info;
    const dx = this.#pose[0] - goal[0];
    const dy = this.#pose[1] - goal[1];
    outcome.success = this.terminated;
    outcome.mode = this.#mode;
    outcome.distance = this.terminated ? 0 : Math.sqrt(dx * dx + dy * dy);
    if (outcome.metrics !== undefined) {
      outcome.metrics.maxCoverage = this.#maxCoverage;
      outcome.metrics.finalCoverage = this.#coverage;
    }
    info.coverage = this.#coverage;
    info.maxCoverage = this.#maxCoverage;
  }

  poses(target: Float32Array): void {
    target[0] = this.#pusherAt.x;
    target[1] = this.#pusherAt.y;
    target[2] = 0;
    target.set(this.#pose, 3);
  }

  /** Pusher and block can be held. */
  hold(part: number, x: number, y: number): boolean {
    const body = [this.#pusher, this.#block][part];
    if (body === undefined) return false;
    this.#world.hold(body, Math.min(Math.max(x, 0), side), Math.min(Math.max(y, 0), side));
    return true;
  }

  release(): void {
    this.#world.release();
  }

  stateHash(): string {
    return this.#world.stateHash();
  }

  dispose(): void {
    this.#world.dispose();
  }
}

function addWalls(world: PlanarWorld): void {
  const { high, low, radius } = layout.walls;
  const middle = (low + high) / 2;
  const half = (high - low) / 2 + radius;
  for (const [name, x, y] of [
    ['left wall', low, middle],
    ['right wall', high, middle],
    ['near wall', middle, low],
    ['far wall', middle, high],
  ] as const) {
    const upright = y === middle;
    world.add({
      name,
      shape: { kind: 'box', halfWidth: upright ? radius : half, halfDepth: upright ? half : radius },
      poseInWorld: [x, y, 0],
      motion: 'fixed',
    });
  }
}

/** Bar and stem share the mass by their areas. */
function addBlock(world: PlanarWorld, poseInWorld: PushTStart['block']): Body {
  const [bar = [], stem = []] = parts;
  const share = (area: number) => (layout.massKg * area) / (areas[0] + areas[1]);
  const block = world.add({
    name: 'block',
    shape: { kind: 'polygon', points: bar },
    massKg: share(areas[0]),
    poseInWorld,
    motion: 'dynamic',
  });
  const shape = { kind: 'polygon', points: stem } as const;
  world.attach(block, { shape, massKg: share(areas[1]), poseInBody: [0, 0, 0] });
  return block;
}
