import type { PlanarPose } from '../envs/aligning/alignment.ts';
import { box, rodStart } from '../envs/aligning/layout.ts';
import * as mechanics from '../envs/table/mechanics.ts';
import type { RodObservation } from './rod-driver.ts';
import { SteadyHand, type Tremor } from './steady-hand.ts';
import type { Point } from './way-around.ts';

/** What an observation of Aligning shows. */
export interface SeenBox {
  readonly rod: RodObservation;
  readonly commandedZ: number;
  readonly z: number;
  readonly box: PlanarPose;
  readonly target: PlanarPose;
}

/** Reads an observation of Aligning. */
export function seeBox(observation: Float32Array): SeenBox {
  const at = (i: number) => observation[i] as number;
  const pose = (i: number) => ({ x: at(i), y: at(i + 1), angleRad: Math.atan2(at(i + 2), at(i + 3)) });
  return {
    rod: { commandedX: at(0), commandedY: at(1), x: at(3), y: at(4) },
    commandedZ: at(2),
    z: at(5),
    box: pose(6),
    target: pose(10),
  };
}

/** Heights of the rod's tip at which it pushes, and at which it passes over the walls, metres. */
export const heights = { low: 0.05, high: rodStart.z } as const;

/** Acceleration that pushing the box takes from the rod, m/s². */
export const boxLoad = (box.floorFriction * 9.81 * box.floorMassKg) / mechanics.rodMassKg;

/** The tremor of the height as a share of that over the table. */
const heightTremor = 1 / 2;

/**
 * Drives the rod: a velocity over the table and a height, by what is seen now alone. The height trembles too: without it no
 * demonstration shows how to come back to a height, and a policy's errors add up until the rod is on the floor plate or
 * above the walls.
 */
export class BoxHand {
  readonly #hand: SteadyHand;
  readonly #tremor: Tremor;

  constructor(tremor: Tremor) {
    this.#hand = new SteadyHand(mechanics, tremor);
    this.#tremor = tremor;
  }

  /**
   * Chooses the action of a step.
   *
   * @param velocity - wanted velocity [x, y], m/s.
   * @param z - wanted height of the tip, metres.
   * @param load - acceleration [x, y] that what is pushed takes from the rod, m/s².
   */
  drive(
    seen: SeenBox,
    [vx, vy]: readonly [number, number],
    z: number,
    load: readonly [number, number] = [0, 0],
  ): Float32Array {
    const [x = 0, y = 0] = this.#hand.drive(seen.rod, vx, vy, load);
    const { maxDelta } = mechanics;
    const { rng, tremor } = this.#tremor;
    const wanted = z - seen.commandedZ + rng.normal(0, heightTremor * tremor);
    return new Float32Array([x, y, Math.min(Math.max(wanted, -maxDelta), maxDelta)]);
  }

  /** Goes to a point straight, and slows down as the way that is left gets short. @param left - metres. */
  goTo(seen: SeenBox, point: Point, left: number, speed: number, z: number): Float32Array {
    const dx = point.x - seen.rod.x;
    const dy = point.y - seen.rod.y;
    const distance = Math.max(1e-9, Math.hypot(dx, dy));
    const v = Math.min(speed, 3 * left + 0.005) / distance;
    return this.drive(seen, [dx * v, dy * v], z);
  }
}
