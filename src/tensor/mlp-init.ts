import type { Rng } from '../random.ts';
import { layerArrayName, layerShapes, type MlpShape, ownArrayNames } from './mlp-shape.ts';
import type { NamedArrays, StoredArray } from './named-arrays.ts';

/**
 * Draws starting weights as PyTorch's `Linear` does by default: weights and biases uniform in ±1/√K, K being the
 * inputs of the layer.
 *
 * Every network draws each layer from a stream of its own, so network e starts the same however many there are.
 *
 * @returns weights [E or 1, K, N] and biases [E or 1, 1, N] of every layer, by name.
 * @throws ConfigError when the shape contradicts itself.
 */
export function drawMlp(shape: MlpShape, rng: Rng): NamedArrays {
  const arrays: Record<string, StoredArray> = {};
  for (const [index, layer] of layerShapes(shape).entries()) {
    const bound = 1 / Math.sqrt(layer.weights[1]);
    for (const kind of ['weights', 'bias'] as const) {
      const [sets, height, width] = layer[kind];
      const size = height * width;
      const data = new Float32Array(sets * size);
      for (let set = 0; set < sets; set++) {
        const stream = rng.fork(layerArrayName(index, kind)).fork(set);
        for (let i = 0; i < size; i++) data[set * size + i] = stream.uniform(-bound, bound);
      }
      arrays[layerArrayName(index, kind)] = { shape: [...layer[kind]], data };
    }
  }
  return arrays;
}

/** Draws, of the weights that {@link drawMlp} gives, those of which every network has its own. */
export function drawOwn(shape: MlpShape, rng: Rng): NamedArrays {
  const drawn = drawMlp(shape, rng);
  return Object.fromEntries(ownArrayNames(shape).map((name) => [name, drawn[name] as StoredArray]));
}
