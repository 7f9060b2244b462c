import type { Device } from '../stream/wire.ts';
import type { Wish } from './control-scheme.ts';

/** How long a velocity holds that is not sent again, seconds: a page that hangs does not drive on. */
const VELOCITY_HOLDS_SECONDS = 0.5;

/** What the hand asks for from step to step of an episode, and by which devices it has asked. */
export class Steering {
  readonly #dtSeconds: number;
  readonly #devices = new Set<Device>();
  #newest: { readonly wish: Wish; readonly device: Device } | null = null;
  /** Control steps that the newest wish has been in force. */
  #age = 0;

  /** @param dtSeconds - duration of a control step. */
  constructor(dtSeconds: number) {
    this.#dtSeconds = dtSeconds;
  }

  /** The devices that have moved something, joined by `+` in the order of their first use; `none` for none. */
  get device(): string {
    return [...this.#devices].join('+') || 'none';
  }

  /** Takes a wish in place of the one before. */
  take(wish: Wish, device: Device): void {
    this.#newest = { wish, device };
    this.#age = 0;
  }

  /** Says what is wished for the step that follows; null for nothing. */
  next(): Wish | null {
    if (this.#newest === null) return null;
    const { device, wish } = this.#newest;
    if (wish.kind === 'velocity') {
      if (this.#age++ * this.#dtSeconds >= VELOCITY_HOLDS_SECONDS) return null;
      // to stand still is no use of a device
      if (wish.velocity.every((share) => share === 0)) return wish;
    }
    this.#devices.add(device);
    return wish;
  }
}
