import { checkAction } from '../src/gym/check-action.ts';
import type { EnvMetadata, Info, ResetOptions, ResetResult, StepResult, StepTarget } from '../src/gym/env.ts';
import type { EnvSpec } from '../src/gym/registry.ts';
import { EnvRandomness } from '../src/gym/seeding.ts';
import { Box } from '../src/gym/spaces/box.ts';
import type { Scene } from '../src/physics/scene.ts';
import { Rng } from '../src/random.ts';
import { sceneRenderModes } from '../src/render/modes.ts';
import type { Episode, TaskInfo } from './episode.ts';
import { resolveContext, type StartOptions } from './reset-options.ts';
import type { BehaviorDescriptor, EpisodeOutcome, EvaluationContext, Task } from './task.ts';

/** The components of a float32 vector with their bounds, inclusive. */
export interface VectorLayout {
  readonly names: readonly string[];
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** A task as {@link EpisodicTask} needs it: what all episodes share, and how one begins. `S` is a start. */
export interface TaskDefinition<S> {
  readonly observation: VectorLayout;
  readonly action: VectorLayout;
  readonly modes: readonly string[];
  readonly contexts: readonly EvaluationContext[];
  /** Duration of one control step, seconds. */
  readonly controlSeconds: number;
  drawStart(rng: Rng): S;
  /** Reads the start that `reset` was asked for; null when none was. @throws UsageError */
  readStart(options: StartOptions | undefined): S | null;
  begin(start: S): Episode;
  /** Makes an info with everything in it that an episode reports; `{ outcome }` where left out. */
  blankInfo?(): TaskInfo;
}

function blankInfo(): TaskInfo {
  return { outcome: { success: false, mode: null, distance: 0 } };
}

/**
 * The Gymnasium interface over episodes: seeding, starts, and where results are written. A task is one of these with a
 * definition of its own; its physics and its judgement are in its {@link Episode}.
 *
 * `step` returns fresh objects; `stepInto` writes over the same ones and allocates nothing.
 */
export class EpisodicTask<S> implements Task {
  readonly observationSpace: Box;
  readonly actionSpace: Box;
  readonly metadata: EnvMetadata;
  readonly spec: EnvSpec | null;
  readonly behavior: BehaviorDescriptor;
  readonly contexts: readonly EvaluationContext[];
  readonly dtSeconds: number;
  readonly observationNames: readonly string[];
  readonly actionNames: readonly string[];
  readonly #definition: TaskDefinition<S>;
  readonly #randomness = new EnvRandomness();
  readonly #blankInfo: () => TaskInfo;
  /** Handed out by every `stepInto`. */
  readonly #reusedInfo: TaskInfo;
  #episode: Episode | null = null;

  constructor(definition: TaskDefinition<S>, spec: EnvSpec | null = null) {
    const { action, contexts, controlSeconds, modes, observation } = definition;
    this.#definition = definition;
    this.spec = spec;
    this.observationSpace = new Box({ low: observation.low, high: observation.high });
    this.actionSpace = new Box({ low: action.low, high: action.high });
    this.metadata = { renderModes: sceneRenderModes, renderFps: 1 / controlSeconds };
    this.behavior = { modes };
    this.contexts = contexts;
    this.dtSeconds = controlSeconds;
    this.observationNames = observation.names;
    this.actionNames = action.names;
    this.#blankInfo = definition.blankInfo ?? blankInfo;
    this.#reusedInfo = this.#blankInfo();
  }

  get unwrapped(): this {
    return this;
  }

  /** The running episode; before the first reset one that nobody steps. @throws ModewiseError before `loadPhysics`. */
  get #running(): Episode {
    this.#episode ??= this.#definition.begin(this.#definition.drawStart(Rng.fromSeed(0)));
    return this.#episode;
  }

  /** The task as it was at the start of the running episode; before the first, as it is drawn from seed 0. */
  get scene(): Scene {
    return this.#running.scene;
  }

  /**
   * Starts an episode.
   *
   * @param options - its `options` fix the start: `context`, the number or name of an evaluation context, or those of the
   *   task; without, the start is drawn from the seed.
   * @throws UsageError when an option is unknown or the start is not possible.
   */
  reset(options: ResetOptions = {}): ResetResult<Float32Array> {
    const { drawStart, readStart } = this.#definition;
    const rng = this.#randomness.begin(options.seed);
    const start = readStart(resolveContext(options.options, this.contexts)) ?? drawStart(rng);
    this.#episode?.dispose();
    this.#episode = this.#definition.begin(start);
    const observation = this.observationSpace.zeros();
    this.#episode.observe(observation);
    return { observation, info: this.#freshInfo() };
  }

  /** @throws InvalidActionError when the action is not a Float32Array of finite numbers within the bounds. */
  step(action: Float32Array): StepResult<Float32Array> {
    checkAction(this.actionSpace, action);
    const episode = this.#running;
    episode.advance(action);
    const observation = this.observationSpace.zeros();
    episode.observe(observation);
    const { reward, terminated } = episode;
    return { observation, reward, terminated, truncated: false, info: this.#freshInfo() };
  }

  /** @throws InvalidActionError as `step` does. */
  stepInto(action: Float32Array, target: StepTarget<Float32Array>): void {
    checkAction(this.actionSpace, action);
    const episode = this.#running;
    episode.advance(action);
    episode.observe(target.observation);
    target.reward = episode.reward;
    target.terminated = episode.terminated;
    target.truncated = false;
    episode.report(this.#reusedInfo);
    target.info = this.#reusedInfo;
  }

  #freshInfo(): TaskInfo & Info {
    const info = this.#blankInfo();
    this.#running.report(info);
    return info;
  }

  outcome(): EpisodeOutcome {
    return this.#freshInfo().outcome;
  }

  poses(target: Float32Array): void {
    this.#running.poses(target);
  }

  hold(part: number, x: number, y: number): boolean {
    return this.#running.hold?.(part, x, y) ?? false;
  }

  release(): void {
    this.#running.release?.();
  }

  stateHash(): string {
    return this.#running.stateHash();
  }

  close(): void {
    this.#episode?.dispose();
  }
}
