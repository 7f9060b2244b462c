import { exactExp } from '../tensor/exact-math.ts';

/** How the chunks of actions that a policy plans become single actions. */
export interface ChunkExecution {
  /** K, actions in a chunk. */
  readonly chunk: number;
  /** Actions taken from a chunk before the next one is planned (receding horizon), at most K. */
  readonly execute: number;
  /**
   * A chunk is planned at every step, and an action is the mean over all chunks that cover its time, the i-th oldest
   * weighed by exp(−m·i) (Zhao et al. 2023, ACT, algorithm 2); null: no averaging.
   */
  readonly ensemble: number | null;
}

/** The actions that one episode has planned and not taken yet. */
export class ChunkPlan {
  readonly #execution: ChunkExecution;
  /** Da. */
  readonly #width: number;
  /** Planned actions, the next one first; with averaging the weighted means so far, shape `[K, Da]`. */
  readonly #actions: Float32Array;
  /** Of averaging: chunks that cover each planned action, and the sum of their weights, shape `[K]`. */
  readonly #covers: Int32Array;
  readonly #weights: Float64Array;
  /** Actions taken of the present chunk; K before there is one. */
  #taken: number;

  constructor(execution: ChunkExecution, width: number) {
    this.#execution = execution;
    this.#width = width;
    this.#actions = new Float32Array(execution.chunk * width);
    this.#covers = new Int32Array(execution.chunk);
    this.#weights = new Float64Array(execution.chunk);
    this.#taken = execution.chunk;
  }

  /** Whether a chunk must be planned before the next action. */
  get isDue(): boolean {
    return this.#execution.ensemble !== null || this.#taken >= this.#execution.execute;
  }

  /** Takes in a chunk whose first action is the present one, shape `[K, Da]`. */
  add(chunk: Float32Array): void {
    this.#taken = 0;
    const { ensemble } = this.#execution;
    if (ensemble === null) {
      this.#actions.set(chunk);
      return;
    }
    const width = this.#width;
    for (let k = 0; k < this.#covers.length; k++) {
      const before = this.#weights[k] as number;
      const weight = exactExp(-ensemble * (this.#covers[k] as number));
      for (let d = k * width; d < (k + 1) * width; d++) {
        const mean = before === 0 ? 0 : (this.#actions[d] as number) * before;
        this.#actions[d] = (mean + weight * (chunk[d] as number)) / (before + weight);
      }
      this.#covers[k] = (this.#covers[k] as number) + 1;
      this.#weights[k] = before + weight;
    }
  }

  /** Takes the next action into `target`, shape `[Da]`. */
  next(target: Float32Array): void {
    const width = this.#width;
    if (this.#execution.ensemble === null) {
      target.set(this.#actions.subarray(this.#taken * width, (this.#taken + 1) * width));
    } else {
      target.set(this.#actions.subarray(0, width));
      this.#actions.copyWithin(0, width);
      this.#covers.copyWithin(0, 1);
      this.#weights.copyWithin(0, 1);
      this.#covers[this.#covers.length - 1] = 0;
      this.#weights[this.#weights.length - 1] = 0;
    }
    this.#taken++;
  }
}
