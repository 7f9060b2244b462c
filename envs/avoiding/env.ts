import { checkAction } from '../../src/gym/check-action.ts';
import type {
  EnvMetadata,
  Info,
  ResetOptions,
  ResetResult,
  StepResult,
  StepTarget,
} from '../../src/gym/env.ts';
import { resolveKwargs } from '../../src/gym/kwargs.ts';
import type { EnvFactory, EnvKwargs, EnvSpec } from '../../src/gym/registry.ts';
import { EnvRandomness } from '../../src/gym/seeding.ts';
import { Box } from '../../src/gym/spaces/box.ts';
import { EndEffector } from '../../src/physics/end-effector.ts';
import { type Body, loadPhysics, PlanarWorld } from '../../src/physics/planar-world.ts';
import type { Scene } from '../../src/physics/scene.ts';
import { sceneRenderModes } from '../../src/render/modes.ts';
import type { BehaviorDescriptor, EpisodeOutcome, EvaluationContext, Task } from '../task.ts';
import * as layout from './layout.ts';
import { ModeTracker, modeNames } from './modes.ts';

/** Arguments of the environment; see README.md, section Arguments. */
export interface AvoidingKwargs {
  /** Whether crossing the finish line ends the episode; false lets a recording run on, as the human ones do. */
  readonly terminateOnSuccess: boolean;
}

const defaults: AvoidingKwargs = { terminateOnSuccess: true };

const [minX, minY, maxX, maxY] = layout.table;
/**
 * How far the rod can be from its command: the impulse response of the lag, summed in absolute value, times the
 * largest command speed is 0.16 m ahead and 0.09 m across.
 */
const lag = 0.2;

const actionSpace = { low: -layout.maxDelta, high: layout.maxDelta, shape: [2] } as const;
const observationSpace = {
  low: [minX, minY, minX - lag, minY - lag],
  high: [maxX, maxY, maxX + lag, maxY + lag],
} as const;

const scene: Scene = {
  parts: [
    {
      name: 'table',
      role: 'table',
      shape: { kind: 'box', halfWidth: (maxX - minX) / 2, halfDepth: (maxY - minY) / 2 },
      height: 0,
      poseInWorld: [(minX + maxX) / 2, (minY + maxY) / 2, 0],
    },
    {
      name: 'finish line',
      role: 'finish',
      shape: { kind: 'box', halfWidth: (maxX - minX) / 2, halfDepth: 0.01 },
      height: 0,
      poseInWorld: [(minX + maxX) / 2, layout.finishY, 0],
    },
    ...layout.obstacles.map(
      ({ name, x, y, radius }) =>
        ({
          name,
          role: 'obstacle',
          shape: { kind: 'disc', radius },
          height: 0.1,
          poseInWorld: [x, y, 0],
        }) as const,
    ),
    {
      name: 'rod',
      role: 'robot',
      shape: { kind: 'disc', radius: layout.rodRadius },
      height: 0.3,
      poseInWorld: [layout.start.x, layout.start.y, 0],
      poseIndex: 0,
    },
  ],
  // where rollouts go, from before the start to behind the finish: the rest of the table need not fill the picture
  bounds: [0.2, -0.37, 0.8, 0.45],
  movingParts: 1,
};

/** What an episode is made of; built anew at each reset, so that the first equals every other. */
interface Running {
  readonly world: PlanarWorld;
  readonly rod: Body;
  readonly arm: EndEffector;
  readonly tracker: ModeTracker;
}

/**
 * Avoiding-v0: move a rod through three rows of obstacles to the finish line, in one of 24 ways. A planar port of
 * D3IL's Avoiding; its README.md describes spaces, rules and physics.
 */
export class Avoiding implements Task {
  readonly observationSpace: Box = new Box(observationSpace);
  readonly actionSpace: Box = new Box(actionSpace);
  readonly metadata: EnvMetadata = { renderModes: sceneRenderModes, renderFps: 1 / layout.controlSeconds };
  readonly spec: EnvSpec | null;
  readonly behavior: BehaviorDescriptor = { modes: modeNames };
  readonly contexts: readonly EvaluationContext[] = [{ name: 'fixed start', options: {} }];
  readonly dtSeconds: number = layout.controlSeconds;
  readonly observationNames: readonly string[] = ['commanded_x', 'commanded_y', 'measured_x', 'measured_y'];
  readonly actionNames: readonly string[] = ['delta_x', 'delta_y'];
  readonly scene: Scene = scene;
  readonly #kwargs: AvoidingKwargs;
  readonly #randomness = new EnvRandomness();
  #running: Running;
  #success = false;
  #touched: string | null = null;
  /** Handed out by every `stepInto`. */
  readonly #reusedInfo = {
    outcome: { success: false, mode: null as number | null, distance: 0 },
    touched: null as string | null,
  };

  /** @throws ConfigError when an argument is unknown or of another type; ModewiseError before `loadPhysics`. */
  constructor(kwargs: EnvKwargs = {}, spec: EnvSpec | null = null) {
    this.#kwargs = resolveKwargs(kwargs, defaults);
    this.spec = spec;
    this.#running = this.#build();
  }

  get unwrapped(): this {
    return this;
  }

  #build(): Running {
    const subStepSeconds = layout.controlSeconds / layout.subSteps;
    const world = new PlanarWorld({ subStepSeconds, lengthUnit: 2 * layout.rodRadius });
    const rod = world.add({
      name: 'rod',
      shape: { kind: 'disc', radius: layout.rodRadius },
      poseInWorld: [layout.start.x, layout.start.y, 0],
      motion: 'sliding',
    });
    for (const { name, x, y, radius } of layout.obstacles) {
      world.add({ name, shape: { kind: 'disc', radius }, poseInWorld: [x, y, 0], motion: 'fixed' });
    }
    const { controlSeconds, responseX, responseY, subSteps } = layout;
    const arm = new EndEffector({ body: rod, responseX, responseY, controlSeconds, subSteps });
    return { world, rod, arm, tracker: new ModeTracker() };
  }

  /** Starts an episode. The start is fixed: the seed changes nothing, and there are no options. */
  reset(options: ResetOptions = {}): ResetResult<Float32Array> {
    this.#randomness.begin(options.seed);
    this.#running.world.dispose();
    this.#running = this.#build();
    this.#success = false;
    this.#touched = null;
    return { observation: this.#observe(new Float32Array(4)), info: this.#info() };
  }

  /** @throws InvalidActionError when the action is not a Float32Array of two finite numbers within the bounds. */
  step(action: Float32Array): StepResult<Float32Array> {
    const reward = this.#advance(action);
    return {
      observation: this.#observe(new Float32Array(4)),
      reward,
      terminated: this.#terminated,
      truncated: false,
      info: this.#info(),
    };
  }

  /** @throws InvalidActionError as `step` does. */
  stepInto(action: Float32Array, target: StepTarget<Float32Array>): void {
    target.reward = this.#advance(action);
    this.#observe(target.observation);
    target.terminated = this.#terminated;
    target.truncated = false;
    this.#outcomeInto(this.#reusedInfo.outcome);
    this.#reusedInfo.touched = this.#touched;
    target.info = this.#reusedInfo;
  }

  get #terminated(): boolean {
    return this.#touched !== null || (this.#success && this.#kwargs.terminateOnSuccess);
  }

  /** Takes one control step and judges it; returns the reward. */
  #advance(action: Float32Array): number {
    checkAction(this.actionSpace, action);
    const { world, rod, arm, tracker } = this.#running;
    const [deltaX = 0, deltaY = 0] = action;
    const [x = 0, y = 0] = arm.commanded;
    arm.command(Math.min(Math.max(x + deltaX, minX), maxX), Math.min(Math.max(y + deltaY, minY), maxY));
    let touched: Body | null = null;
    for (let i = 0; i < layout.subSteps; i++) {
      arm.push();
      world.step();
      touched ??= world.touching(rod);
    }
    const position = rod.position;
    tracker.observe(position.x, position.y);
    const succeededBefore = this.#success;
    // a touch fails the episode for good, but success at the same check, or before, stands
    if (this.#touched === null && position.y > layout.finishY) this.#success = true;
    if (!this.#success && touched !== null) this.#touched ??= touched.name;
    return this.#success && !succeededBefore ? 1 : 0;
  }

  #observe(target: Float32Array): Float32Array {
    const { arm, rod } = this.#running;
    const { x, y } = rod.position;
    target[0] = arm.commanded[0] as number;
    target[1] = arm.commanded[1] as number;
    target[2] = x;
    target[3] = y;
    return target;
  }

  #info(): Info {
    return { outcome: this.outcome(), touched: this.#touched };
  }

  /** How the episode stands; `distance` is what is left to the finish line. */
  outcome(): EpisodeOutcome {
    return this.#outcomeInto({ success: false, mode: null, distance: 0 });
  }

  #outcomeInto(target: { -readonly [K in keyof EpisodeOutcome]: EpisodeOutcome[K] }): EpisodeOutcome {
    const { rod, tracker } = this.#running;
    target.success = this.#success;
    target.mode = tracker.mode;
    target.distance = this.#success ? 0 : Math.max(0, layout.finishY - rod.position.y);
    return target;
  }

  poses(target: Float32Array): void {
    const { x, y } = this.#running.rod.position;
    target[0] = x;
    target[1] = y;
    target[2] = 0;
  }

  stateHash(): string {
    return this.#running.world.stateHash([...this.#running.arm.commanded]);
  }

  close(): void {
    this.#running.world.dispose();
  }
}

/** Loads the physics engine and returns the factory of Avoiding. */
export async function loadAvoiding(): Promise<EnvFactory> {
  await loadPhysics();
  return (kwargs, spec) => new Avoiding(kwargs, spec);
}
