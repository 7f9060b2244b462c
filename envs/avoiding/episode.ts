import { EndEffector } from '../../src/physics/end-effector.ts';
import { type Body, PlanarWorld } from '../../src/physics/planar-world.ts';
import type { Episode, TaskInfo } from '../episode.ts';
import * as layout from './layout.ts';
import { ModeTracker } from './modes.ts';
import { scene } from './scene.ts';

const [minX, minY, maxX, maxY] = layout.table;

/** One episode of Avoiding: 1 is earned by crossing the finish line, and a touch before it ends the episode. */
export class AvoidingEpisode implements Episode {
  readonly scene = scene;
  reward = 0;
  readonly #world: PlanarWorld;
  readonly #rod: Body;
  readonly #arm: EndEffector;
  readonly #tracker = new ModeTracker();
  readonly #terminateOnSuccess: boolean;
  readonly #position = { x: 0, y: 0 };
  #success = false;
  /** Name of the obstacle that was touched. */
  #touched: string | null = null;

  /**
   * @param terminateOnSuccess - whether crossing the finish line ends the episode.
   * @throws ModewiseError before `loadPhysics`.
   */
  constructor(terminateOnSuccess: boolean) {
    const { controlSeconds, responseX, responseY, subSteps } = layout;
    this.#terminateOnSuccess = terminateOnSuccess;
    this.#world = new PlanarWorld({
      subStepSeconds: controlSeconds / subSteps,
      lengthUnit: 2 * layout.rodRadius,
    });
    this.#rod = this.#world.add({
      name: 'rod',
      shape: { kind: 'disc', radius: layout.rodRadius },
      poseInWorld: [layout.start.x, layout.start.y, 0],
      motion: 'sliding',
    });
    for (const { name, x, y, radius } of layout.obstacles) {
      this.#world.add({ name, shape: { kind: 'disc', radius }, poseInWorld: [x, y, 0], motion: 'fixed' });
    }
    this.#arm = new EndEffector({ body: this.#rod, responseX, responseY, controlSeconds, subSteps });
    this.#rod.rigidBody.translation(this.#position);
  }

  get terminated(): boolean {
    return this.#touched !== null || (this.#success && this.#terminateOnSuccess);
  }

  advance(action: Float32Array): void {
    const arm = this.#arm;
    const x = (arm.commanded[0] as number) + (action[0] as number);
    const y = (arm.commanded[1] as number) + (action[1] as number);
    arm.command(Math.min(Math.max(x, minX), maxX), Math.min(Math.max(y, minY), maxY));
    let touched: Body | null = null;
    for (let i = 0; i < layout.subSteps; i++) {
      arm.push();
      this.#world.step();
      touched ??= this.#world.touching(this.#rod);
    }
    const position = this.#rod.rigidBody.translation(this.#position);
    this.#tracker.observe(position.x, position.y);
    const succeededBefore = this.#success;
    // a touch fails the episode for good, but success at the same check, or before, stands
    if (this.#touched === null && position.y > layout.finishY) this.#success = true;
    if (!this.#success && touched !== null) this.#touched ??= touched.name;
    this.reward = this.#success && !succeededBefore ? 1 : 0;
  }

  observe(target: Float32Array): void {
    target[0] = this.#arm.commanded[0] as number;
    target[1] = this.#arm.commanded[1] as number;
    target[2] = this.#position.x;
    target[3] = this.#position.y;
  }

  /** Distance is what is left to the finish line. */
  report(info: TaskInfo): void {
    const { outcome } = info;
    outcome.success = this.#success;
    outcome.mode = this.#tracker.mode;
    outcome.distance = this.#success ? 0 : Math.max(0, layout.finishY - this.#position.y);
    info.touched = this.#touched;
  }

  poses(target: Float32Array): void {
    target[0] = this.#position.x;
    target[1] = this.#position.y;
    target[2] = 0;
  }

  /** The rod can be held. */
  hold(part: number, x: number, y: number): boolean {
    const body = part === 0 ? this.#rod : undefined;
    if (body === undefined) return false;
    this.#world.hold(body, Math.min(Math.max(x, minX), maxX), Math.min(Math.max(y, minY), maxY));
    return true;
  }

  release(): void {
    this.#world.release();
  }

  stateHash(): string {
    return this.#world.stateHash([...this.#arm.commanded]);
  }

  dispose(): void {
    this.#world.dispose();
  }
}
