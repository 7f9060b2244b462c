import { checkAction } from '../../src/gym/check-action.ts';
import type {
  EnvMetadata,
  Info,
  ResetOptions,
  ResetResult,
  StepResult,
  StepTarget,
} from '../../src/gym/env.ts';
import type { EnvSpec } from '../../src/gym/registry.ts';
import { EnvRandomness } from '../../src/gym/seeding.ts';
import { Box } from '../../src/gym/spaces/box.ts';
import { EndEffector } from '../../src/physics/end-effector.ts';
import { type Body, PlanarWorld } from '../../src/physics/planar-world.ts';
import type { Scene } from '../../src/physics/scene.ts';
import { meanRadiusOfSquare, TableFriction } from '../../src/physics/table-friction.ts';
import { Rng } from '../../src/random.ts';
import { sceneRenderModes } from '../../src/render/modes.ts';
import type { BehaviorDescriptor, EpisodeOutcome, EvaluationContext, Task } from '../task.ts';
import { contactFriction, rodMassKg, rodRadius, tableFriction } from './mechanics.ts';
import { readStart } from './start-options.ts';
import type { Judge, Start, TableRules, TableState } from './table-rules.ts';
import { tableScene } from './table-scene.ts';

interface BlockState {
  x: number;
  y: number;
  angleRad: number;
}

/** What an episode is made of; built anew at each reset, so that the first equals every other. */
interface Running {
  readonly start: Start;
  readonly world: PlanarWorld;
  readonly rod: Body;
  readonly blocks: readonly Body[];
  readonly frictions: readonly TableFriction[];
  readonly arm: EndEffector;
  readonly judge: Judge;
  /** Centres that are farther apart than this do not meet within a control step, metres. */
  readonly reach: number;
  readonly state: TableState & { readonly blocks: readonly BlockState[] };
}

/**
 * A task in which a rod, moved by an arm that lags behind its command, pushes blocks over a table with friction.
 * {@link TableRules} say which: geometry, observation, success and modes.
 *
 * Within a step the order is physics, observation, judgement. The reward is the judge's credit, and the rules' reward
 * for success in the step that completes it; success ends the episode.
 */
export class TableTask implements Task {
  readonly observationSpace: Box;
  readonly actionSpace: Box;
  readonly metadata: EnvMetadata;
  readonly spec: EnvSpec | null;
  readonly behavior: BehaviorDescriptor;
  readonly contexts: readonly EvaluationContext[];
  readonly dtSeconds: number;
  readonly observationNames: readonly string[];
  readonly actionNames: readonly string[] = ['delta_x', 'delta_y'];
  readonly #rules: TableRules;
  readonly #randomness = new EnvRandomness();
  #running: Running | null = null;
  #held = 0;
  #reward = 0;
  #success = false;

  /** @throws ModewiseError before `loadPhysics`. */
  constructor(rules: TableRules, spec: EnvSpec | null = null) {
    const { control, observation } = rules;
    this.#rules = rules;
    this.spec = spec;
    this.observationSpace = new Box({ low: observation.low, high: observation.high });
    this.actionSpace = new Box({ low: -control.maxDelta, high: control.maxDelta, shape: [2] });
    this.metadata = { renderModes: sceneRenderModes, renderFps: 1 / control.controlSeconds };
    this.dtSeconds = control.controlSeconds;
    this.observationNames = observation.names;
    this.behavior = { modes: rules.modes };
    this.contexts = rules.contexts;
  }

  get unwrapped(): this {
    return this;
  }

  /** The task as it was at the start of the running episode; before the first, as the rules draw it from seed 0. */
  get scene(): Scene {
    return tableScene(this.#rules, this.#episode().start);
  }

  /** The running episode; before the first reset one that nobody steps. */
  #episode(): Running {
    this.#running ??= this.#build(this.#rules.drawStart(Rng.fromSeed(0)));
    return this.#running;
  }

  #build(start: Start): Running {
    const { blockMassKg, blockSide, blocks, control, judge, rodStart } = this.#rules;
    const { controlSeconds, responseX, responseY, subSteps } = control;
    const subStepSeconds = controlSeconds / subSteps;
    const world = new PlanarWorld({ subStepSeconds, lengthUnit: 2 * rodRadius });
    const rod = world.add({
      name: 'rod',
      shape: { kind: 'disc', radius: rodRadius },
      poseInWorld: [rodStart.x, rodStart.y, 0],
      motion: 'sliding',
      massKg: rodMassKg,
      friction: contactFriction,
    });
    const bodies = blocks.map(({ name }, i) =>
      world.add({
        name,
        shape: { kind: 'box', halfWidth: blockSide / 2, halfDepth: blockSide / 2 },
        poseInWorld: start.blocks[i] ?? [0, 0, 0],
        motion: 'dynamic',
        massKg: blockMassKg,
        friction: contactFriction,
      }),
    );
    const meanRadius = meanRadiusOfSquare(blockSide);
    const frictions = bodies.map(
      (body) => new TableFriction({ body, coefficient: tableFriction, meanRadius, subStepSeconds }),
    );
    const arm = new EndEffector({ body: rod, responseX, responseY, controlSeconds, subSteps });
    const state = {
      commanded: arm.commanded,
      rod: { x: 0, y: 0 },
      blocks: bodies.map(() => ({ x: 0, y: 0, angleRad: 0 })),
      targets: start.targets,
    };
    const reach = Math.SQRT2 * blockSide + 2 * control.maxDelta + 0.035;
    const running = { reach, start, world, rod, blocks: bodies, frictions, arm, judge: judge(), state };
    look(running);
    running.judge.observe(state);
    return running;
  }

  /**
   * Starts an episode.
   *
   * @param options - `blocks` (and `targets` where these vary) fix the start; without, it is drawn from the seed.
   * @throws UsageError when an option is unknown or a pose is not on the table.
   */
  reset(options: ResetOptions = {}): ResetResult<Float32Array> {
    const rng = this.#randomness.begin(options.seed);
    const start = readStart(options.options, this.#rules) ?? this.#rules.drawStart(rng);
    this.#running?.world.dispose();
    this.#running = this.#build(start);
    this.#held = 0;
    this.#reward = 0;
    this.#success = false;
    return { observation: this.#observe(this.observationSpace.zeros()), info: this.#info() };
  }

  /** @throws InvalidActionError when the action is not a Float32Array of two finite numbers within the bounds. */
  step(action: Float32Array): StepResult<Float32Array> {
    this.#advance(action);
    return {
      observation: this.#observe(this.observationSpace.zeros()),
      reward: this.#reward,
      terminated: this.#success,
      truncated: false,
      info: this.#info(),
    };
  }

  stepInto(action: Float32Array, target: StepTarget<Float32Array>): void {
    this.#advance(action);
    this.#observe(target.observation);
    target.reward = this.#reward;
    target.terminated = this.#success;
    target.truncated = false;
    target.info = this.#info();
  }

  #advance(action: Float32Array): void {
    checkAction(this.actionSpace, action);
    const running = this.#episode();
    const { arm, judge, state, world } = running;
    const { control, holdSteps, successReward } = this.#rules;
    const [minX, minY, maxX, maxY] = control.workspace;
    const x = (arm.commanded[0] as number) + (action[0] as number);
    const y = (arm.commanded[1] as number) + (action[1] as number);
    arm.command(Math.min(Math.max(x, minX), maxX), Math.min(Math.max(y, minY), maxY));
    const rubbing = movable(running);
    for (let i = 0; i < control.subSteps; i++) {
      arm.push();
      world.step();
      for (const friction of rubbing) friction.rub();
    }
    look(running);
    judge.observe(state);
    const succeededBefore = this.#success;
    this.#held = judge.solved ? this.#held + 1 : 0;
    if (this.#held >= holdSteps) this.#success = true;
    this.#reward = judge.credit + (this.#success && !succeededBefore ? successReward : 0);
  }

  #observe(target: Float32Array): Float32Array {
    this.#rules.observation.write(this.#episode().state, target);
    return target;
  }

  #info(): Info {
    return { outcome: this.outcome() };
  }

  outcome(): EpisodeOutcome {
    const { judge } = this.#episode();
    return { success: this.#success, mode: judge.mode, distance: this.#success ? 0 : judge.distance };
  }

  poses(target: Float32Array): void {
    const { blocks, rod, targets } = this.#episode().state;
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

  stateHash(): string {
    const { arm, start, world } = this.#episode();
    return world.stateHash([...arm.commanded, ...start.targets.flat()]);
  }

  close(): void {
    this.#running?.world.dispose();
  }
}

/** Reads from the engine where everything is. */
function look({ blocks, rod, state }: Running): void {
  rod.rigidBody.translation(state.rod);
  for (let i = 0; i < blocks.length; i++) {
    const { rigidBody } = blocks[i] as Body;
    const seen = state.blocks[i] as BlockState;
    rigidBody.translation(seen);
    seen.angleRad = rigidBody.rotation();
  }
}

/**
 * Finds the blocks that move, or that may be set in motion within a control step because the rod or a block that can move is
 * near. All others lie still, and rubbing them would change nothing.
 */
function movable({ frictions, reach, state }: Running): readonly TableFriction[] {
  const { blocks, rod } = state;
  const near = (a: { readonly x: number; readonly y: number }, b: BlockState) =>
    (a.x - b.x) ** 2 + (a.y - b.y) ** 2 < reach ** 2;
  const found = frictions.filter(({ isAtRest }, i) => !isAtRest || near(rod, blocks[i] as BlockState));
  for (let known = 0; known < found.length; known++) {
    const mover = blocks[frictions.indexOf(found[known] as TableFriction)] as BlockState;
    for (let i = 0; i < frictions.length; i++) {
      const other = frictions[i] as TableFriction;
      if (!found.includes(other) && near(mover, blocks[i] as BlockState)) found.push(other);
    }
  }
  return found;
}
