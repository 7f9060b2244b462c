/**
 * The last T observations of B episodes. What lies before the first observation of an episode repeats it, as windows of
 * training data do, so that a policy acts from the first step on.
 */
export class ObservationHistory {
  /** T. */
  readonly length: number;
  /** Do. */
  readonly width: number;
  /** Oldest first, shape `[B, T, Do]`. */
  #windows = new Float32Array(0);
  /** Observations seen per episode, at most T, shape `[B]`. */
  #seen = new Int32Array(0);

  constructor(length: number, width: number) {
    this.length = length;
    this.width = width;
  }

  /** Begins B fresh episodes. */
  reset(episodes: number): void {
    this.#windows = new Float32Array(episodes * this.length * this.width);
    this.#seen = new Int32Array(episodes);
  }

  /** Begins a fresh episode in place of one of the batch. */
  restart(episode: number): void {
    this.#seen[episode] = 0;
  }

  /** Takes in what every episode observes now, shape `[B, Do]`. */
  push(observations: Float32Array): void {
    const { length, width } = this;
    for (let episode = 0; episode < this.#seen.length; episode++) {
      const seen = this.#seen[episode] as number;
      const window = this.#windows.subarray(episode * length * width, (episode + 1) * length * width);
      const now = observations.subarray(episode * width, (episode + 1) * width);
      window.copyWithin(0, width);
      window.set(now, (length - 1) * width);
      if (seen === 0) for (let t = 0; t + 1 < length; t++) window.set(now, t * width);
      this.#seen[episode] = Math.min(length, seen + 1);
    }
  }

  /** The window of an episode, shape `[T, Do]`; valid until the next `push`. */
  window(episode: number): Float32Array {
    const size = this.length * this.width;
    return this.#windows.subarray(episode * size, (episode + 1) * size);
  }

  /** Observations of an episode seen so far, at most T: the others in its window are repetitions. */
  seen(episode: number): number {
    return this.#seen[episode] as number;
  }
}
