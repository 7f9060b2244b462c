import { place } from '../envs/push-t/block.ts';
import { goal, pusherRadius, side, unit } from '../envs/push-t/layout.ts';
import type { DemonstrationRequest, Demonstrator, Pilot } from './demonstrator.ts';
import { type BlockPose, clearance, clearOf, type Push, planPush } from './push-t-planner.ts';
import { type Point, wayAround } from './way-around.ts';

/** Centres of the squares that the T is made of, in units, from its centre of mass. */
const centre = (4 * 0.5 + 3 * 2.5) / 7;
const squares = [
  ...[-1.5, -0.5, 0.5, 1.5].map((x) => [x * unit, (centre - 0.5) * unit] as const),
  ...[1.5, 2.5, 3.5].map((y) => [0, (centre - y) * unit] as const),
];
/** The pusher keeps this far from the centre of a square. */
const keepAway = (Math.SQRT2 * unit) / 2 + pusherRadius + 0.008;
/** Nearer to the block than this the pusher walks slowly, metres. */
const slowWithin = 0.03;
/** How near to the end of its way the pusher must be, metres. */
const arrived = 0.001;

/** The direction in which the distance from the block grows. */
function outwards([x, y]: readonly [number, number], pose: BlockPose): readonly [number, number] {
  const d = 1e-4;
  const gx = clearOf([x + d, y], pose) - clearOf([x - d, y], pose);
  const gy = clearOf([x, y + d], pose) - clearOf([x, y - d], pose);
  const size = Math.max(Math.hypot(gx, gy), 1e-9);
  return [gx / size, gy / size];
}

/** Walks around the block to where a push begins, pushes, looks, and plans the next push. */
class PushTPilot implements Pilot {
  readonly #mode: number;
  /** How far ahead of itself the pusher is commanded while it walks, metres. */
  readonly #lead: number;
  #push: Push | null = null;
  #pushing = false;
  #touched = false;
  #steps = 0;

  constructor({ mode, rng }: DemonstrationRequest) {
    this.#mode = mode;
    this.#lead = rng.uniform(0.06, 0.08);
  }

  act(observation: Float32Array): Float32Array {
    const [x = 0, y = 0, blockX = 0, blockY = 0, sin = 0, cos = 1] = observation;
    const pose: BlockPose = [blockX, blockY, Math.atan2(sin, cos)];
    this.#steps++;
    if (this.#push !== null && this.#pushing) {
      const [toX, toY] = this.#push.to;
      if (Math.hypot(toX - x, toY - y) > arrived && this.#steps < 12) return this.#aim(toX, toY);
      this.#push = null;
      this.#touched = true;
    }
    if (this.#push === null) {
      this.#push = planPush(pose, goal, this.#touched ? null : this.#mode);
      this.#pushing = false;
      this.#steps = 0;
      if (this.#push === null) return this.#aim(x, y);
    }
    const [fromX, fromY] = this.#push.from;
    if (Math.hypot(fromX - x, fromY - y) < 0.003 || this.#steps > 40) {
      this.#pushing = true;
      this.#steps = 0;
      return this.#aim(...this.#push.to);
    }
    return this.#walk({ x, y }, { x: fromX, y: fromY }, pose);
  }

  #walk(from: Point, to: Point, pose: BlockPose): Float32Array {
    const discs = place(squares, pose).map(([x, y]) => ({ x, y, radius: keepAway }));
    const [next = to] = wayAround(from, to, discs);
    let dx = next.x - from.x;
    let dy = next.y - from.y;
    const distance = Math.hypot(dx, dy);
    const near = clearOf([from.x, from.y], pose) - pusherRadius;
    // momentum cuts corners: slowly where the block is near
    const lead = Math.min(distance, near < slowWithin ? this.#lead / 2 : this.#lead);
    dx *= lead / Math.max(distance, 1e-9);
    dy *= lead / Math.max(distance, 1e-9);
    const isApproach = next === to && distance < 2 * clearance;
    if (near < clearance && !isApproach) {
      const [ox, oy] = outwards([from.x, from.y], pose);
      const inwards = Math.min(0, dx * ox + dy * oy);
      const away = 2 * (clearance - near) - inwards;
      dx += away * ox;
      dy += away * oy;
    }
    return this.#aim(from.x + dx, from.y + dy);
  }

  #aim(x: number, y: number): Float32Array {
    const within = (n: number) => Math.min(Math.max(n, 0), side);
    return new Float32Array([within(x), within(y)]);
  }
}

/** Demonstrates PushT-v0. */
export const pushTDemonstrator: Demonstrator = {
  envId: 'PushT-v0',
  name: 'push-planner',
  envKwargs: {},
  begin: (request) => new PushTPilot(request),
};
