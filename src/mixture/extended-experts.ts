import { CheckpointError } from '../errors.ts';
import type { Rng } from '../random.ts';
import { joinNetworks, type MlpShape, unshareNetworks } from '../tensor/mlp-shape.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import { joinParts, takePart } from '../training/parts.ts';
import type { Snapshot } from '../training/trained-weights.ts';
import type { SpanEnd, TrainingSpan } from '../training/training-loop.ts';
import type { Checkpoint } from '../training/training-run.ts';
import type { Curriculum } from './curriculum.ts';
import type { ExpertData, Experts } from './experts.ts';

/** Experts that were trained before, and what they think of the data. */
export interface TrainedExperts {
  /** Shares nothing. */
  readonly shape: MlpShape;
  readonly weights: NamedArrays;
  /** Of the data to learn from, old and new, and of what is held out, shape `[U, F]` each, F being their number. */
  readonly logLikelihoods: ReadonlyMap<ExpertData, Float64Array>;
}

/**
 * Experts that are trained beside others which stay as they are, bit for bit: the fixed ones come first. The added ones
 * share layers among themselves alone; as a whole, every expert has weights of its own. Only the added ones cost
 * anything, since what the fixed ones think of the data is known.
 */
export class ExtendedExperts implements Experts {
  readonly fixed: number;
  readonly #trained: TrainedExperts;
  readonly #added: Experts;
  readonly #data: ExpertData;

  /**
   * @param added - disposed of by this object.
   * @param data - what the added ones learn from.
   */
  constructor(trained: TrainedExperts, added: Experts, data: ExpertData) {
    this.fixed = trained.shape.networks;
    this.#trained = trained;
    this.#added = added;
    this.#data = data;
  }

  get shape(): MlpShape {
    return { ...this.#trained.shape, networks: this.fixed + this.#added.shape.networks };
  }

  improve(curriculum: Curriculum, span: TrainingSpan): Promise<SpanEnd> {
    const count = this.#added.shape.networks;
    return this.#added.improve(
      curriculum.pick(Array.from({ length: count }, (_, i) => this.fixed + i)),
      span,
    );
  }

  /** @throws RangeError for data that nothing is known of. */
  async logLikelihoods(data: ExpertData = this.#data): Promise<Float64Array> {
    const { fixed } = this;
    const known = this.#trained.logLikelihoods.get(data);
    if (known === undefined) throw new RangeError('the fixed experts were never asked about this data');
    const added = await this.#added.logLikelihoods(data);
    const count = this.#added.shape.networks;
    const width = fixed + count;
    const joined = new Float64Array((added.length / count) * width);
    for (let unit = 0; unit * width < joined.length; unit++) {
      joined.set(known.subarray(unit * fixed, (unit + 1) * fixed), unit * width);
      joined.set(added.subarray(unit * count, (unit + 1) * count), unit * width + fixed);
    }
    return joined;
  }

  /** @throws RangeError when a fixed expert is not among the picked ones. */
  keep(picked: readonly number[]): Promise<void> {
    for (let z = 0; z < this.fixed; z++) if (picked[z] !== z) throw new RangeError(`expert ${z} is fixed`);
    return this.#added.keep(picked.slice(this.fixed).map((z) => z - this.fixed));
  }

  draft(count: number, rng: Rng): Promise<Experts> {
    return this.#added.draft(count, rng);
  }

  adopt(candidates: Experts, picked: readonly number[]): Promise<void> {
    return this.#added.adopt(candidates, picked);
  }

  async snapshot(): Promise<Snapshot> {
    const { shape, weights } = this.#trained;
    const joined = (added: NamedArrays) =>
      joinNetworks(weights, unshareNetworks(added, this.#added.shape).arrays, shape);
    const { ema, raw } = await this.#added.snapshot();
    return { raw: joined(raw), ...(ema !== undefined && { ema: joined(ema) }) };
  }

  async getState(): Promise<Checkpoint> {
    const { arrays, state } = await this.#added.getState();
    return { arrays: joinParts({ fixed: this.#trained.weights, added: arrays }), state };
  }

  /** @throws CheckpointError when the fixed experts are not those it was saved with, or the rest does not fit. */
  setState(saved: Checkpoint): void {
    const fixed = takePart(saved.arrays, 'fixed');
    for (const [name, { data }] of Object.entries(this.#trained.weights)) {
      const same =
        data.length === fixed[name]?.data.length && data.every((v, i) => v === fixed[name]?.data[i]);
      if (same) continue;
      throw new CheckpointError({
        what: 'The run to extend is not the one that the extension began with',
        where: name,
        remedy: 'resume with the run it began with, or start the extension anew with --force',
      });
    }
    this.#added.setState({ arrays: takePart(saved.arrays, 'added'), state: saved.state });
  }

  dispose(): void {
    this.#added.dispose();
  }
}
