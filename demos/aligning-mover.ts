import { positionError, rotationError } from '../envs/aligning/alignment.ts';
import { box as boxSize } from '../envs/aligning/layout.ts';
import { wrapAngle } from '../src/physics/wrap-angle.ts';
import { axleOf, type Grip, offsetAfter, pullFor, rodInBox } from './aligning-grip.ts';
import { type BoxHand, boxLoad, heights, type SeenBox } from './aligning-sight.ts';
import { DubinsPath } from './dubins.ts';
import { wayAround } from './way-around.ts';

/** How one person moves the box in one episode. */
export interface MoveStyle {
  /** Speed of the rod on its way to the box, and while it moves the box, m/s. */
  readonly travelSpeed: number;
  readonly moveSpeed: number;
  /** Smallest radius of a curve, metres. */
  readonly radius: number;
  /** Straight end of a way, metres. */
  readonly run: number;
  /** What this person would rather not take hold of, by quarter turn of the box, as metres of way. */
  readonly reluctance: readonly number[];
}

/** A path of the axle with a straight end, and the offset that the rod is expected to have there. */
interface Way {
  readonly path: DubinsPath;
  readonly length: number;
  readonly endOffset: number;
}

/** A way of the box that is held at a quarter turn. */
interface Move {
  readonly quarter: number;
  /** Smallest radius of its curves, metres. */
  readonly radius: number;
  way: Way;
  /** How far along it the axle is, metres. */
  distance: number;
  isHeld: boolean;
}

/** Errors with which the box is left alone, somewhat below the task's: metres, radians. */
const near = { position: 0.015, rotation: 0.13 } as const;
/** Ways around the box keep the rod this far from its centre; its corners reach 0.088 m with the rod. */
const clearance = 0.096;
/** How strongly the curvature is corrected per metre aside and per radian askew: 1/m², 1/m. */
const gains = { aside: 150, askew: 22 } as const;
/** The curvature of the path is taken this far ahead, metres. */
const preview = 0.01;
/** A path is laid anew when the offset at its end is to differ so much, unless that is near or a detour: metres. */
const renewal = { offset: 0.0015, left: 0.05, detour: 0.03 } as const;
/** Tighter curves, as a share of the usual radius, and what they must save: metres. */
const tightness = 0.75;
const detour = 0.1;
/** A search step along the path, metres. */
const searchStep = 0.001;

/**
 * Moves the box to its target by one contact that sticks: along a Dubins path of the box's axle, as one reverses or tows a
 * trailer. Of the four places to take hold it takes the one with the shortest way. What the end of a way leaves is done by
 * another.
 */
export class BoxMover {
  readonly #grip: Grip;
  readonly #style: MoveStyle;
  readonly #hand: BoxHand;
  #move: Move | null = null;
  #isLeaving = false;

  constructor(grip: Grip, style: MoveStyle, hand: BoxHand) {
    this.#grip = grip;
    this.#style = style;
    this.#hand = hand;
  }

  /** Chooses the action of a step; to be called once per control step, with the rod inside the box where it tows. */
  act(seen: SeenBox): Float32Array {
    if (this.#move === null) {
      if (isNear(seen)) {
        this.#isLeaving = false;
        return this.#hand.drive(seen, [0, 0], heights.low);
      }
      if (this.#isLeaving) {
        const back = this.#stepBack(seen);
        if (back !== null) return back;
        this.#isLeaving = false;
      }
      this.#move = this.#plan(seen);
    }
    return this.#move.isHeld ? this.#steer(seen, this.#move) : this.#takeHold(seen, this.#move);
  }

  /** Chooses where to take hold; a tighter curve is taken where it saves a loop. */
  #plan(seen: SeenBox): Move {
    const { radius, reluctance } = this.#style;
    const candidates = [0, 1, 2, 3].flatMap((quarter) =>
      [radius, tightness * radius].map((r) => {
        const way = this.#lay(seen, quarter, 0, r);
        const cost = way.length + (reluctance[quarter] ?? 0) + (r < radius ? detour : 0);
        return { quarter, radius: r, way, cost };
      }),
    );
    const { quarter, radius: chosen, way } = candidates.reduce((a, b) => (b.cost < a.cost ? b : a));
    return { quarter, radius: chosen, way, distance: 0, isHeld: false };
  }

  /** Lays a path from where the box is. @param offset - of the rod now, metres. */
  #lay({ box, target }: SeenBox, quarter: number, offset: number, radius: number): Way {
    const { run } = this.#style;
    const from = axleOf(this.#grip, box, quarter, offset);
    const layTo = (endOffset: number) => {
      const end = axleOf(this.#grip, target, quarter, endOffset);
      const x = end.x - run * Math.cos(end.angleRad);
      const y = end.y - run * Math.sin(end.angleRad);
      return new DubinsPath(from, { x, y, angleRad: end.angleRad }, radius);
    };
    const turnOf = (path: DubinsPath) => path.at(path.length).angleRad - from.angleRad;
    const path = layTo(offsetAfter(this.#grip, offset, turnOf(layTo(offset))));
    const endOffset = offsetAfter(this.#grip, offset, turnOf(path));
    return { path, length: path.length + run, endOffset };
  }

  #takeHold(seen: SeenBox, move: Move): Float32Array {
    const { box, rod } = seen;
    const { rodAt } = this.#grip;
    const { travelSpeed } = this.#style;
    const { angleRad } = axleOf(this.#grip, box, move.quarter, 0);
    const at = (ahead: number) => ({
      x: box.x + ahead * Math.cos(angleRad),
      y: box.y + ahead * Math.sin(angleRad),
    });
    const hold = at(rodAt);
    const left = Math.hypot(hold.x - rod.x, hold.y - rod.y);
    if (left < 0.004) move.isHeld = true;
    if (rodAt > 0) return this.#hand.goTo(seen, hold, left + 0.02, travelSpeed, heights.low);
    const [ahead, aside] = rodInBox(this.#grip, box, move.quarter, rod);
    const isLow = seen.z < boxSize.wallHeight - 0.01;
    if (isLow && ahead < rodAt + 0.004 && Math.abs(aside) < 0.008) {
      return this.#hand.goTo(seen, hold, left + 0.01, travelSpeed, heights.low);
    }
    const ready = at(-clearance - 0.003);
    const way = wayAround(rod, ready, [{ x: box.x, y: box.y, radius: clearance }]);
    const points = [rod, ...way];
    const length = way.reduce((sum, { x, y }, i) => {
      const from = points[i] ?? rod;
      return sum + Math.hypot(x - from.x, y - from.y);
    }, 0);
    // not down into the box
    const isClear = isLow || positionError(rod, box) > clearance;
    const height = isClear ? heights.low : heights.high;
    return this.#hand.goTo(seen, way[0] ?? ready, length + 0.01, travelSpeed, height);
  }

  #steer(seen: SeenBox, move: Move): Float32Array {
    const { box, rod } = seen;
    const [ahead, aside] = rodInBox(this.#grip, box, move.quarter, rod);
    const offset = this.#grip.isFlat ? aside : 0;
    const axle = axleOf(this.#grip, box, move.quarter, offset);
    this.#advance(move, axle);
    const left = move.way.length - move.distance;
    const hasSlipped = ahead < this.#grip.rodAt - 0.03;
    if (left < searchStep || hasSlipped || isNear(seen)) {
      this.#move = null;
      this.#isLeaving = true;
      return this.#hand.drive(seen, [0, 0], heights.low);
    }
    this.#renew(seen, move, offset);
    const { path, length } = move.way;
    const here = path.at(move.distance);
    const away = (axle.y - here.y) * Math.cos(here.angleRad) - (axle.x - here.x) * Math.sin(here.angleRad);
    const askew = wrapAngle(axle.angleRad - here.angleRad);
    const coming = path.at(move.distance + preview).curvature;
    const pull = pullFor(this.#grip, offset, coming - gains.aside * away - gains.askew * askew);
    const speed = Math.min(this.#style.moveSpeed, 2.5 * (length - move.distance) + 0.03);
    const turned = this.#grip.anticipation * speed * pull.curvature;
    const toward = axle.angleRad + pull.direction + turned;
    const against = axle.angleRad + pull.force;
    return this.#hand.drive(seen, [speed * Math.cos(toward), speed * Math.sin(toward)], heights.low, [
      boxLoad * Math.cos(against),
      boxLoad * Math.sin(against),
    ]);
  }

  /** Goes on along the path to the point that is nearest to the axle. */
  #advance(move: Move, axle: { readonly x: number; readonly y: number }): void {
    const { length, path } = move.way;
    const squared = (distance: number) => {
      const { x, y } = path.at(distance);
      return (x - axle.x) ** 2 + (y - axle.y) ** 2;
    };
    let now = squared(move.distance);
    while (move.distance < length) {
      const next = squared(move.distance + searchStep);
      if (next >= now) return;
      move.distance += searchStep;
      now = next;
    }
  }

  /** Lays the path anew where the rod rolls or slides otherwise than was expected, unless that led far around. */
  #renew(seen: SeenBox, move: Move, offset: number): void {
    const { endOffset, length, path } = move.way;
    const left = length - move.distance;
    const turn = path.at(length).angleRad - path.at(move.distance).angleRad;
    const expected = offsetAfter(this.#grip, offset, turn);
    if (Math.abs(expected - endOffset) <= renewal.offset || left <= renewal.left) return;
    const way = this.#lay(seen, move.quarter, offset, move.radius);
    if (way.length > left + renewal.detour) return;
    move.way = way;
    move.distance = 0;
  }

  /** Steps back from the box on the outside; null when that is done, and on the inside, where it is not needed. */
  #stepBack(seen: SeenBox): Float32Array | null {
    if (this.#grip.rodAt > 0) return null;
    const dx = seen.rod.x - seen.box.x;
    const dy = seen.rod.y - seen.box.y;
    const distance = Math.hypot(dx, dy);
    if (distance > clearance + 0.002) return null;
    return this.#hand.drive(seen, [(0.15 * dx) / distance, (0.15 * dy) / distance], heights.low);
  }
}

function isNear({ box, target }: SeenBox): boolean {
  return positionError(box, target) < near.position && rotationError(box, target) < near.rotation;
}
