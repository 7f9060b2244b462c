import { wrapAngle } from '../src/physics/wrap-angle.ts';
import type { Rng } from '../src/random.ts';
import type { PusherGeometry, Seen, SeenBlock } from './block-pusher.ts';
import type { DemonstrationRequest, Pilot } from './demonstrator.ts';
import { drawIdleSteps } from './push-style.ts';
import { seeBlocks } from './see-blocks.ts';
import { SteadyHand, type Tremor } from './steady-hand.ts';
import { type Keepout, type Point, wayAround } from './way-around.ts';

/** How one person pushes in one episode. */
export interface SteadyStyle extends Tremor {
  /** Speed of the rod between pushes, m/s. */
  readonly travelSpeed: number;
  /** Speed of a push, m/s. */
  readonly pushSpeed: number;
}

/** A face of the block, as seen from the block, and the rod before it. */
interface Face {
  /** Inward normal. */
  readonly nx: number;
  readonly ny: number;
  /** Angle from the normal to the way the block is to go, radians. */
  readonly error: number;
  /** Between rod and face, along the normal, metres. */
  readonly gap: number;
  /** Offset of the rod's centre along the face, metres; positive to the left of the normal. */
  readonly offset: number;
  /** Where on the face the rod should push, metres. */
  readonly wantedOffset: number;
  /** Where the rod goes before it pushes. */
  readonly before: Point;
}

/** A velocity, m/s. */
interface Velocity {
  readonly vx: number;
  readonly vy: number;
}

/** Offset of the rod along the face per radian by which the block is to turn, metres, and the largest one. */
const steering = { perRadian: 0.03, largest: 0.02 } as const;
/** How far before a face the rod waits until it is in its place, metres. */
const approachGap = 0.022;
/** How close to its aim a block is pushed, and how much farther off it is left alone once the rod is away, metres. */
const precision = { pushed: 0.014, slack: 0.02 } as const;
/** Distance from a block's centre over which the rod's stepping back fades out, metres, and its speed, m/s. */
const stepBack = { fade: 0.01, speed: 0.14 } as const;

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/**
 * Pushes blocks to where they are to go: walks around all blocks to the face that looks away from the aim, pushes, and
 * steers by where on the face it pushes: left of the centre the block turns right. When the block has turned too far, or
 * the rod has slipped off, it steps back and begins anew.
 *
 * What it does follows from what it sees now; it remembers nothing. Where a choice must not be taken back at
 * once, the rod's place is the memory: a face is kept while the rod is before it, a block is left alone at a distance to
 * its aim at which the rod, were it still there, would go on pushing. A policy without memory can therefore learn it.
 */
export class SteadyPusher {
  readonly #geometry: PusherGeometry;
  readonly #style: SteadyStyle;
  readonly #hand: SteadyHand;
  /** Distance of the rod's centre from a block's that it touches with a face. */
  readonly #touching: number;

  constructor(geometry: PusherGeometry, style: SteadyStyle) {
    this.#geometry = geometry;
    this.#style = style;
    this.#hand = new SteadyHand(geometry, style);
    this.#touching = geometry.blockSide / 2 + geometry.rodRadius;
  }

  /** Brings the rod to a stand, away from all blocks. */
  rest(seen: Seen): Float32Array {
    const { vx, vy } = this.#keepAway(seen, null, { vx: 0, vy: 0 });
    return this.#hand.drive(seen.rod, vx, vy);
  }

  /** Whether a block is as close to its aim as need be: closer while the rod is at it than when it has left. */
  isThere({ blocks, rod }: Seen, index: number, aim: Point): boolean {
    const block = blocks[index] as SeenBlock;
    const away = distance(rod, block) - this.#touching - 0.002;
    return distance(block, aim) < precision.pushed + clamp(away, 0, precision.slack);
  }

  /** Chooses the action of a step towards having block `index` at `aim`. */
  push(seen: Seen, index: number, aim: Point): Float32Array {
    const { rod } = seen;
    const block = seen.blocks[index] as SeenBlock;
    const face = this.#chooseFace(seen, index, this.#heading(seen, index, aim));
    const aside = Math.abs(face.offset - face.wantedOffset);
    const inPlace = face.gap > -0.012 && face.gap < 0.045 && Math.abs(face.offset) < 0.03 && aside < 0.016;
    const { vx, vy } = inPlace
      ? this.#keepAway(seen, index, this.#ahead(face, distance(block, aim)))
      : this.#keepAway(seen, null, this.#approach(seen, index, face), index);
    return this.#hand.drive(rod, vx, vy);
  }

  /** Direction in which block `index` is to go now, around the others, radians. */
  #heading(seen: Seen, index: number, aim: Point): number {
    const block = seen.blocks[index] as SeenBlock;
    const way = wayAround(block, aim, this.#keepouts(seen, index));
    const next = way.find((point) => distance(point, block) > 0.03) ?? aim;
    return Math.atan2(next.y - block.y, next.x - block.x);
  }

  #keepouts({ blocks }: Seen, index: number): readonly Keepout[] {
    const radius = this.#geometry.blockSide * 1.3;
    return blocks.flatMap(({ x, y }, i) => (i === index ? [] : [{ x, y, radius }]));
  }

  #look(rod: Point, block: SeenBlock, face: number, heading: number): Face {
    const normal = block.angleRad + (face * Math.PI) / 2;
    const nx = Math.cos(normal);
    const ny = Math.sin(normal);
    const dx = rod.x - block.x;
    const dy = rod.y - block.y;
    const error = wrapAngle(heading - normal);
    const wantedOffset = clamp(-steering.perRadian * error, -steering.largest, steering.largest);
    const reach = this.#touching + approachGap;
    return {
      ...{ nx, ny, error, wantedOffset },
      gap: -(dx * nx + dy * ny) - this.#touching,
      offset: -dx * ny + dy * nx,
      before: {
        x: block.x - nx * reach - ny * wantedOffset,
        y: block.y - ny * reach + nx * wantedOffset,
      },
    };
  }

  /**
   * The face whose inward normal points best along the heading. One that is near counts as better, and the one that the
   * rod is before by a third of a radian; one that another block stands before as worse.
   */
  #chooseFace({ blocks, rod }: Seen, index: number, heading: number): Face {
    const block = blocks[index] as SeenBlock;
    let best = this.#look(rod, block, 0, heading);
    let bestScore = Infinity;
    for (let i = 0; i < 4; i++) {
      const face = i === 0 ? best : this.#look(rod, block, i, heading);
      const room = Math.min(...blocks.map((at, b) => (b === index ? Infinity : distance(at, face.before))));
      const cramped = Math.max(0, this.#geometry.blockSide * 1.1 - room);
      const way = distance(rod, face.before);
      const kept = 0.35 * clamp((0.05 - way) / 0.03, 0, 1);
      const score = Math.abs(face.error) + 40 * cramped + Math.min(way, 0.2) - kept;
      if (score < bestScore) [best, bestScore] = [face, score];
    }
    return best;
  }

  /** Forward, the slower the more the block has to turn or the rod is aside; sideways to the wanted offset. */
  #ahead({ error, nx, ny, offset, wantedOffset }: Face, left: number): Velocity {
    const aside = offset - wantedOffset;
    const turning = clamp(1.15 - Math.abs(error), 0.4, 1) * clamp(1.25 - Math.abs(aside) / 0.013, 0.1, 1);
    const ahead = Math.min(this.#style.pushSpeed, 2.5 * left + 0.03) * turning;
    const sideways = clamp(-5 * aside, -0.12, 0.12);
    return { vx: nx * ahead - ny * sideways, vy: ny * ahead + nx * sideways };
  }

  /** Around all blocks to the place before the face. */
  #approach({ blocks, rod }: Seen, index: number, { before }: Face): Velocity {
    const { blockSide } = this.#geometry;
    const discs = blocks.map(({ x, y }, i) => ({ x, y, radius: blockSide + (i === index ? 0 : 0.004) }));
    const way = wayAround(rod, before, discs);
    let length = 0;
    let from: Point = rod;
    for (const point of way) {
      length += distance(point, from);
      from = point;
    }
    const next = way[0] as Point;
    const speed = Math.min(this.#style.travelSpeed, 3 * length + 0.005) / Math.max(1e-9, distance(next, rod));
    return { vx: (next.x - rod.x) * speed, vy: (next.y - rod.y) * speed };
  }

  /**
   * Replaces a velocity by one away from the blocks that are near, the more the nearer they are.
   *
   * @param pushed - the block that the rod may touch, if any.
   * @param approached - the block that it may come a little closer to than to the others.
   */
  #keepAway({ blocks, rod }: Seen, pushed: number | null, { vx, vy }: Velocity, approached = -1): Velocity {
    let most = 0;
    let ax = 0;
    let ay = 0;
    for (const [i, block] of blocks.entries()) {
      if (i === pushed) continue;
      const apart = Math.max(1e-6, distance(rod, block));
      const clear = this.#geometry.blockSide + (i === approached ? -0.002 : 0.004);
      const share = clamp((clear - apart) / stepBack.fade, 0, 1);
      ax += (share * (rod.x - block.x)) / apart;
      ay += (share * (rod.y - block.y)) / apart;
      most = Math.max(most, share);
    }
    const speed = stepBack.speed / Math.max(1, Math.hypot(ax, ay));
    return { vx: (1 - most) * vx + ax * speed, vy: (1 - most) * vy + ay * speed };
  }
}

/** Draws how one person pushes in one episode. */
function drawSteadyStyle(rng: Rng): SteadyStyle {
  return {
    travelSpeed: rng.uniform(0.38, 0.42),
    pushSpeed: rng.uniform(0.22, 0.24),
    tremor: 0.003,
    rng: rng.fork('hand'),
  };
}

/** A block, and where it is to go. */
export interface PushJob {
  readonly block: number;
  readonly aim: Point;
}

/** Waits a little, then pushes one block after the other to its aim; one that has left it again goes first. */
export class SteadyPilot implements Pilot {
  readonly #pusher: SteadyPusher;
  readonly #jobs: readonly PushJob[];
  #idle: number;

  constructor(geometry: PusherGeometry, jobs: readonly PushJob[], { rng, trunk }: DemonstrationRequest) {
    this.#pusher = new SteadyPusher(geometry, drawSteadyStyle(rng));
    this.#idle = drawIdleSteps(rng, trunk);
    this.#jobs = jobs;
  }

  act(observation: Float32Array): Float32Array {
    const seen = seeBlocks(observation);
    if (this.#idle-- > 0) return this.#pusher.rest(seen);
    const job = this.#jobs.find(({ aim, block }) => !this.#pusher.isThere(seen, block, aim));
    return job === undefined ? this.#pusher.rest(seen) : this.#pusher.push(seen, job.block, job.aim);
  }
}
