import { box as boxSize } from '../envs/aligning/layout.ts';
import type { Rng } from '../src/random.ts';
import { cornerGrip, wallGrip } from './aligning-grip.ts';
import { BoxMover, type MoveStyle } from './aligning-mover.ts';
import { BoxHand, heights, type SeenBox, seeBox } from './aligning-sight.ts';
import type { DemonstrationRequest, Demonstrator, Pilot } from './demonstrator.ts';
import { drawIdleSteps } from './push-style.ts';

/** The rod comes down when it is this close to the middle of the box, metres. */
const overMiddle = 0.025;

/**
 * Of the hand over the table: standard deviation per action and axis, metres. With Pushing's 3 mm one in ten boxes that are
 * pushed from outside is not aligned in time.
 */
const tremor = 0.002;

/** Draws how one person moves the box in one episode. */
function drawMoveStyle(rng: Rng): MoveStyle {
  return {
    travelSpeed: rng.uniform(0.26, 0.32),
    moveSpeed: rng.uniform(0.13, 0.17),
    radius: rng.uniform(0.1, 0.12),
    run: rng.uniform(0.04, 0.06),
    reluctance: Array.from({ length: 4 }, () => rng.uniform(0, 0.03)),
  };
}

class AligningPilot implements Pilot {
  readonly #style: MoveStyle;
  readonly #mover: BoxMover;
  readonly #hand: BoxHand;
  #idle: number;
  #isEntering: boolean;

  constructor({ mode, rng, trunk }: DemonstrationRequest) {
    this.#style = drawMoveStyle(rng);
    this.#idle = drawIdleSteps(rng, trunk);
    this.#isEntering = mode === 0;
    this.#hand = new BoxHand({ tremor, rng: rng.fork('hand') });
    this.#mover = new BoxMover(mode === 0 ? cornerGrip : wallGrip, this.#style, this.#hand);
  }

  act(observation: Float32Array): Float32Array {
    const seen = seeBox(observation);
    if (this.#idle-- > 0) return this.#hand.drive(seen, [0, 0], heights.high);
    return this.#isEntering ? this.#enter(seen) : this.#mover.act(seen);
  }

  /** Over the wall to the middle of the box, then down. */
  #enter(seen: SeenBox): Float32Array {
    const { box, rod, z } = seen;
    const away = Math.hypot(box.x - rod.x, box.y - rod.y);
    const isOverMiddle = away < overMiddle;
    if (isOverMiddle && z < boxSize.wallHeight - 0.005) this.#isEntering = false;
    const height = isOverMiddle ? heights.low : heights.high;
    return this.#hand.goTo(seen, box, away, this.#style.travelSpeed, height);
  }
}

/** Demonstrates Aligning-v0: tows the box by an inner corner, or pushes it at the middle of a wall from outside. */
export const aligningDemonstrator: Demonstrator = {
  envId: 'Aligning-v0',
  name: 'trembling-box-mover',
  envKwargs: {},
  begin: (request) => new AligningPilot(request),
};
