import { Normalizer } from '../data/normalizer.ts';
import { Rng } from '../random.ts';
import type { DataScaling } from '../training/normalized-data.ts';
import { type ChunkExecution, ChunkPlan } from './chunk-plan.ts';
import { ObservationHistory } from './history.ts';
import type { Policy } from './policy.ts';

/** An episode that a chunk is planned for. */
export interface PlannedEpisode<Kept> {
  /** The episode's own random stream: all draws for it come from here. */
  readonly stream: Rng;
  /** What {@link ChunkPlanner.begin} gave for it. */
  readonly kept: Kept;
  /** Observations seen so far, at most T; those before repeat the first. */
  readonly seen: number;
}

/** The part of a policy that differs between methods: from histories to chunks of actions. */
export interface ChunkPlanner<Kept = undefined> {
  /** Draws what an episode keeps from its first step to its last, such as a latent variable. */
  begin(stream: Rng): Kept;
  /**
   * Plans for n episodes; what is planned for one must not depend on the others.
   *
   * @param histories - normalized, shape `[n, T, Do]`. Borrowed.
   * @param episodes - shape `[n]`.
   * @param target - normalized actions, from the present one on, shape `[n, K, Da]`; overwritten.
   */
  plan(histories: Float32Array, episodes: readonly PlannedEpisode<Kept>[], target: Float32Array): void;
}

/** What a {@link ChunkPolicy} is made of. */
export interface ChunkPolicyParts<Kept> {
  readonly method: string;
  readonly scaling: Omit<DataScaling, 'envId'>;
  /** T. */
  readonly history: number;
  readonly execution: ChunkExecution;
  readonly planner: ChunkPlanner<Kept>;
}

interface Episode<Kept> {
  readonly stream: Rng;
  readonly kept: Kept;
  readonly plan: ChunkPlan;
}

/**
 * Acts by chunks of actions planned from the last T observations. Actions stay within the demonstrated range; each
 * episode draws from a stream of its own seed, whatever the batch around it.
 */
export class ChunkPolicy<Kept> implements Policy {
  readonly method: string;
  readonly observationSize: number;
  readonly actionSize: number;
  readonly #parts: ChunkPolicyParts<Kept>;
  readonly #observations: Normalizer;
  readonly #actions: Normalizer;
  readonly #history: ObservationHistory;
  #episodes: Episode<Kept>[] = [];

  /** @throws DatasetError when the statistics of a normalizer are unusable. */
  constructor(parts: ChunkPolicyParts<Kept>) {
    this.#parts = parts;
    this.method = parts.method;
    this.#observations = Normalizer.fromJSON(parts.scaling.observationNormalizer);
    this.#actions = Normalizer.fromJSON(parts.scaling.actionNormalizer);
    this.observationSize = this.#observations.width;
    this.actionSize = this.#actions.width;
    this.#history = new ObservationHistory(parts.history, this.observationSize);
  }

  reset(seeds: readonly number[]): void {
    this.#episodes = seeds.map((seed) => this.#begin(seed));
    this.#history.reset(seeds.length);
  }

  restart(episode: number, seed: number): void {
    if (this.#episodes[episode] === undefined) {
      throw new RangeError(`there is no episode ${episode} in a batch of ${this.#episodes.length}`);
    }
    this.#episodes[episode] = this.#begin(seed);
    this.#history.restart(episode);
  }

  #begin(seed: number): Episode<Kept> {
    const stream = Rng.fromSeed(seed).fork('chunk policy');
    const kept = this.#parts.planner.begin(stream);
    return { stream, kept, plan: new ChunkPlan(this.#parts.execution, this.actionSize) };
  }

  /** @throws RangeError when the observations are not one row per episode of the last `reset`. */
  act(observations: Float32Array): Float32Array {
    const episodes = this.#episodes;
    const { actionSize } = this;
    if (observations.length !== episodes.length * this.observationSize) {
      throw new RangeError(
        `${observations.length} numbers are not ${episodes.length} observations of ${this.observationSize}; ` +
          'reset the policy with one seed per episode first',
      );
    }
    this.#history.push(this.#observations.normalize(observations));
    this.#planWhereDue();
    const normalized = new Float32Array(episodes.length * actionSize);
    for (const [i, { plan }] of episodes.entries()) {
      plan.next(normalized.subarray(i * actionSize, (i + 1) * actionSize));
    }
    const { actionHigh, actionLow } = this.#parts.scaling;
    const actions = this.#actions.denormalize(normalized);
    for (let i = 0; i < actions.length; i++) {
      const d = i % actionSize;
      actions[i] = Math.min(Math.max(actions[i] as number, actionLow[d] as number), actionHigh[d] as number);
    }
    return actions;
  }

  /** Plans for all episodes that have taken what they had planned, in one call. */
  #planWhereDue(): void {
    const due = [...this.#episodes.entries()].filter(([, { plan }]) => plan.isDue);
    if (due.length === 0) return;
    const history = this.#history;
    const window = history.length * history.width;
    const histories = new Float32Array(due.length * window);
    for (const [row, [episode]] of due.entries()) histories.set(history.window(episode), row * window);
    const size = this.#parts.execution.chunk * this.actionSize;
    const chunks = new Float32Array(due.length * size);
    const asked = due.map(([episode, { kept, stream }]) => ({ stream, kept, seen: history.seen(episode) }));
    this.#parts.planner.plan(histories, asked, chunks);
    for (const [row, [, { plan }]] of due.entries()) plan.add(chunks.subarray(row * size, (row + 1) * size));
  }
}
