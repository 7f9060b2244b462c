import type { NamedArrays } from '../tensor/named-arrays.ts';
import { tf } from '../tensor/tf.ts';
import { joinParts, takePart } from './parts.ts';

/** Weights that are trained together: a network, or several. `BatchedMlp` and `Transformer` are of this form. */
export interface Trainable {
  /** In an order that never changes: the optimizer's moments are stored by it. */
  readonly variables: readonly tf.Variable[];
  /** Copies the weights out of the backend. */
  toArrays(): Promise<NamedArrays>;
  /** Overwrites the weights with saved ones. @throws CheckpointError when one is missing or does not fit. */
  assign(arrays: NamedArrays): void;
  /** Frees the variables. */
  dispose(): void;
}

/**
 * Does something with other weights than a network has, and gives it back its own.
 *
 * @param arrays - weights that fit the network.
 * @throws what `work` throws; CheckpointError when the weights do not fit.
 */
export async function withWeights<Result>(
  network: Pick<Trainable, 'assign' | 'toArrays'>,
  arrays: NamedArrays,
  work: () => Promise<Result>,
): Promise<Result> {
  const own = await network.toArrays();
  try {
    network.assign(arrays);
    return await work();
  } finally {
    network.assign(own);
  }
}

/**
 * Makes one {@link Trainable} of several; their arrays are prefixed by their names: `encoder/layers.0.bias`.
 *
 * @param constants - tensors that the loss needs and that are not trained; freed with the variables.
 */
export function joinTrainables(
  parts: Readonly<Record<string, Trainable>>,
  constants: readonly tf.Tensor[] = [],
): Trainable {
  const entries = Object.entries(parts);
  return {
    variables: entries.flatMap(([, part]) => part.variables),
    async toArrays() {
      const arrays: Record<string, NamedArrays> = {};
      for (const [name, part] of entries) arrays[name] = await part.toArrays();
      return joinParts(arrays);
    },
    assign(arrays) {
      for (const [name, part] of entries) part.assign(takePart(arrays, name));
    },
    dispose() {
      for (const [, part] of entries) part.dispose();
      tf.dispose([...constants]);
    },
  };
}
