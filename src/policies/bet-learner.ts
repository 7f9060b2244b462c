import { kMeans } from '../mixture/k-means.ts';
import type { Rng } from '../random.ts';
import { BatchedMlp } from '../tensor/batched-mlp.ts';
import { logSoftmax } from '../tensor/ops/log-sum-exp.ts';
import { tf } from '../tensor/tf.ts';
import { Transformer } from '../tensor/transformer.ts';
import type { Learner, LearnerContext } from '../training/learner.ts';
import type { NormalizedData } from '../training/normalized-data.ts';
import { joinTrainables } from '../training/trainable.ts';
import { episodeBounds, stepsAround } from '../training/windows.ts';
import { type BetConfig, betShapes } from './bet-config.ts';
import { eachToken } from './each-token.ts';

/** Chunks that are clustered at most; more do not move the centres. */
const clusteredChunks = 10_000;

/**
 * Makes the learner of Behavior Transformer (Shafiullah et al. 2022): chunks of actions are clustered; at every
 * observation of the window a causal transformer names the cluster by a focal loss, −(1 − p_b)^γ log p_b (Lin et al. 2017),
 * and the offset of the chunk from that cluster's centre by a squared error. Observations repeated from before the first
 * step of an episode are seen, but nothing is to be said at them.
 */
export function makeBetLearner({ config, problem, rng, sizes }: LearnerContext<BetConfig>): Learner {
  const { bins, chunk, focalGamma, history, offsetWeight } = config;
  const { actionSize } = problem;
  const shapes = betShapes(config, sizes);
  const embed = BatchedMlp.draw(shapes.embed, rng.fork('embed'));
  const trunk = Transformer.draw(shapes.trunk, rng.fork('trunk'));
  const head = BatchedMlp.draw(shapes.head, rng.fork('head'));
  const size = chunk * actionSize;
  const centres = clusterChunks(problem, chunk, bins, rng.fork('clusters'));
  const centreShape: [number, number] = [bins, size];
  // a backend may keep the array it is given
  const table = tf.tensor2d(centres.slice(), centreShape);
  return {
    network: joinTrainables({ embed, trunk, head }, [table]),
    constants: { centres: { shape: centreShape, data: centres } },
    loss({ actions, mask, observations }) {
      const [n] = actions.shape;
      const rows = n * history;
      // position t of the window has the chunk of the actions t .. t + K - 1
      const targets = tf.concat(
        Array.from({ length: chunk }, (_, k) => tf.slice(actions, [0, k, 0], [n, history, actionSize])),
        2,
      );
      const target = tf.reshape<tf.Rank.R2>(targets, [rows, size]);
      const bin = binOf(target, table);
      const output = tf.reshape<tf.Rank.R2>(eachToken(head, trunk.forward(eachToken(embed, observations))), [
        rows,
        bins * (1 + size),
      ]);
      const logShares = logSoftmax(tf.slice(output, [0, 0], [rows, bins])) as tf.Tensor2D;
      const logShare = tf.sum<tf.Tensor1D>(tf.mul(bin, logShares), 1);
      const focus = focalGamma === 0 ? tf.scalar(1) : tf.pow(tf.sub(1, tf.exp(logShare)), focalGamma);
      const offsets = tf.reshape<tf.Rank.R3>(tf.slice(output, [0, bins], [rows, bins * size]), [
        rows,
        bins,
        size,
      ]);
      const offset = tf.sum<tf.Tensor2D>(tf.mul(offsets, tf.expandDims(bin, 2)), 1);
      const error = tf.squaredDifference(tf.add(tf.matMul(bin, table), offset), target);
      const cost = tf.add(tf.neg(tf.mul(focus, logShare)), tf.mul(tf.mean(error, 1), offsetWeight));
      const counted = tf.reshape<tf.Rank.R1>(tf.slice(mask, [0, 0], [n, history]), [rows]);
      return tf.div(tf.sum(tf.mul(cost, counted)), tf.sum(counted));
    },
  };
}

/** Marks the nearest centre of every row, argmin_b ‖c_b‖² − 2 a·c_b, by a one, shape `[rows, k]`. */
function binOf(rows: tf.Tensor2D, centres: tf.Tensor2D): tf.Tensor2D {
  const [bins] = centres.shape;
  // tfjs has no one-hot form of a single class
  if (bins === 1) return tf.ones([rows.shape[0], 1]);
  const products = tf.matMul(rows, centres, false, true);
  const nearest = tf.argMin(tf.sub(tf.sum(tf.square(centres), 1), tf.mul(products, 2)), 1);
  return tf.cast(tf.oneHot(nearest, bins), 'float32') as tf.Tensor2D;
}

/** Clusters the normalized chunks of all demonstrations; returns the centres, shape `[k, K·Da]`. */
function clusterChunks(problem: NormalizedData, chunk: number, bins: number, rng: Rng): Float32Array {
  const { actionSize, actions, data } = problem;
  const steps = actions.length / actionSize;
  const chosen = Math.min(steps, clusteredChunks);
  const present = Int32Array.from({ length: chosen }, (_, i) => (chosen === steps ? i : rng.integer(steps)));
  const points = new Float64Array(chosen * chunk * actionSize);
  for (const [i, step] of stepsAround(episodeBounds(data.episodeStarts), present, 0, chunk).entries()) {
    points.set(actions.subarray(step * actionSize, (step + 1) * actionSize), i * actionSize);
  }
  return Float32Array.from(kMeans(points, chunk * actionSize, bins, rng.fork('k-means')).centres);
}
