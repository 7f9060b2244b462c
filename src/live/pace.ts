/** A loop that is later than this gives up catching up, milliseconds. */
const MAX_LAG_MS = 200;
/** Least wall-clock time between two frames, milliseconds: no screen shows more. */
const FRAME_EVERY_MS = 15;
/** Least wall-clock time between two scores, milliseconds. */
const SCORE_EVERY_MS = 500;

/** Keeps the steps of a loop in time with a clock, and says which of them are worth showing. Times are milliseconds. */
export class Pace {
  #due: number;
  #framedAt = Number.NEGATIVE_INFINITY;
  #scoredAt = Number.NEGATIVE_INFINITY;

  /** @param now - when the first step is due. */
  constructor(now: number) {
    this.#due = now;
  }

  /** Says how long it is until the next step; 0 when it is due. */
  wait(now: number): number {
    return Math.max(0, this.#due - now);
  }

  /** Lets the time that a pause took pass without steps. */
  resume(now: number): void {
    this.#due = now;
  }

  /** Takes note of a step; the next one is due after `stepMs`, or sooner where the loop is late. */
  stepped(now: number, stepMs: number): void {
    this.#due = Math.max(this.#due + stepMs, now - MAX_LAG_MS);
  }

  /** Says whether the frame of the step is to be shown, and takes note that it was. */
  isFrameDue(now: number): boolean {
    if (now - this.#framedAt < FRAME_EVERY_MS) return false;
    this.#framedAt = now;
    return true;
  }

  /** Says whether a score is to be shown, and takes note that it was. */
  isScoreDue(now: number): boolean {
    if (now - this.#scoredAt < SCORE_EVERY_MS) return false;
    this.#scoredAt = now;
    return true;
  }
}
