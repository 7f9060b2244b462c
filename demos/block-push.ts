import { control } from '../envs/block-push/layout.ts';
import type { Rng } from '../src/random.ts';
import type { DemonstrationRequest, Demonstrator, Pilot } from './demonstrator.ts';
import { type Point, wayAround } from './way-around.ts';

/** What the oracle is doing; named as in google-research/ibc. */
type Phase =
  | 'move to pre-block'
  | 'move to block'
  | 'push'
  | 'orient left'
  | 'orient right'
  | 'return to first pre-block'
  | 'return to origin';

/** Largest speed of the command in each phase, m/s. */
const speeds: Readonly<Record<Phase, number>> = {
  'move to pre-block': 0.3,
  'move to block': 0.35,
  push: 0.35,
  'orient left': 0.15,
  'orient right': 0.15,
  'return to first pre-block': 0.3,
  'return to origin': 0.3,
};

/** A goal of the command counts as reached within this, metres. */
const arrival = 0.001;
/** The second block's turn comes when the first is this close to its target, metres. */
const delivered = 0.04;
/** The second block is pushed until it is this close. */
const finished = 0.02;
/** The block is turned when its yaw is off by more than this, radians, and until it is off by less than `aligned`. */
const misaligned = 0.2;
const aligned = 0.03;
/** Ways between pushes keep the rod's centre this far from the blocks' centres, metres. */
const clearance = 0.044;

/** A block that is pushed past the other one keeps this far from it, centre to centre, metres. */
const passing = 0.058;

/** (block, target) of the first push, by mode; the second push takes the others. */
const firstPush = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
] as const;

interface Pose extends Point {
  readonly angleRad: number;
}

interface Seen {
  readonly blocks: readonly Pose[];
  readonly targets: readonly Pose[];
  readonly commanded: Point;
}

/** Reads an observation of BlockPush with yaw as sine and cosine. */
function see(observation: Float32Array): Seen {
  const at = (i: number) => observation[i] as number;
  const pose = (i: number) => ({ x: at(i), y: at(i + 1), angleRad: Math.atan2(at(i + 2), at(i + 3)) });
  return { blocks: [pose(0), pose(4)], targets: [pose(12), pose(16)], commanded: { x: at(10), y: at(11) } };
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** Folds an angle by quarter turns, after which a square looks the same, to within an eighth of a turn. */
function foldQuarter(angle: number): number {
  return angle - (Math.PI / 2) * Math.round(angle / (Math.PI / 2));
}

class OraclePilot implements Pilot {
  readonly #rng: Rng;
  /** Standard deviation of what is added to every action at full speed, metres per axis. */
  readonly #noise: number;
  #block: number;
  #target: number;
  #phase: Phase = 'move to pre-block';
  #isSecond = false;
  #origin: Point | null = null;
  #firstPreBlock: Point | null = null;

  constructor({ mode, rng }: DemonstrationRequest) {
    [this.#block, this.#target] = firstPush[mode] ?? [0, 0];
    this.#rng = rng;
    this.#noise = rng.uniform(0, 0.0015);
  }

  act(observation: Float32Array): Float32Array {
    const seen = see(observation);
    this.#origin ??= seen.commanded;
    const left = distance(this.#at(seen), this.#goal(seen));
    if (this.#isSecond && left < finished) return new Float32Array(2);
    if (!this.#isSecond && left < delivered) {
      this.#isSecond = true;
      this.#phase = 'return to first pre-block';
      this.#block = 1 - this.#block;
      this.#target = 1 - this.#target;
    }
    const aim = this.#aim(seen);
    const way = this.#phase.startsWith('orient') || this.#isPushing() ? [aim] : this.#wayTo(seen, aim);
    const next = way[0] ?? aim;
    const limit = speeds[this.#phase] * control.controlSeconds;
    const away = distance(next, seen.commanded);
    const scale = away > limit ? limit / away : 1;
    const noise = away > limit ? this.#noise : 0;
    return this.#action(
      (next.x - seen.commanded.x) * scale + this.#rng.normal(0, 1) * noise,
      (next.y - seen.commanded.y) * scale + this.#rng.normal(0, 1) * noise,
    );
  }

  #isPushing(): boolean {
    return this.#phase === 'push' || this.#phase === 'move to block';
  }

  #action(x: number, y: number): Float32Array {
    const { maxDelta } = control;
    return new Float32Array([
      Math.min(Math.max(x, -maxDelta), maxDelta),
      Math.min(Math.max(y, -maxDelta), maxDelta),
    ]);
  }

  #at(seen: Seen): Pose {
    return seen.blocks[this.#block] as Pose;
  }

  #goal(seen: Seen): Pose {
    return seen.targets[this.#target] as Pose;
  }

  #wayTo(seen: Seen, aim: Point): readonly Point[] {
    const discs = seen.blocks.map(({ x, y }) => ({ x, y, radius: clearance }));
    return wayAround(seen.commanded, aim, discs);
  }

  /** Where the block is to go first: past the other block where that is in the way, else to its target. */
  #past(seen: Seen, block: Point, target: Point): Point {
    const other = seen.blocks[1 - this.#block] as Pose;
    const way = wayAround(block, target, [{ x: other.x, y: other.y, radius: passing }]);
    return way.find((point) => distance(point, block) > 0.02) ?? target;
  }

  /** Goes through the phases that are over, and returns where the command is to go in the one that is not. */
  #aim(seen: Seen): Point {
    const block = this.#at(seen);
    const target = this.#goal(seen);
    const { commanded } = seen;
    const next = this.#past(seen, block, target);
    const left = Math.max(1e-6, distance(block, next));
    const dx = (next.x - block.x) / left;
    const dy = (next.y - block.y) / left;
    const error = foldQuarter(Math.atan2(dy, dx) - block.angleRad);
    const before = (by: number) => ({ x: block.x - by * dx, y: block.y - by * dy });
    const reached = (point: Point) => distance(commanded, point) < arrival;
    for (;;) {
      switch (this.#phase) {
        case 'return to first pre-block': {
          const point = this.#firstPreBlock ?? (this.#origin as Point);
          if (!reached(point)) return point;
          this.#phase = 'return to origin';
          break;
        }
        case 'return to origin':
          if (!reached(this.#origin as Point)) return this.#origin as Point;
          this.#phase = 'move to pre-block';
          break;
        case 'move to pre-block':
          if (!reached(before(0.05))) return before(0.05);
          this.#firstPreBlock ??= before(0.05);
          this.#phase = 'move to block';
          break;
        case 'move to block':
          if (error > misaligned) this.#phase = 'orient left';
          else if (error < -misaligned) this.#phase = 'orient right';
          else if (!reached(before(0.03))) return before(0.03);
          else this.#phase = 'push';
          break;
        case 'push':
          if (Math.abs(error) <= misaligned) return before(0.01);
          this.#phase = 'move to pre-block';
          break;
        case 'orient left':
        case 'orient right': {
          const side = this.#phase === 'orient left' ? 1 : -1;
          if (side * error < aligned) {
            this.#phase = 'move to pre-block';
            break;
          }
          const angle = Math.atan2(commanded.y - block.y, commanded.x - block.x) + 0.2 * side;
          return { x: block.x + 0.025 * Math.cos(angle), y: block.y + 0.025 * Math.sin(angle) };
        }
      }
    }
  }
}

/**
 * Demonstrates BlockPush-v0 with the phases of IBC's oracle (google-research/ibc), except that the ways between pushes lead
 * around the blocks.
 */
export const blockPushDemonstrator: Demonstrator = {
  envId: 'BlockPush-v0',
  name: 'ibc-oracle',
  envKwargs: {},
  begin: (request) => new OraclePilot(request),
};
