import { type MadeTask, makeTask, type Task } from '../../envs/task.ts';
import { clipAction } from '../eval/clip-action.ts';
import { episodeSeed, policySeed } from '../eval/rollout.ts';
import type { Scene } from '../physics/scene.ts';
import type { Policy } from '../policies/policy.ts';
import { encodeFloats } from '../stream/floats.ts';
import { createFrame, type MutableFrame, NONE, ROLLOUT_STATUS, setGate } from '../stream/frame.ts';
import type { EpisodeMessage, SceneFacts, ScoreMessage } from '../stream/wire.ts';
import { RolloutScore } from './rollout-score.ts';

/** Control steps for which a finished rollout stays in view before its slot begins the next. */
const LINGER_STEPS = 20;

/** Most gate probabilities that are shown of each rollout: the rest is seldom worth a pixel. */
const GATE_ENTRIES = 4;
/** Rollouts whose gate is asked anew in one step; with more of them they take turns. */
const GATES_PER_STEP = 128;

/** One of the rollouts side by side. */
interface Slot {
  readonly made: MadeTask;
  /** Index into the task's contexts. */
  context: number;
  finished: boolean;
  /** Steps since it finished. */
  lingered: number;
  seed: number;
  /** A hand has been at it. */
  touched: boolean;
  /** What was observed and commanded at each step, where somebody wants to know. */
  readonly observations: Float32Array[];
  readonly actions: Float32Array[];
}

/** What {@link LiveRollouts} is made of. */
export interface LiveRolloutsOptions {
  readonly envId: string;
  readonly policy: Policy;
  /** R. */
  readonly rollouts: number;
  /** The same episodes as an evaluation with this seed, in the same order. */
  readonly seed: number;
  /** Episodes after which no more is begun; unless given, there is no end. */
  readonly episodes?: number;
  /** A slot whose episode is over begins the next one only when {@link LiveRollouts.beginNext} says so. */
  readonly waits?: boolean;
  /** Told of each episode as it finishes, with what is needed to repeat it. */
  readonly onEpisode?: (episode: EpisodeMessage) => void;
}

/** Steps R episodes of one policy side by side, each starting the next episode when it is over, and keeps score. */
export class LiveRollouts {
  /** The state of all rollouts after the last step; reused from step to step. */
  readonly frame: MutableFrame;
  /** The task, for facts about it; not to be stepped. */
  readonly task: Task;
  /** C, the components of the policy; 0 for a policy without. */
  readonly components: number;
  readonly #slots: readonly Slot[];
  readonly #policy: Policy;
  readonly #envId: string;
  readonly #seed: number;
  readonly #episodes: number;
  readonly #onEpisode: ((episode: EpisodeMessage) => void) | null;
  readonly #waits: boolean;
  readonly #observations: Float32Array;
  readonly #score: RolloutScore;
  /** The rollout whose gate is asked next. */
  #nextGate = 0;
  #begun = 0;

  private constructor(slots: readonly Slot[], options: LiveRolloutsOptions) {
    const { policy, seed } = options;
    const { task } = (slots[0] as Slot).made;
    this.#slots = slots;
    this.#policy = policy;
    this.#envId = options.envId;
    this.#seed = seed;
    this.#episodes = options.episodes ?? Number.POSITIVE_INFINITY;
    this.#onEpisode = options.onEpisode ?? null;
    this.#waits = options.waits ?? false;
    this.#score = new RolloutScore(task.behavior.modes.length);
    this.task = task;
    this.#observations = new Float32Array(slots.length * task.observationNames.length);
    // what a policy says of one action tells how many components it has
    policy.reset([0]);
    policy.act(new Float32Array(task.observationNames.length));
    this.components = policy.explain?.().gate.length ?? 0;
    const gateEntries = Math.min(this.components, GATE_ENTRIES);
    this.frame = createFrame(slots.length, task.scene.movingParts, gateEntries);
    policy.reset(slots.map(() => 0));
    for (let i = 0; i < slots.length; i++) this.#begin(i);
  }

  /** Makes R environments, or as many as there are episodes. @throws what `makeTask` throws. */
  static async create(options: LiveRolloutsOptions): Promise<LiveRollouts> {
    const count = Math.min(options.rollouts, options.episodes ?? options.rollouts);
    const made = await Promise.all(Array.from({ length: count }, () => makeTask(options.envId)));
    return new LiveRollouts(
      made.map((one) => ({
        made: one,
        context: 0,
        finished: false,
        lingered: 0,
        seed: 0,
        touched: false,
        observations: [],
        actions: [],
      })),
      options,
    );
  }

  /** What is drawn. */
  get scene(): Scene {
    return this.task.scene;
  }

  /** R. */
  get rollouts(): number {
    return this.#slots.length;
  }

  /** What a viewer has to know of the task and the policy. */
  get facts(): SceneFacts {
    const { behavior, contexts, dtSeconds } = this.task;
    return {
      env: this.#envId,
      modes: behavior.modes,
      components: this.components,
      dtSeconds,
      contexts: contexts.map(({ name }) => name),
    };
  }

  /** Says whether all episodes have finished. */
  get done(): boolean {
    return this.#score.finished >= this.#episodes;
  }

  /** Advances every rollout by one control step and updates {@link frame}. */
  step(): void {
    const { frame } = this;
    for (const [i, slot] of this.#slots.entries()) {
      if (!slot.finished || this.#begun >= this.#episodes) continue;
      slot.lingered++;
      if (!this.#waits && this.hasLingered(i)) this.#begin(i);
    }
    const actions = this.#policy.act(this.#observations);
    const explanation = this.#policy.explain?.();
    this.#askGates();
    const { actionSize } = this.#policy;
    for (const [i, slot] of this.#slots.entries()) {
      if (slot.finished) continue;
      const { env } = slot.made;
      const action = clipAction(env.actionSpace, actions.slice(i * actionSize, (i + 1) * actionSize));
      if (this.#onEpisode !== null) {
        const width = this.#policy.observationSize;
        slot.observations.push(this.#observations.slice(i * width, (i + 1) * width));
        slot.actions.push(action.slice());
      }
      const { observation, terminated, truncated } = env.step(action);
      this.#observe(i, observation);
      frame.step[i] = (frame.step[i] as number) + 1;
      if (explanation !== undefined) {
        frame.component[i] = explanation.component[i] ?? NONE;
        if (this.#policy.gate === undefined) setGate(frame, i, this.#rowOf(explanation.gate, i));
      }
      this.#judge(i, terminated || truncated);
    }
    frame.timeSeconds += this.task.dtSeconds;
  }

  /** Scores the episodes that have finished so far. */
  score(): ScoreMessage {
    return this.#score.message();
  }

  /** Says whether the episode of a slot is over, and has been in view for long enough. */
  hasLingered(i: number): boolean {
    const slot = this.#slots[i];
    return slot?.finished === true && slot.lingered > LINGER_STEPS;
  }

  /** Begins the next episode in a slot; for those made to wait for it. */
  beginNext(i: number): void {
    this.#begin(i);
  }

  /**
   * Pulls a moving part of a rollout to a place by hand, until {@link release} or the end of its episode; the policy carries
   * on from what it observes. Such an episode is neither scored nor told to `onEpisode`.
   *
   * @param part - index into the poses.
   * @param x - world frame, metres, as is y.
   * @returns false when there is nothing to hold: no such rollout or part, or the episode is over.
   */
  hold(i: number, part: number, x: number, y: number): boolean {
    const slot = this.#slots[i];
    if (slot === undefined || slot.finished || !(slot.made.task.hold?.(part, x, y) ?? false)) return false;
    slot.touched = true;
    return true;
  }

  /** Lets go of what is held in a rollout. */
  release(i: number): void {
    this.#slots[i]?.made.task.release?.();
  }

  /** Releases the environments. */
  close(): void {
    for (const { made } of this.#slots) made.env.close();
  }

  /** Begins the next episode in a slot. */
  #begin(i: number): void {
    const slot = this.#slots[i] as Slot;
    const { contexts } = slot.made.task;
    const { frame } = this;
    const number = this.#begun++;
    slot.context = number % contexts.length;
    slot.finished = false;
    slot.lingered = 0;
    slot.touched = false;
    const context = contexts[slot.context];
    const seed = episodeSeed(this.#seed, context?.name ?? '', Math.floor(number / contexts.length));
    slot.seed = seed;
    slot.observations.length = 0;
    slot.actions.length = 0;
    const { observation } = slot.made.env.reset({ seed, options: context?.options ?? {} });
    this.#policy.restart(i, policySeed(seed));
    this.#observe(i, observation);
    frame.episode[i] = number;
    frame.step[i] = 0;
    frame.mode[i] = NONE;
    frame.component[i] = NONE;
    setGate(frame, i, new Float32Array());
    frame.seed[i] = seed;
    frame.context[i] = slot.context;
    frame.status[i] = ROLLOUT_STATUS.running;
  }

  #observe(i: number, observation: Float32Array): void {
    const width = 3 * this.frame.movingParts;
    this.#observations.set(observation, i * observation.length);
    (this.#slots[i] as Slot).made.task.poses(this.frame.poses.subarray(i * width, (i + 1) * width));
  }

  /** Asks what the gate prefers at the observations that are acted on now. */
  #askGates(): void {
    const { frame } = this;
    const width = this.#policy.observationSize;
    const asked = Array.from(
      { length: Math.min(GATES_PER_STEP, frame.rollouts) },
      (_, offset) => (this.#nextGate + offset) % frame.rollouts,
    ).filter((i) => this.#slots[i]?.finished === false);
    this.#nextGate = (this.#nextGate + GATES_PER_STEP) % frame.rollouts;
    const observations = new Float32Array(asked.length * width);
    for (const [row, i] of asked.entries()) {
      observations.set(this.#observations.subarray(i * width, (i + 1) * width), row * width);
    }
    const gates = this.#policy.gate?.(observations);
    if (gates === undefined) return;
    for (const [row, i] of asked.entries()) setGate(frame, i, this.#rowOf(gates, row));
  }

  #rowOf(gates: Float32Array, row: number): Float32Array {
    return gates.subarray(row * this.components, (row + 1) * this.components);
  }

  #judge(i: number, ended: boolean): void {
    const slot = this.#slots[i] as Slot;
    const { mode, success } = slot.made.task.outcome();
    this.frame.mode[i] = mode ?? NONE;
    if (!ended) return;
    slot.finished = true;
    this.frame.status[i] = success ? ROLLOUT_STATUS.success : ROLLOUT_STATUS.failure;
    // what a hand had a part in says nothing about the policy, and cannot be run again from its actions
    if (slot.touched) return;
    this.#report(i, slot);
    this.#score.add({ context: slot.context, success, mode });
  }

  #report(i: number, { actions, context, made, observations, seed }: Slot): void {
    const { contexts } = made.task;
    this.#onEpisode?.({
      episode: this.frame.episode[i] ?? 0,
      env: this.#envId,
      context: contexts[context]?.name ?? '',
      options: contexts[context]?.options ?? {},
      seed,
      steps: actions.length,
      success: made.task.outcome().success,
      mode: made.task.outcome().mode,
      stateHash: made.task.stateHash(),
      observations: encodeFloats(observations),
      actions: encodeFloats(actions),
    });
  }
}
