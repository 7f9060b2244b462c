import type { Rng } from '../random.ts';
import { BatchedMlp } from '../tensor/batched-mlp.ts';
import { drawMlp } from '../tensor/mlp-init.ts';
import { layerArrayName, type MlpShape } from '../tensor/mlp-shape.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import { tf } from '../tensor/tf.ts';
import type { Learner, LearnerContext } from '../training/learner.ts';
import { withNoise } from '../training/observation-noise.ts';
import { joinTrainables } from '../training/trainable.ts';
import {
  type Coupling,
  type FlowConfig,
  flowActnorm,
  flowCouplings,
  leastPiece,
  slopeBound,
  splineParameters,
} from './flow-config.ts';

/** Moves points and says how much it stretches them. */
interface Moved {
  /** Shape `[n, m]`. */
  readonly values: tf.Tensor2D;
  /** Sum over the moved numbers of log |dy/dx|, shape `[n]`. */
  readonly logStretch: tf.Tensor1D;
}

/**
 * Makes the learner of a conditional normalizing flow: it minimizes −log p(a | o) per number of a chunk, where
 * log p(a | o) = log N(u; 0, I) + Σ log |∂u/∂a| and u = f(a; o) is a conditional actnorm (Lu and Huang 2020, Structured
 * Output Learning with Conditional Generative Flows), then a stack of coupling layers (Dinh et al. 2017, Real NVP) of
 * rational-quadratic splines (Durkan et al. 2019).
 */
export function makeFlowLearner({ config, rng, sizes }: LearnerContext<FlowConfig>): Learner {
  const couplings = flowCouplings(config, sizes);
  // an answer of zeros is the identity
  const drawn = (shape: MlpShape, own: Rng) =>
    new BatchedMlp(shape, withoutAnswer(shape, drawMlp(shape, own)));
  const networks = couplings.map(({ network }, layer) => drawn(network, rng.fork(layer)));
  const actnorm = drawn(flowActnorm(config, sizes), rng.fork('actnorm'));
  const parts = networks.map((network, layer) => [`couplings.${layer}`, network] as const);
  const matrices = flowMatrices(config, couplings);
  return {
    network: joinTrainables({ actnorm, ...Object.fromEntries(parts) }, [
      matrices.before,
      ...matrices.kept,
      ...matrices.moved,
    ]),
    loss({ actions, observations }, draws, { training }) {
      const [n] = actions.shape;
      const flat = tf.reshape<tf.Rank.R2>(actions, [n, -1]);
      const seen = tf.reshape<tf.Rank.R2>(observations, [n, -1]);
      const chunks = training ? withNoise(flat, config.actionNoise, draws) : flat;
      const logDensity = flowLogDensity(config, { actnorm, networks, matrices, chunks, histories: seen });
      return tf.neg(tf.div(tf.mean<tf.Scalar>(logDensity), flat.shape[1]));
    },
  };
}

/** Matrices that follow from the layout of a flow alone. */
export interface FlowMatrices {
  /** Take the numbers that a coupling layer keeps out of rows of D, shape `[D, m]`; transposed, they put them back. */
  readonly kept: readonly tf.Tensor2D[];
  /** The same for the numbers that it moves. */
  readonly moved: readonly tf.Tensor2D[];
  /** Sums the sizes of the pieces before each piece, shape `[B, B]`. */
  readonly before: tf.Tensor2D;
}

/** Makes the matrices of a flow; the caller disposes of them. */
export function flowMatrices(
  { bins }: Pick<FlowConfig, 'bins'>,
  couplings: readonly Coupling[],
): FlowMatrices {
  const select = (indices: readonly number[], { kept, moved }: Coupling) =>
    selection(indices, kept.length + moved.length);
  return {
    kept: couplings.map((coupling) => select(coupling.kept, coupling)),
    moved: couplings.map((coupling) => select(coupling.moved, coupling)),
    before: tf.tensor2d(
      Float32Array.from({ length: bins * bins }, (_, i) => (Math.floor(i / bins) < i % bins ? 1 : 0)),
      [bins, bins],
    ),
  };
}

/** What {@link flowLogDensity} needs beside the options. */
export interface FlowPoints {
  /** Shifts and scales. */
  readonly actnorm: BatchedMlp;
  readonly networks: readonly BatchedMlp[];
  /** Borrowed. */
  readonly matrices: FlowMatrices;
  /** Normalized, shape `[n, D]`. Borrowed. */
  readonly chunks: tf.Tensor2D;
  /** Normalized, shape `[n, T·Do]`. Borrowed. */
  readonly histories: tf.Tensor2D;
}

/** Evaluates log p(a | o), nats, shape `[n]`; differentiable. The caller disposes of it. */
export function flowLogDensity(
  { bins, range }: Pick<FlowConfig, 'bins' | 'range'>,
  { actnorm, chunks, histories, matrices, networks }: FlowPoints,
): tf.Tensor1D {
  return tf.tidy(() => {
    const [n] = chunks.shape;
    const answer: tf.Tensor2D = tf.squeeze(actnorm.forward(histories), [0]);
    const [shift, raw] = tf.split(answer, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
    const logScale = tf.mul(tf.tanh(tf.div(raw, slopeBound)), slopeBound);
    let values: tf.Tensor2D = tf.mul(tf.sub(chunks, shift), tf.exp(tf.neg(logScale)));
    let logStretch: tf.Tensor1D = tf.neg(tf.sum(logScale, 1));
    for (const [layer, network] of networks.entries()) {
      const [kept, moved] = [matrices.kept[layer] as tf.Tensor2D, matrices.moved[layer] as tf.Tensor2D];
      const keptValues: tf.Tensor2D = tf.matMul(values, kept);
      const answer = tf.reshape<tf.Rank.R3>(
        network.forward(tf.concat<tf.Tensor2D>([keptValues, histories], 1)),
        [n, moved.shape[1], splineParameters(bins)],
      );
      const bent = bend(tf.matMul(values, moved), answer, matrices.before, range);
      const putBack = (part: tf.Tensor2D, matrix: tf.Tensor2D): tf.Tensor2D =>
        tf.matMul(part, matrix, false, true);
      values = tf.add(putBack(bent.values, moved), putBack(keptValues, kept));
      logStretch = tf.add(logStretch, bent.logStretch);
    }
    const base = tf.mul(tf.add(tf.square(values), Math.log(2 * Math.PI)), -0.5);
    return tf.add<tf.Tensor1D>(tf.sum(base, 1), logStretch);
  });
}

/**
 * Evaluates splines (Durkan et al. 2019, equations 4 and 5): with ξ the place within a piece and S its mean slope,
 * y = y_k + h(Sξ² + d_k ξ(1 − ξ)) / D, D = S + (d_{k+1} + d_k − 2S) ξ(1 − ξ), and
 * dy/dx = S²(d_{k+1}ξ² + 2Sξ(1 − ξ) + d_k(1 − ξ)²) / D².
 *
 * @param x - shape `[n, m]`. @param parameters - shape `[n, m, 3·B − 1]`. @param before - as of {@link FlowMatrices}.
 */
function bend(x: tf.Tensor2D, parameters: tf.Tensor3D, before: tf.Tensor2D, range: number): Moved {
  const [n, m] = x.shape;
  const [bins] = before.shape;
  const part = (from: number, size: number) => tf.slice(parameters, [0, 0, from], [n, m, size]);
  const pieces = (logits: tf.Tensor3D) =>
    tf.mul(tf.add(tf.mul(tf.softmax(logits), 1 - leastPiece * bins), leastPiece), 2 * range);
  const widths = pieces(part(0, bins));
  const heights = pieces(part(bins, bins));
  // left ends of the pieces: sums of those before
  const lefts = (sizes: tf.Tensor) => {
    const sums = tf.matMul(tf.reshape<tf.Rank.R2>(sizes, [n * m, bins]), before);
    return tf.sub(tf.reshape(sums, [n, m, bins]), range);
  };
  const [xLeft, yLeft] = [lefts(widths), lefts(heights)];
  const inner = tf.exp(tf.mul(tf.tanh(tf.div(part(2 * bins, bins - 1), slopeBound)), slopeBound));
  const end = tf.ones<tf.Rank.R3>([n, m, 1]);
  const slopes = tf.concat([end, inner as tf.Tensor3D, end], 2);

  const within = tf.clipByValue(x, -range, range);
  const place = tf.expandDims(within, 2);
  const chosen = pieceOf(xLeft, place);
  const take = (values: tf.Tensor): tf.Tensor2D => tf.sum(tf.mul(values, chosen), 2);
  const [width, height] = [take(widths), take(heights)];
  const low = take(tf.slice(slopes, [0, 0, 0], [n, m, bins]));
  const high = take(tf.slice(slopes, [0, 0, 1], [n, m, bins]));
  const slope = tf.div(height, width);
  const xi = tf.clipByValue(tf.div(tf.sub(within, take(xLeft)), width), 0, 1);
  const rest = tf.sub(1, xi);
  const both = tf.mul(xi, rest);
  const divisor = tf.add(slope, tf.mul(tf.sub(tf.add(low, high), tf.mul(slope, 2)), both));
  const rise = tf.add(tf.mul(slope, tf.square(xi)), tf.mul(low, both));
  const y = tf.add(take(yLeft), tf.div(tf.mul(height, rise), divisor));
  const steepness = tf.add(
    tf.add(tf.mul(high, tf.square(xi)), tf.mul(tf.mul(slope, both), 2)),
    tf.mul(low, tf.square(rest)),
  );
  const logSlope = tf.sub(tf.add(tf.mul(tf.log(slope), 2), tf.log(steepness)), tf.mul(tf.log(divisor), 2));
  const inside = within01(x, range);
  const values = tf.add<tf.Tensor2D>(tf.mul(y, inside), tf.mul(x, tf.sub(1, inside)));
  return { values, logStretch: tf.sum(tf.mul(logSlope, inside), 1) };
}

/** Marks the last piece whose left end is not to the right of x by a one, shape `[n, m, B]`; a choice has no gradient. */
function pieceOf(lefts: tf.Tensor, places: tf.Tensor): tf.Tensor {
  const choose = tf.customGrad((...inputs) => {
    const [left, place] = inputs as unknown as [tf.Tensor3D, tf.Tensor3D];
    const begun = tf.cast(tf.lessEqual(left, place), 'float32') as tf.Tensor3D;
    const [n, m, bins] = begun.shape;
    const next = tf.concat(
      [tf.slice(begun, [0, 0, 1], [n, m, bins - 1]), tf.zeros<tf.Rank.R3>([n, m, 1])],
      2,
    );
    const gradFunc = () => [tf.zeros([n, m, bins]), tf.zeros([n, m, 1])];
    return { value: tf.sub(begun, next), gradFunc };
  });
  return choose(lefts, places);
}

/** 1 where |x| is less than the range, 0 elsewhere; without a gradient too. */
function within01(x: tf.Tensor2D, range: number): tf.Tensor2D {
  const { shape } = x;
  const mark = tf.customGrad((...inputs) => ({
    value: tf.cast(tf.less(tf.abs(inputs[0] as tf.Tensor), range), 'float32'),
    gradFunc: () => [tf.zeros(shape)],
  }));
  return mark(x) as tf.Tensor2D;
}

/** The matrix that takes columns out of rows of D numbers, shape `[D, m]`; its transpose puts them back. */
function selection(indices: readonly number[], size: number): tf.Tensor2D {
  const matrix = new Float32Array(size * indices.length);
  for (const [column, row] of indices.entries()) matrix[row * indices.length + column] = 1;
  return tf.tensor2d(matrix, [size, indices.length]);
}

/** The same weights with those of the last layer 0. */
function withoutAnswer(shape: MlpShape, arrays: NamedArrays): NamedArrays {
  const names = (['weights', 'bias'] as const).map((kind) => layerArrayName(shape.hidden.length, kind));
  const zeroed = names.map((name) => {
    const array = arrays[name] as NamedArrays[string];
    return [name, { ...array, data: new Float32Array(array.data.length) }] as const;
  });
  return { ...arrays, ...Object.fromEntries(zeroed) };
}
