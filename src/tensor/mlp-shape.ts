import { CheckpointError, ConfigError } from '../errors.ts';
import { elementCount, type NamedArrays } from './named-arrays.ts';
import type { Activation } from './ops/activation.ts';

/**
 * Describes E multilayer perceptrons of one shape, which may share their first layers.
 *
 * Three forms are in use: independent networks (nothing shared); one trunk whose last linear layer has a head
 * per network (`sharedWeights` and `sharedBiases` both `hidden.length`); and shared weights with biases per
 * network (`sharedWeights` n, `sharedBiases` 0).
 */
export interface MlpShape {
  /** E, the number of networks. */
  readonly networks: number;
  readonly inputSize: number;
  /** Widths of the hidden layers, from the input on. */
  readonly hidden: readonly number[];
  readonly outputSize: number;
  /** Applied after every hidden layer; the output is linear. */
  readonly activation: Activation;
  /** How many layers, from the input on, use one weight matrix for all networks; 0 where left out. */
  readonly sharedWeights?: number;
  /** How many layers, from the input on, use one bias for all networks, at most `sharedWeights`; 0 where left out. */
  readonly sharedBiases?: number;
  /**
   * Joins the hidden layers to pre-activation residual blocks of two: the first hidden layer is linear, every
   * further pair adds W₂·act(W₁·act(h) + b₁) + b₂ to h. Needs an odd number of hidden layers of one width.
   */
  readonly residual?: boolean;
}

/** The shapes of one layer's arrays; a leading 1 where all networks share the array. */
export interface LayerShape {
  /** [E or 1, K, N]. */
  readonly weights: readonly [number, number, number];
  /** [E or 1, 1, N]. */
  readonly bias: readonly [number, number, number];
}

/** Returns the name of a layer's array among {@link NamedArrays}. */
export function layerArrayName(layer: number, kind: 'weights' | 'bias'): string {
  return `layers.${layer}.${kind}`;
}

/**
 * Lists the layers of a network shape, from the input on.
 *
 * @throws ConfigError when sizes are not positive integers or the sharing or residual options do not fit.
 */
export function layerShapes(shape: MlpShape): readonly LayerShape[] {
  const { networks, inputSize, hidden, outputSize, sharedWeights = 0, sharedBiases = 0 } = shape;
  const widths = [inputSize, ...hidden, outputSize];
  for (const size of [networks, ...widths]) {
    if (!Number.isInteger(size) || size < 1) {
      throw new ConfigError({
        what: 'A network size is not a positive whole number',
        found: `networks ${networks}, layer widths ${widths.join('-')}`,
      });
    }
  }
  const shareable = networks === 1 ? hidden.length + 1 : hidden.length;
  if (
    !(sharedWeights >= 0 && sharedWeights <= shareable && sharedBiases >= 0 && sharedBiases <= sharedWeights)
  ) {
    throw new ConfigError({
      what: 'The shared layers of a network do not fit its layers',
      found: `sharedWeights ${sharedWeights}, sharedBiases ${sharedBiases}, ${hidden.length} hidden layers`,
      expected: `0 <= sharedBiases <= sharedWeights <= ${shareable}`,
    });
  }
  if (shape.residual === true && (hidden.length % 2 === 0 || hidden.some((width) => width !== hidden[0]))) {
    throw new ConfigError({
      what: 'A residual network needs an odd number of hidden layers of one width',
      found: `hidden ${hidden.join('-')}`,
    });
  }
  return widths.slice(1).map((width, layer) => ({
    weights: [layer < sharedWeights ? 1 : networks, widths[layer] as number, width],
    bias: [layer < sharedBiases ? 1 : networks, 1, width],
  }));
}

/**
 * Takes one layer's array out of saved ones and checks it.
 *
 * @returns Float32Array of the given shape, not copied.
 * @throws CheckpointError when the array is missing or has another type or shape.
 */
export function layerArray(
  arrays: NamedArrays,
  layer: number,
  kind: 'weights' | 'bias',
  shape: LayerShape,
): Float32Array {
  const name = layerArrayName(layer, kind);
  const array = arrays[name];
  const expected = shape[kind];
  if (
    array === undefined ||
    !(array.data instanceof Float32Array) ||
    array.shape.join() !== expected.join() ||
    array.data.length !== elementCount(expected)
  ) {
    throw new CheckpointError({
      what: 'Saved weights do not fit the network',
      where: name,
      found:
        array === undefined ? 'no such array' : `${array.data.constructor.name} [${array.shape.join(', ')}]`,
      expected: `Float32Array [${expected.join(', ')}]`,
    });
  }
  return array.data;
}

/**
 * Picks networks out of saved ones, in the order given; one may be picked more than once. Arrays that all
 * networks share are kept as they are. Also fits the moments of an optimizer state, whose arrays have the same shapes.
 *
 * @param arrays - arrays whose leading axis is E, or 1 where shared.
 * @param networks - E, the number of networks in `arrays`.
 * @param picked - indices in 0 .. E-1.
 * @returns new arrays with `picked.length` networks; shared arrays are not copied.
 */
export function pickNetworks(
  arrays: NamedArrays,
  networks: number,
  picked: readonly number[],
): Record<string, NamedArrays[string]> {
  const result: Record<string, NamedArrays[string]> = {};
  for (const [name, array] of Object.entries(arrays)) {
    const { shape, data } = array;
    if (shape[0] !== networks || !(data instanceof Float32Array) || networks === 1) {
      result[name] = array;
      continue;
    }
    const size = data.length / networks;
    const taken = new Float32Array(size * picked.length);
    picked.forEach((network, i) => {
      taken.set(data.subarray(network * size, (network + 1) * size), i * size);
    });
    result[name] = { shape: [picked.length, ...shape.slice(1)], data: taken };
  }
  return result;
}

/**
 * Puts more networks after others that they share their first layers with: the inverse of {@link pickNetworks}.
 *
 * @param arrays - of the networks that come first; what all share is taken from them.
 * @param more - of networks of the same layers.
 * @param shape - says which arrays are shared; its number of networks does not matter.
 * @returns new arrays; shared ones are not copied.
 * @throws CheckpointError when an array is missing.
 */
export function joinNetworks(arrays: NamedArrays, more: NamedArrays, shape: MlpShape): NamedArrays {
  const result: Record<string, NamedArrays[string]> = {};
  for (const name of ownArrayNames(shape)) {
    const [first, second] = [arrays[name], more[name]];
    if (!(first?.data instanceof Float32Array && second?.data instanceof Float32Array)) {
      throw new CheckpointError({ what: 'Saved weights do not fit the network', where: name });
    }
    const data = new Float32Array(first.data.length + second.data.length);
    data.set(first.data);
    data.set(second.data, first.data.length);
    const networks = (first.shape[0] as number) + (second.shape[0] as number);
    result[name] = { shape: [networks, ...first.shape.slice(1)], data };
  }
  return { ...arrays, ...result };
}

/** Gives every network a copy of its own of what all share: the same functions, in networks that share nothing. */
export function unshareNetworks(
  arrays: NamedArrays,
  shape: MlpShape,
): { readonly shape: MlpShape; readonly arrays: NamedArrays } {
  const { networks } = shape;
  const own = new Set(ownArrayNames(shape));
  const copies = Object.entries(arrays).map(([name, array]) => {
    if (own.has(name) || !(array.data instanceof Float32Array)) return [name, array] as const;
    const data = new Float32Array(array.data.length * networks);
    for (let network = 0; network < networks; network++) data.set(array.data, network * array.data.length);
    return [name, { shape: [networks, ...array.shape.slice(1)], data }] as const;
  });
  return { shape: { ...shape, sharedWeights: 0, sharedBiases: 0 }, arrays: Object.fromEntries(copies) };
}

/** Names the arrays of which every network has its own. */
export function ownArrayNames(shape: MlpShape): readonly string[] {
  const { hidden, sharedWeights = 0, sharedBiases = 0 } = shape;
  return Array.from({ length: hidden.length + 1 }, (_, layer) => [
    ...(layer < sharedWeights ? [] : [layerArrayName(layer, 'weights')]),
    ...(layer < sharedBiases ? [] : [layerArrayName(layer, 'bias')]),
  ]).flat();
}
