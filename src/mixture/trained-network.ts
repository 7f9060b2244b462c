import { CheckpointError } from '../errors.ts';
import { Rng, type RngState } from '../random.ts';
import { BatchedMlp } from '../tensor/batched-mlp.ts';
import type { MlpShape } from '../tensor/mlp-shape.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import { AdamW } from '../tensor/optimizer.ts';
import { joinParts, takePart } from '../training/parts.ts';
import type { Checkpoint } from '../training/training-run.ts';

/** Networks, their optimizer and the stream their batches are drawn from: what is saved and resumed together. */
export class TrainedNetwork {
  readonly networks: BatchedMlp;
  readonly optimizer: AdamW;
  #batches: Rng;

  /** @throws ConfigError when the shape contradicts itself or the weight decay is negative. */
  constructor(shape: MlpShape, weightDecay: number, rng: Rng) {
    this.networks = BatchedMlp.draw(shape, rng.fork('weights'));
    this.optimizer = new AdamW(this.networks.variables, { weightDecay });
    this.#batches = rng.fork('batches');
  }

  /** The stream from which minibatches and their noise are drawn. */
  get batches(): Rng {
    return this.#batches;
  }

  /** Copies the weights out of the backend. */
  weights(): Promise<NamedArrays> {
    return this.networks.toArrays();
  }

  /** Saves everything that a bit-equal resume needs. */
  async getState(): Promise<Checkpoint> {
    const { step, moments } = await this.optimizer.getState();
    return {
      arrays: joinParts({ weights: await this.weights(), moments }),
      state: { step, batches: { ...this.#batches.state() } },
    };
  }

  /** Continues from a saved state. @throws CheckpointError when it does not fit. */
  setState(saved: Checkpoint): void {
    const { step, batches } = saved.state;
    if (typeof step !== 'number' || batches === undefined) {
      throw new CheckpointError({
        what: 'A checkpoint lacks the state of its optimizer',
        expected: 'step, batches',
      });
    }
    this.networks.assign(takePart(saved.arrays, 'weights'));
    this.optimizer.setState({ step, moments: takePart(saved.arrays, 'moments') });
    this.#batches = Rng.fromState(batches as unknown as RngState);
  }

  /** Frees the tensors. */
  dispose(): void {
    this.networks.dispose();
    this.optimizer.dispose();
  }
}
