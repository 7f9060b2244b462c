import type { Frame } from '../../src/stream/frame.ts';

/** Bytes of frames that are kept: about a minute and a half of 480 rollouts, ten times that of 48. */
const BUDGET_BYTES = 48 * 1024 * 1024;
/** Frames that are kept however small they are. */
const MOST_FRAMES = 20_000;
/** Bytes that a frame takes beside those of its columns, about. */
const OVERHEAD_BYTES = 1500;
/** Dropped frames leave the array in heaps of this many. */
const HEAP = 256;

/** The newest frames within a budget of bytes, numbered in the order in which they came. */
export class FrameStore {
  #frames: Frame[] = [];
  /** Frames at the beginning of the array that have been dropped. */
  #dropped = 0;
  /** Number of the first entry of the array. */
  #base = 0;
  #bytes = 0;

  /** Number of the oldest frame that is kept. */
  get first(): number {
    return this.#base + this.#dropped;
  }

  /** Number of the newest frame; one less than {@link first} when there is none. */
  get last(): number {
    return this.#base + this.#frames.length - 1;
  }

  /** The frame with a number; undefined when it is not kept. */
  at(number: number): Frame | undefined {
    return number < this.first ? undefined : this.#frames[number - this.#base];
  }

  /** The frames from one number to another, both included, as far as they are kept. */
  range(from: number, to: number): Frame[] {
    return this.#frames.slice(Math.max(from, this.first) - this.#base, to - this.#base + 1);
  }

  /** Adds the newest frame and drops the oldest ones that no longer fit. */
  push(frame: Frame): void {
    this.#frames.push(frame);
    this.#bytes += size(frame);
    while (this.last > this.first && (this.#bytes > BUDGET_BYTES || this.last - this.first >= MOST_FRAMES)) {
      this.#bytes -= size(this.#frames[this.#dropped] as Frame);
      this.#dropped++;
    }
    if (this.#dropped < HEAP) return;
    this.#frames.splice(0, this.#dropped);
    this.#base += this.#dropped;
    this.#dropped = 0;
  }

  /** Forgets all frames; the numbers go on. */
  clear(): void {
    this.#base += this.#frames.length;
    this.#frames = [];
    this.#dropped = 0;
    this.#bytes = 0;
  }

  /** Finds the last frame that is not later than a time, or the first one; by bisection. */
  numberAt(timeSeconds: number): number {
    let low = this.first;
    let high = Math.max(this.first, this.last);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.at(middle)?.timeSeconds ?? 0) <= timeSeconds + 1e-6) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function size(frame: Frame): number {
  return frame.poses.buffer.byteLength + OVERHEAD_BYTES;
}
