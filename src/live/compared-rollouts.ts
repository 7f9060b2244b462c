import type { Scene } from '../physics/scene.ts';
import type { Policy } from '../policies/policy.ts';
import { createFrame, type MutableFrame, NONE, ROLLOUT_STATUS } from '../stream/frame.ts';
import { joinFrames, layOut, type SideBySide } from '../stream/side-by-side.ts';
import type { EpisodeMessage, PairedOutcomes, SceneFacts, ScoreMessage } from '../stream/wire.ts';
import { LiveRollouts } from './live-rollouts.ts';
import { RolloutScore } from './rollout-score.ts';

/** A policy to be compared. */
export interface PolicyToCompare {
  readonly name: string;
  readonly policy: Policy;
  /** Says what it is, once it is known how many components it has. */
  describe(components: number): string;
}

/** What {@link ComparedRollouts} is made of. */
export interface ComparedRolloutsOptions {
  readonly envId: string;
  /** P of them, at least 2. */
  readonly policies: readonly PolicyToCompare[];
  /** Rollouts of each policy. */
  readonly rollouts: number;
  /** The same episodes as an evaluation with this seed, in the same order. */
  readonly seed: number;
  /** Told of each episode as it finishes, with what is needed to repeat it. */
  readonly onEpisode?: (episode: EpisodeMessage) => void;
}

/**
 * Steps the same episodes with several policies. The rollouts of one place begin together, with the same context and seed, and the
 * next episode begins there when all of them are over; what is scored are the episodes that all policies have finished.
 */
export class ComparedRollouts {
  /** The state of all rollouts after the last step, each policy's on its own table; reused from step to step. */
  readonly frame: MutableFrame;
  readonly facts: SceneFacts;
  readonly scene: Scene;
  /** Rollouts of each policy. */
  readonly rollouts: number;
  readonly #policies: readonly LiveRollouts[];
  readonly #layout: SideBySide;
  readonly #scores: readonly RolloutScore[];
  readonly #pairs: readonly { -readonly [K in keyof PairedOutcomes]: PairedOutcomes[K] }[];
  /** Which places have been scored since their episode began. */
  readonly #scored: boolean[];

  private constructor(policies: readonly LiveRollouts[], options: ComparedRolloutsOptions) {
    const [first] = policies as [LiveRollouts];
    this.#policies = policies;
    this.#layout = layOut(first.scene, policies.length);
    this.scene = this.#layout.scene;
    this.rollouts = first.rollouts;
    this.#scores = policies.map(() => new RolloutScore(first.task.behavior.modes.length));
    this.#pairs = policies.flatMap((_, one) =>
      policies.slice(one + 1).map((__, more) => ({
        first: one,
        second: one + 1 + more,
        both: 0,
        onlyFirst: 0,
        onlySecond: 0,
        neither: 0,
      })),
    );
    this.#scored = new Array<boolean>(this.rollouts).fill(false);
    this.facts = {
      ...first.facts,
      components: Math.max(...policies.map(({ components }) => components)),
      policies: policies.map(({ components }, i) => ({
        name: options.policies[i]?.name ?? '',
        description: options.policies[i]?.describe(components) ?? '',
        components,
        origin: this.#layout.origins[i] ?? [0, 0],
        bounds: this.#layout.bounds[i] ?? first.scene.bounds,
      })),
    };
    this.frame = createFrame(
      this.rollouts * policies.length,
      this.scene.movingParts,
      Math.max(...policies.map(({ frame }) => frame.gateEntries)),
    );
    this.#join();
  }

  /** Makes as many environments for each policy. @throws what `makeTask` throws. */
  static async create(options: ComparedRolloutsOptions): Promise<ComparedRollouts> {
    const { envId, onEpisode, rollouts, seed } = options;
    const live = await Promise.all(
      options.policies.map(({ policy }, index) =>
        LiveRollouts.create({
          envId,
          policy,
          rollouts,
          seed,
          waits: true,
          ...(onEpisode === undefined
            ? {}
            : { onEpisode: (episode) => onEpisode({ ...episode, policy: index }) }),
        }),
      ),
    );
    return new ComparedRollouts(live, options);
  }

  /** Advances every rollout by one control step and updates {@link frame}. */
  step(): void {
    for (let place = 0; place < this.rollouts; place++) {
      if (!this.#policies.every((live) => live.hasLingered(place))) continue;
      // in the same order for all: the number of an episode decides its context and seed
      for (const live of this.#policies) live.beginNext(place);
      this.#scored[place] = false;
    }
    for (const live of this.#policies) live.step();
    for (let place = 0; place < this.rollouts; place++) this.#judge(place);
    this.#join();
  }

  /** Scores the episodes that all policies have finished. */
  score(): ScoreMessage {
    const policies = this.#scores.map((score) => score.message());
    const [first] = policies as [ScoreMessage];
    return { ...first, comparison: { policies, pairs: this.#pairs.map((pair) => ({ ...pair })) } };
  }

  /** Releases the environments. */
  close(): void {
    for (const live of this.#policies) live.close();
  }

  #judge(place: number): void {
    const frames = this.#policies.map(({ frame }) => frame);
    if (this.#scored[place] === true) return;
    if (frames.some(({ status }) => status[place] === ROLLOUT_STATUS.running)) return;
    this.#scored[place] = true;
    const succeeded = frames.map(({ status }) => status[place] === ROLLOUT_STATUS.success);
    frames.forEach(({ context, mode }, i) => {
      const reached = mode[place] ?? NONE;
      this.#scores[i]?.add({
        context: context[place] ?? 0,
        success: succeeded[i] ?? false,
        mode: reached === NONE ? null : reached,
      });
    });
    for (const pair of this.#pairs) {
      const [one, other] = [succeeded[pair.first], succeeded[pair.second]];
      if (one) pair[other ? 'both' : 'onlyFirst']++;
      else pair[other ? 'onlySecond' : 'neither']++;
    }
  }

  #join(): void {
    joinFrames(
      this.frame,
      this.#policies.map(({ frame }) => frame),
      this.#layout.origins,
    );
  }
}
