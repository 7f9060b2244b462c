import type { Rng } from '../random.ts';
import { BatchedMlp } from '../tensor/batched-mlp.ts';
import { logSumExp } from '../tensor/ops/log-sum-exp.ts';
import { tf } from '../tensor/tf.ts';
import type { Learner, LearnerContext } from '../training/learner.ts';
import { actionRange } from '../training/normalized-data.ts';
import { withNoise } from '../training/observation-noise.ts';
import { type ChunkBox, chunkBox, energyShape, type IbcConfig } from './ibc-config.ts';

/**
 * Makes the learner of implicit behavioural cloning (Florence et al. 2021): an energy E(o, a) under which the
 * demonstrated chunk a⁺ is told apart from N chunks a⁻ drawn uniformly, by InfoNCE (van den Oord et al. 2018),
 * −log[ e^{−E(o, a⁺)} / (e^{−E(o, a⁺)} + Σ e^{−E(o, a⁻)}) ]. At its optimum −E is log p(a | o) up to
 * a constant of o. Actions repeated beyond the end of an episode are 0 in all chunks alike, so they tell nothing.
 */
export function makeIbcLearner({ config, problem, rng, sizes }: LearnerContext<IbcConfig>): Learner {
  const network = BatchedMlp.draw(energyShape(config, sizes), rng);
  const { high, low } = actionRange(problem);
  const box = chunkBox(Float32Array.from(low), Float32Array.from(high), config);
  return {
    network,
    loss({ actions, mask, observations }, draws, { training }) {
      const [n, chunk, actionSize] = actions.shape;
      const candidates = config.negatives + 1;
      const size = chunk * actionSize;
      const shape: [number, number, number] = [n, 1, size];
      const shown = tf.reshape<tf.Rank.R3>(actions, shape);
      const positives = training ? withNoise(shown, config.actionNoise, draws) : shown;
      const all = tf.concat([positives, drawUniform(n, config.negatives, box, draws)], 1);
      const real = tf.reshape(tf.tile(tf.expandDims(mask, 2), [1, 1, actionSize]), shape);
      const seen = observations.shape[1] * observations.shape[2];
      const histories = tf.tile(tf.reshape<tf.Rank.R3>(observations, [n, 1, seen]), [1, candidates, 1]);
      const inputs = tf.concat([histories, tf.mul<tf.Tensor3D>(all, real)], 2);
      const energies = network.forward(tf.reshape<tf.Rank.R2>(inputs, [n * candidates, seen + size]));
      const scores = tf.neg(tf.reshape<tf.Rank.R2>(energies, [n, candidates]));
      const own = tf.reshape(tf.slice(scores, [0, 0], [n, 1]), [n]);
      return tf.mean(tf.sub(logSumExp(scores), own));
    },
  };
}

function drawUniform(n: number, negatives: number, { centre, half }: ChunkBox, draws: Rng): tf.Tensor3D {
  const size = centre.length;
  const values = Float32Array.from({ length: n * negatives * size }, (_, i) => {
    const d = i % size;
    return (centre[d] as number) + (half[d] as number) * draws.uniform(-1, 1);
  });
  return tf.tensor3d(values, [n, negatives, size]);
}
