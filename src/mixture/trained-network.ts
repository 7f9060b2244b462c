import type { Rng } from '../random.ts';
import { BatchedMlp } from '../tensor/batched-mlp.ts';
import { drawMlp } from '../tensor/mlp-init.ts';
import { layerArrayName, layerShapes, type MlpShape, ownArrayNames } from '../tensor/mlp-shape.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import { OptimizedNetwork, type StepSettings } from '../training/optimized-network.ts';

/** What networks start with instead of being drawn and trained as a whole. */
export interface NetworkStart {
  /** Weights by name; drawn where left out. */
  readonly weights?: NamedArrays | undefined;
  /** Whether what all networks share stays as it is; it is trained where left out. */
  readonly sharedIsFixed?: boolean | undefined;
  /** The stream to draw minibatches from; one of its own where left out. */
  readonly batches?: Rng | undefined;
}

/** Batched networks and what they are optimized with. */
export class TrainedNetwork {
  readonly networks: BatchedMlp;
  readonly optimized: OptimizedNetwork;

  /**
   * @param start - weights to start from instead of drawing them.
   * @throws ConfigError when the shape contradicts itself or a setting is out of its range; CheckpointError when the
   *   weights to start from do not fit it.
   */
  constructor(shape: MlpShape, settings: StepSettings, rng: Rng, start: NetworkStart = {}) {
    const { batches = rng.fork('batches'), sharedIsFixed = false } = start;
    this.networks = new BatchedMlp(shape, start.weights ?? drawMlp(shape, rng.fork('weights')));
    const own = new Set(ownArrayNames(shape));
    const names = layerShapes(shape).flatMap((_, layer) => [
      layerArrayName(layer, 'weights'),
      layerArrayName(layer, 'bias'),
    ]);
    const variables = this.networks.variables.filter((_, i) => !sharedIsFixed || own.has(names[i] as string));
    this.optimized = new OptimizedNetwork(this.networks, settings, batches, variables);
  }

  /** Frees the tensors. */
  dispose(): void {
    this.networks.dispose();
    this.optimized.dispose();
  }
}
