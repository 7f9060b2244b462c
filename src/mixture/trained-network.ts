import { CheckpointError } from '../errors.ts';
import { Rng, type RngState } from '../random.ts';
import { BatchedMlp } from '../tensor/batched-mlp.ts';
import { drawMlp } from '../tensor/mlp-init.ts';
import { layerArrayName, layerShapes, type MlpShape, ownArrayNames } from '../tensor/mlp-shape.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import { AdamW } from '../tensor/optimizer.ts';
import { joinParts, takePart } from '../training/parts.ts';
import type { Checkpoint } from '../training/training-run.ts';

/** What networks start with instead of being drawn and trained as a whole. */
export interface NetworkStart {
  /** Weights by name; drawn where left out. */
  readonly weights?: NamedArrays | undefined;
  /** Whether what all networks share stays as it is; it is trained where left out. */
  readonly sharedIsFixed?: boolean | undefined;
  /** The stream to draw minibatches from; one of its own where left out. */
  readonly batches?: Rng | undefined;
}

/** Networks, their optimizer and the stream their batches are drawn from: what is saved and resumed together. */
export class TrainedNetwork {
  readonly networks: BatchedMlp;
  readonly optimizer: AdamW;
  #batches: Rng;

  /**
   * @param start - weights to start from instead of drawing them.
   * @throws ConfigError when the shape contradicts itself or the weight decay is negative; CheckpointError when the
   *   weights to start from do not fit it.
   */
  constructor(shape: MlpShape, weightDecay: number, rng: Rng, start: NetworkStart = {}) {
    const { batches = rng.fork('batches'), sharedIsFixed = false } = start;
    this.networks = new BatchedMlp(shape, start.weights ?? drawMlp(shape, rng.fork('weights')));
    const own = new Set(ownArrayNames(shape));
    const names = layerShapes(shape).flatMap((_, layer) => [
      layerArrayName(layer, 'weights'),
      layerArrayName(layer, 'bias'),
    ]);
    const variables = this.networks.variables.filter((_, i) => !sharedIsFixed || own.has(names[i] as string));
    this.optimizer = new AdamW(variables, { weightDecay });
    this.#batches = batches;
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
