import { wrapAngle } from '../src/physics/wrap-angle.ts';
import { type DriverOptions, RodDriver, type RodObservation } from './rod-driver.ts';
import { isClear, type Keepout, type Point, wayAround } from './way-around.ts';

/** A block as observed: metres, radians. */
export interface SeenBlock extends Point {
  readonly angleRad: number;
}

/** What a pusher sees. */
export interface Seen {
  readonly rod: RodObservation;
  readonly blocks: readonly SeenBlock[];
}

/** How one person pushes in one episode. */
export interface PushStyle {
  /** Speed of the rod between pushes, m/s. */
  readonly travelSpeed: number;
  /** Speed of a push, m/s. */
  readonly pushSpeed: number;
  /** Offset of the rod along the face per radian by which the block is to turn, metres. */
  readonly steering: number;
  /** How close to its aim a block is pushed, metres. */
  readonly precision: number;
}

/** Sizes of what is pushed, and by what. */
export interface PusherGeometry extends DriverOptions {
  readonly blockSide: number;
  readonly rodRadius: number;
}

/** The face of the block that is pushed, as seen from the block: inward normal, and where the rod is. */
interface Face {
  /** Inward normal. */
  readonly nx: number;
  readonly ny: number;
  /** Angle from the normal to the way the block is to go, radians. */
  readonly error: number;
  /** Distance of the rod's centre before the block's centre, against the normal, metres. */
  readonly before: number;
  /** Offset of the rod's centre along the face, metres; positive to the left of the normal. */
  readonly offset: number;
}

/** Steps after which a way to a face that has not led there is given up, and another face tried. */
const maxApproachSteps = 70;

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/**
 * Pushes one block after the other to where it is to go: walks around all blocks to the face that looks away
 * from the aim, pushes, and steers by where on the face it pushes: left of the centre the block turns right. When the
 * block has turned too far, or the rod slips off, it lets go and begins anew.
 */
export class BlockPusher {
  readonly #geometry: PusherGeometry;
  readonly #style: PushStyle;
  readonly #driver: RodDriver;
  #pushing = false;
  #leaving = false;
  #face = 0;
  #lastBlock: SeenBlock | null = null;
  #approachSteps = 0;
  /** Angle between face and way, radians, at which a push is given up. */
  #largestError = 0;
  /** A face that could not be reached, to be tried last. */
  #barredFace: number | null = null;

  constructor(geometry: PusherGeometry, style: PushStyle) {
    this.#geometry = geometry;
    this.#style = style;
    this.#driver = new RodDriver(geometry);
  }

  /** Lets the rod stand still. */
  rest({ rod }: Seen): Float32Array {
    return this.#driver.drive(rod, 0, 0);
  }

  /** Lets go of whatever was pushed: the next action begins with stepping back. */
  letGo(): void {
    this.#leaving = true;
    this.#pushing = false;
    this.#lastBlock = null;
  }

  /** Chooses the action of a step towards having block `index` at `aim`. */
  push(seen: Seen, index: number, aim: Point): Float32Array {
    const block = seen.blocks[index] as SeenBlock;
    const way = wayAround(block, aim, this.#keepouts(seen, index));
    const next = way.find(({ x, y }) => Math.hypot(x - block.x, y - block.y) > 0.03) ?? aim;
    const left = Math.hypot(aim.x - block.x, aim.y - block.y);
    const heading = Math.atan2(next.y - block.y, next.x - block.x);
    if (!this.#pushing) this.#face = this.#chooseFace(seen, block, index, heading);
    const face = this.#look(seen.rod, block, this.#face, heading);
    const touching = this.#geometry.blockSide / 2 + this.#geometry.rodRadius;
    const last = this.#lastBlock ?? block;
    const spin = wrapAngle(block.angleRad - last.angleRad) / this.#geometry.controlSeconds;
    const wantedOffset = this.#wantedOffset(face.error - 0.15 * spin);
    const slipped = Math.abs(face.offset) > 0.031 || face.before > touching + 0.03;
    if (this.#pushing && (slipped || Math.abs(face.error) > this.#largestError)) this.letGo();
    if (this.#leaving) {
      const away = this.#stepBack(seen);
      if (away !== null) return away;
      this.#leaving = false;
      this.#face = this.#chooseFace(seen, block, index, heading);
    }
    if (!this.#pushing) {
      const inPlace = face.before > touching - 0.004 && face.before < touching + 0.028;
      if (inPlace && Math.abs(face.offset - wantedOffset) < 0.01) {
        this.#pushing = true;
        this.#largestError = Math.max(0.95, Math.abs(face.error) + 0.2);
        this.#lastBlock = null;
        this.#approachSteps = 0;
        this.#barredFace = null;
      } else if (++this.#approachSteps > maxApproachSteps) {
        this.#approachSteps = 0;
        this.#barredFace = this.#face;
        return this.rest(seen);
      } else return this.#approach(seen, block, index, face, wantedOffset);
    }
    return this.#pushOn(seen.rod, block, face, wantedOffset, left);
  }

  #wantedOffset(error: number): number {
    return clamp(-this.#style.steering * error, -0.02, 0.02);
  }

  #keepouts(seen: Seen, index: number): readonly Keepout[] {
    const radius = this.#geometry.blockSide * 1.3;
    return seen.blocks.flatMap((block, i) => (i === index ? [] : [{ x: block.x, y: block.y, radius }]));
  }

  #look(rod: Point, block: SeenBlock, face: number, heading: number): Face {
    const normal = block.angleRad + (face * Math.PI) / 2;
    const nx = Math.cos(normal);
    const ny = Math.sin(normal);
    const dx = rod.x - block.x;
    const dy = rod.y - block.y;
    return {
      nx,
      ny,
      error: wrapAngle(heading - normal),
      before: -(dx * nx + dy * ny),
      offset: -dx * ny + dy * nx,
    };
  }

  /** The face whose inward normal points best along the heading, unless another block stands before it. */
  #chooseFace(seen: Seen, block: SeenBlock, index: number, heading: number): number {
    let best = 0;
    let bestScore = Infinity;
    for (let face = 0; face < 4; face++) {
      const { error, nx, ny } = this.#look(seen.rod, block, face, heading);
      const reach = this.#geometry.blockSide / 2 + this.#geometry.rodRadius + 0.02;
      const x = block.x - nx * reach;
      const y = block.y - ny * reach;
      const room = Math.min(
        ...seen.blocks.map((other, i) => (i === index ? Infinity : Math.hypot(other.x - x, other.y - y))),
      );
      const cramped = Math.max(0, this.#geometry.blockSide * 1.1 - room);
      const score = Math.abs(error) + 40 * cramped + (face === this.#barredFace ? 2 : 0);
      if (score < bestScore) [best, bestScore] = [face, score];
    }
    return best;
  }

  /** Steps back from every block that is near; null when none is. */
  #stepBack({ blocks, rod }: Seen): Float32Array | null {
    let vx = 0;
    let vy = 0;
    for (const block of blocks) {
      const dx = rod.x - block.x;
      const dy = rod.y - block.y;
      const distance = Math.hypot(dx, dy);
      const near = this.#geometry.blockSide + 0.006 - distance;
      if (near <= 0) continue;
      vx += dx / distance;
      vy += dy / distance;
    }
    const size = Math.hypot(vx, vy);
    if (size < 1e-6) return null;
    const speed = 0.15 / size;
    return this.#driver.drive(rod, vx * speed, vy * speed);
  }

  #approach(seen: Seen, block: SeenBlock, index: number, face: Face, offset: number): Float32Array {
    const { blockSide, rodRadius } = this.#geometry;
    const { rod } = seen;
    const reach = blockSide / 2 + rodRadius + 0.022;
    const goal = {
      x: block.x - face.nx * reach - face.ny * offset,
      y: block.y - face.ny * reach + face.nx * offset,
    };
    const discs = seen.blocks.map(({ x, y }, i) => ({ x, y, radius: i === index ? 0.06 : 0.064 }));
    const way = wayAround(rod, goal, discs);
    let length = 0;
    let from: Point = rod;
    for (const point of way) {
      length += Math.hypot(point.x - from.x, point.y - from.y);
      from = point;
    }
    const next = way[0] as Point;
    const dx = next.x - rod.x;
    const dy = next.y - rod.y;
    const distance = Math.max(1e-9, Math.hypot(dx, dy));
    const speed = Math.min(this.#style.travelSpeed, 3 * length + 0.005);
    return this.#driver.drive(rod, (dx / distance) * speed, (dy / distance) * speed);
  }

  #pushOn(
    rod: RodObservation,
    block: SeenBlock,
    face: Face,
    wantedOffset: number,
    left: number,
  ): Float32Array {
    const { controlSeconds } = this.#geometry;
    const last = this.#lastBlock ?? block;
    this.#lastBlock = block;
    const spin = wrapAngle(block.angleRad - last.angleRad) / controlSeconds;
    const vx = (block.x - last.x) / controlSeconds;
    const vy = (block.y - last.y) / controlSeconds;
    // where the rod touches, the face moves sideways with the block and its turning
    const faceSideways = -vx * face.ny + vy * face.nx - spin * face.before;
    const sideways = clamp(faceSideways + 6 * (wantedOffset - face.offset), -0.15, 0.15);
    const turning = Math.abs(face.error);
    const ahead = Math.min(this.#style.pushSpeed, 3 * left + 0.02) * clamp(1.15 - turning, 0.35, 1);
    return this.#driver.drive(
      rod,
      face.nx * ahead - face.ny * sideways,
      face.ny * ahead + face.nx * sideways,
    );
  }

  /**
   * Estimates what it takes to push a block to its aim, metres of pushing: the way around the others, and what stands on it or
   * before the face that would be pushed.
   */
  effort(seen: Seen, index: number, aim: Point): number {
    const block = seen.blocks[index] as SeenBlock;
    const way = [block, ...wayAround(block, aim, this.#keepouts(seen, index))];
    const { blockSide } = this.#geometry;
    let effort = 0;
    for (let i = 1; i < way.length; i++) {
      const [from, to] = [way[i - 1] as Point, way[i] as Point];
      effort += Math.hypot(to.x - from.x, to.y - from.y);
      for (const [other, at] of seen.blocks.entries()) {
        if (other !== index && !isClear(from, to, [{ ...at, radius: blockSide }])) effort += 0.3;
      }
    }
    const heading = Math.atan2((way[1] as Point).y - block.y, (way[1] as Point).x - block.x);
    const face = this.#look(seen.rod, block, this.#chooseFace(seen, block, index, heading), heading);
    return effort + 0.2 * Math.max(0, Math.abs(face.error) - Math.PI / 4);
  }

  /** Whether a block is as close to its aim as this person wants it. */
  isThere(block: Point, aim: Point): boolean {
    return Math.hypot(aim.x - block.x, aim.y - block.y) < this.#style.precision;
  }
}
