import { EndEffector } from '../../src/physics/end-effector.ts';
import { type Body, PlanarWorld } from '../../src/physics/planar-world.ts';
import type { Scene } from '../../src/physics/scene.ts';
import { meanRadiusOfSquare, TableFriction } from '../../src/physics/table-friction.ts';
import type { Episode, TaskInfo } from '../episode.ts';
import { contactFriction, rodMassKg, rodRadius, tableFriction } from './mechanics.ts';
import type { Judge, Start, TableRules, TableState } from './table-rules.ts';
import { tableScene } from './table-scene.ts';

interface BlockState {
  x: number;
  y: number;
  angleRad: number;
}

/** How far the rod can overtake its command's largest change within a control step, metres. */
const overshoot = 0.035;

/**
 * One episode of a {@link TableTask}. Within a step the order is physics, observation, judgement. The reward is the
 * judge's credit, and the rules' reward for success in the step that completes it; success ends the episode.
 */
export class TableEpisode implements Episode {
  reward = 0;
  terminated = false;
  readonly #rules: TableRules;
  readonly #start: Start;
  readonly #world: PlanarWorld;
  readonly #rod: Body;
  readonly #blocks: readonly Body[];
  readonly #frictions: readonly TableFriction[];
  readonly #arm: EndEffector;
  readonly #judge: Judge;
  readonly #state: TableState & { readonly blocks: readonly BlockState[] };
  /** Square of the distance of centres beyond which two things do not meet within a control step, square metres. */
  readonly #reachSquared: number;
  /** 1 for each block that may move in the control step. */
  readonly #movable: Uint8Array;
  #held = 0;

  /** @throws ModewiseError before `loadPhysics`. */
  constructor(rules: TableRules, start: Start) {
    const { blockMassKg, blockSide, blocks, control, rodStart } = rules;
    const { controlSeconds, responseX, responseY, subSteps } = control;
    const subStepSeconds = controlSeconds / subSteps;
    this.#rules = rules;
    this.#start = start;
    this.#world = new PlanarWorld({ subStepSeconds, lengthUnit: 2 * rodRadius });
    this.#rod = this.#world.add({
      name: 'rod',
      shape: { kind: 'disc', radius: rodRadius },
      poseInWorld: [rodStart.x, rodStart.y, 0],
      motion: 'sliding',
      massKg: rodMassKg,
      friction: contactFriction,
    });
    this.#blocks = blocks.map(({ name }, i) =>
      this.#world.add({
        name,
        shape: { kind: 'box', halfWidth: blockSide / 2, halfDepth: blockSide / 2 },
        poseInWorld: start.blocks[i] ?? [0, 0, 0],
        motion: 'dynamic',
        massKg: blockMassKg,
        friction: contactFriction,
      }),
    );
    const meanRadius = meanRadiusOfSquare(blockSide);
    this.#frictions = this.#blocks.map(
      (body) => new TableFriction({ body, coefficient: tableFriction, meanRadius, subStepSeconds }),
    );
    this.#arm = new EndEffector({ body: this.#rod, responseX, responseY, controlSeconds, subSteps });
    this.#state = {
      commanded: this.#arm.commanded,
      rod: { x: 0, y: 0 },
      blocks: this.#blocks.map(() => ({ x: 0, y: 0, angleRad: 0 })),
      targets: start.targets,
    };
    this.#reachSquared = (Math.SQRT2 * blockSide + 2 * control.maxDelta + overshoot) ** 2;
    this.#movable = new Uint8Array(blocks.length);
    this.#look();
    this.#judge = rules.judge();
    this.#judge.observe(this.#state);
  }

  get scene(): Scene {
    return tableScene(this.#rules, this.#start);
  }

  advance(action: Float32Array): void {
    const { control, holdSteps, successReward } = this.#rules;
    const [minX, minY, maxX, maxY] = control.workspace;
    const arm = this.#arm;
    const x = (arm.commanded[0] as number) + (action[0] as number);
    const y = (arm.commanded[1] as number) + (action[1] as number);
    arm.command(Math.min(Math.max(x, minX), maxX), Math.min(Math.max(y, minY), maxY));
    this.#findMovable();
    for (let i = 0; i < control.subSteps; i++) {
      arm.push();
      this.#world.step();
      for (let j = 0; j < this.#frictions.length; j++) {
        if (this.#movable[j] === 1) (this.#frictions[j] as TableFriction).rub();
      }
    }
    this.#look();
    this.#judge.observe(this.#state);
    this.#held = this.#judge.solved ? this.#held + 1 : 0;
    const completes = !this.terminated && this.#held >= holdSteps;
    if (completes) this.terminated = true;
    this.reward = this.#judge.credit + (completes ? successReward : 0);
  }

  /** Reads from the engine where everything is. */
  #look(): void {
    const { blocks, rod } = this.#state;
    this.#rod.rigidBody.translation(rod);
    for (let i = 0; i < blocks.length; i++) {
      const { rigidBody } = this.#blocks[i] as Body;
      const seen = blocks[i] as BlockState;
      rigidBody.translation(seen);
      seen.angleRad = rigidBody.rotation();
    }
  }

  /**
   * Finds the blocks that move, are held, or that may be set in motion within a control step because the rod or a block that can
   * move is near. All others lie still, and rubbing them would change nothing.
   */
  #findMovable(): void {
    const { blocks, rod } = this.#state;
    const movable = this.#movable;
    let found = false;
    for (let i = 0; i < blocks.length; i++) {
      const may =
        (this.#blocks[i] as Body).isHeld ||
        !(this.#frictions[i] as TableFriction).isAtRest ||
        this.#isNear(rod, blocks[i] as BlockState);
      movable[i] = may ? 1 : 0;
      found ||= may;
    }
    while (found) {
      found = false;
      for (let i = 0; i < blocks.length; i++) {
        if (movable[i] === 1) continue;
        for (let j = 0; j < blocks.length && movable[i] === 0; j++) {
          if (movable[j] === 0 || !this.#isNear(blocks[j] as BlockState, blocks[i] as BlockState)) continue;
          movable[i] = 1;
          found = true;
        }
      }
    }
  }

  #isNear(a: { readonly x: number; readonly y: number }, b: BlockState): boolean {
    const dx = a.x - b.x;
    const dy = a.y - b.y;
    return dx * dx + dy * dy < this.#reachSquared;
  }

  observe(target: Float32Array): void {
    this.#rules.observation.write(this.#state, target);
  }

  report({ outcome }: TaskInfo): void {
    const judge = this.#judge;
    outcome.success = this.terminated;
    outcome.mode = judge.mode;
    outcome.distance = this.terminated ? 0 : judge.distance;
    if (outcome.metrics !== undefined) judge.measure?.(outcome.metrics, this.terminated);
  }

  poses(target: Float32Array): void {
    const { blocks, rod, targets } = this.#state;
    target[0] = rod.x;
    target[1] = rod.y;
    target[2] = 0;
    let at = 3;
    for (const { angleRad, x, y } of blocks) {
      target[at++] = x;
      target[at++] = y;
      target[at++] = angleRad;
    }
    for (const [x, y, angleRad] of targets) {
      target[at++] = x;
      target[at++] = y;
      target[at++] = angleRad;
    }
  }

  /** Rod and blocks can be held. */
  hold(part: number, x: number, y: number): boolean {
    const body = [this.#rod, ...this.#blocks][part];
    if (body === undefined) return false;
    const [minX, minY, maxX, maxY] = this.#rules.control.workspace;
    this.#world.hold(body, Math.min(Math.max(x, minX), maxX), Math.min(Math.max(y, minY), maxY));
    return true;
  }

  release(): void {
    this.#world.release();
  }

  stateHash(): string {
    return this.#world.stateHash([...this.#arm.commanded, ...this.#start.targets.flat()]);
  }

  dispose(): void {
    this.#world.dispose();
  }
}
