import type { Rng } from '../random.ts';
import { BatchedMlp } from '../tensor/batched-mlp.ts';
import type { MlpShape } from '../tensor/mlp-shape.ts';
import { tf } from '../tensor/tf.ts';
import { Transformer } from '../tensor/transformer.ts';
import type { Learner, LearnerContext } from '../training/learner.ts';
import { joinTrainables, type Trainable } from '../training/trainable.ts';
import type { WindowBatch } from '../training/windows.ts';
import { eachToken } from './each-token.ts';
import { type LatentConfig, latentMlpShapes, latentTransformerShapes } from './latent-config.ts';

/** Bounds of the posterior's log-variance: beyond them its gradient only grows. */
const logVarianceRange = [-12, 4] as const;

/** Encoder and decoder on tensors. */
export interface LatentNetworks {
  readonly network: Trainable;
  /** Mean and log-variance of the latent variable given histories `[n, T, Do]` and chunks `[n, K, Da]`: `[n, 2·L]`. */
  encode(observations: tf.Tensor3D, actions: tf.Tensor3D): tf.Tensor2D;
  /** Chunks given histories and latent variables `[n, L]`: `[n, K, Da]`. */
  decode(observations: tf.Tensor3D, latents: tf.Tensor2D): tf.Tensor3D;
}

/**
 * Makes the learner of a policy with a latent variable z: it minimizes the negative evidence lower bound of chunks,
 *
 * E_{q(z|a,o)} [−log p(a | z, o)] + w·KL(q(z|a,o) ‖ N(0, I)),
 *
 * per demonstrated action, up to a constant (Sohn, Lee and Yan 2015, conditional VAE, equation 4; for chunks by
 * transformers Zhao et al. 2023, ACT, section IV-C). The divergence is the sum over latent dimensions, in nats, and w
 * rises from 0 to 1 (Bowman et al. 2016). Actions repeated beyond the end of an episode are neither seen nor scored.
 */
export function makeLatentLearner({ config, rng, sizes }: LearnerContext<LatentConfig>): Learner {
  const networks = makeLatentNetworks(config, sizes, rng);
  const { decoderScale, divergenceWarmup, latentSize, reconstruction } = config;
  /** Decodes what a draw from the posterior of chunks tells; `real` is the mask, shape `[n, K, 1]`. */
  const reconstruct = ({ actions, mask, observations }: WindowBatch, draws: Rng) => {
    const [n] = actions.shape;
    const real = tf.expandDims<tf.Tensor3D>(mask, 2);
    const posterior = networks.encode(observations, tf.mul<tf.Tensor3D>(actions, real));
    const [mean, raw] = tf.split(posterior, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
    const logVariance = tf.clipByValue(raw, ...logVarianceRange);
    const noise = Float32Array.from({ length: n * latentSize }, () => draws.normal());
    const spread = tf.exp(tf.mul(logVariance, 0.5));
    const latents = tf.add<tf.Tensor2D>(mean, tf.mul(spread, tf.tensor2d(noise, [n, latentSize])));
    return { error: tf.sub(actions, networks.decode(observations, latents)), logVariance, mean, real };
  };
  return {
    network: networks.network,
    loss(batch, draws, { progress }) {
      const { error, logVariance, mean, real } = reconstruct(batch, draws);
      const scaled = tf.div(error, decoderScale);
      const cost = reconstruction === 'squared' ? tf.mul(tf.square(scaled), 0.5) : tf.abs(scaled);
      const weight = divergenceWarmup === 0 ? 1 : Math.min(1, progress / divergenceWarmup);
      const total = tf.add(tf.sum(tf.mul(cost, real)), tf.mul(divergence(mean, logVariance), weight));
      return tf.div(total, batch.actions.size);
    },
    // the most likely variance of a normal decoder, whatever it was trained as: the mean squared error (Rybkin et al. 2021, sigma-VAE)
    async measure(sample, draws) {
      const shape = [config.chunk, sizes.actionSize];
      const squares = new Float64Array(config.chunk * sizes.actionSize);
      const counts = new Float64Array(config.chunk);
      for (const batch of sample) {
        const sums = tf.tidy(() => {
          const { error, real } = reconstruct(batch, draws);
          return [tf.sum(tf.mul(tf.square(error), real), 0), tf.sum(real, 0)] as const;
        });
        const [squared, real] = await Promise.all(sums.map((sum) => sum.data<'float32'>()));
        tf.dispose([...sums]);
        squared?.forEach((value, i) => {
          squares[i] = (squares[i] as number) + value;
        });
        real?.forEach((value, k) => {
          counts[k] = (counts[k] as number) + value;
        });
      }
      const data = Float32Array.from(squares, (sum, i) =>
        Math.sqrt(sum / Math.max(1, counts[Math.floor(i / sizes.actionSize)] as number)),
      );
      return { deviations: { shape, data } };
    },
  };
}

/**
 * Sums KL(N(m, diag σ²) ‖ N(0, I)) = ½ Σ (m² + σ² − log σ² − 1) over a batch, nats (Kingma and Welling 2014, appendix B).
 *
 * @param mean - shape `[n, L]`. @param logVariance - shape `[n, L]`.
 */
export function divergence(mean: tf.Tensor2D, logVariance: tf.Tensor2D): tf.Scalar {
  return tf.tidy(() => {
    const perDimension = tf.sub(tf.add(tf.square(mean), tf.exp(logVariance)), tf.add(logVariance, 1));
    return tf.mul<tf.Scalar>(tf.sum(perDimension), 0.5);
  });
}

/** Draws the networks of a policy with a latent variable. The caller disposes of `network`. */
export function makeLatentNetworks(
  config: LatentConfig,
  sizes: { readonly actionSize: number; readonly observationSize: number },
  rng: Rng,
): LatentNetworks {
  return config.network === 'mlp' ? mlpNetworks(config, sizes, rng) : transformerNetworks(config, sizes, rng);
}

function mlpNetworks(
  config: LatentConfig,
  sizes: { readonly actionSize: number; readonly observationSize: number },
  rng: Rng,
): LatentNetworks {
  const shapes = latentMlpShapes(config, sizes);
  const encoder = BatchedMlp.draw(shapes.encoder, rng.fork('encoder'));
  const decoder = BatchedMlp.draw(shapes.decoder, rng.fork('decoder'));
  const rows = (x: tf.Tensor): tf.Tensor2D => tf.reshape(x, [x.shape[0] as number, -1]);
  return {
    network: joinTrainables({ encoder, decoder }),
    encode: (observations, actions) =>
      tf.squeeze(encoder.forward(tf.concat([rows(observations), rows(actions)], 1)), [0]),
    decode(observations, latents) {
      const [n] = observations.shape;
      const flat = decoder.forward(tf.concat([rows(observations), latents], 1));
      return tf.reshape(flat, [n, config.chunk, sizes.actionSize]);
    },
  };
}

function transformerNetworks(
  config: LatentConfig,
  sizes: { readonly actionSize: number; readonly observationSize: number },
  rng: Rng,
): LatentNetworks {
  const shapes = latentTransformerShapes(config, sizes);
  const layer = (name: string, shape: MlpShape) => BatchedMlp.draw(shape, rng.fork(name));
  const observation = layer('observation', shapes.observation);
  const action = layer('action', shapes.action);
  const encoder = Transformer.draw(shapes.encoder, rng.fork('encoder'));
  const posterior = layer('posterior', shapes.posterior);
  const latent = layer('latent', shapes.latent);
  const decoder = Transformer.draw(shapes.decoder, rng.fork('decoder'));
  const head = layer('head', shapes.head);
  const { width } = shapes.encoder;
  return {
    network: joinTrainables({ observation, action, encoder, posterior, latent, decoder, head }),
    encode(observations, actions) {
      const [n] = observations.shape;
      // the token that is read out is all position
      const summary = tf.zeros<tf.Rank.R3>([n, 1, width]);
      const tokens = [summary, eachToken(observation, observations), eachToken(action, actions)];
      const read = tf.slice(encoder.forward(tf.concat(tokens, 1)), [0, 0, 0], [n, 1, width]);
      return tf.squeeze(eachToken(posterior, read), [1]);
    },
    decode(observations, latents) {
      const [n] = observations.shape;
      const told = eachToken(latent, tf.expandDims<tf.Tensor3D>(latents, 1));
      const memory = tf.concat([told, eachToken(observation, observations)], 1);
      const queries = tf.zeros<tf.Rank.R3>([n, config.chunk, width]);
      return eachToken(head, decoder.forward(queries, memory));
    },
  };
}
