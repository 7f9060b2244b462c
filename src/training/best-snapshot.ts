import type { NamedArrays } from '../tensor/named-arrays.ts';
import { joinParts, takePart } from './parts.ts';
import type { Snapshot } from './trained-weights.ts';
import type { Checkpoint, Json } from './training-run.ts';

/** When the validation loss was lowest. */
export interface BestMoment {
  readonly step: number;
  readonly loss: number;
}

/** The weights at which the validation loss was lowest so far. */
export class BestSnapshot {
  #best: (BestMoment & { readonly snapshot: Snapshot }) | undefined;

  /** Undefined before the first finite loss. */
  get moment(): BestMoment | undefined {
    return this.#best === undefined ? undefined : { step: this.#best.step, loss: this.#best.loss };
  }

  /** Undefined before the first finite loss. */
  get snapshot(): Snapshot | undefined {
    return this.#best?.snapshot;
  }

  /** Keeps the weights of now if their loss is finite and the lowest so far. */
  async offer({ loss, step }: BestMoment, take: () => Promise<Snapshot>): Promise<void> {
    if (!Number.isFinite(loss) || (this.#best !== undefined && loss >= this.#best.loss)) return;
    this.#best = { step, loss, snapshot: await take() };
  }

  /** Puts it into a checkpoint: arrays `raw/…` and `ema/…`, and the moment, null for none. */
  getState(): { readonly arrays: NamedArrays; readonly state: Json } {
    const best = this.#best;
    return {
      arrays: best === undefined ? {} : joinParts({ ...best.snapshot }),
      state: best === undefined ? null : { step: best.step, loss: best.loss },
    };
  }

  /** Continues from what {@link BestSnapshot.getState} gave. */
  setState({ arrays, state }: { readonly arrays: NamedArrays; readonly state: Json | undefined }): void {
    if (typeof state !== 'object' || state === null) {
      this.#best = undefined;
      return;
    }
    const { loss, step } = state as Checkpoint['state'];
    const [raw, ema] = [takePart(arrays, 'raw'), takePart(arrays, 'ema')];
    const snapshot = Object.keys(ema).length === 0 ? { raw } : { raw, ema };
    this.#best = { step: Number(step), loss: Number(loss), snapshot };
  }
}
