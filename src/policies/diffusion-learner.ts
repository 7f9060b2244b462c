import type { Rng } from '../random.ts';
import { BatchedMlp } from '../tensor/batched-mlp.ts';
import type { MlpShape } from '../tensor/mlp-shape.ts';
import { tf } from '../tensor/tf.ts';
import { Transformer } from '../tensor/transformer.ts';
import type { Learner, LearnerContext } from '../training/learner.ts';
import { joinTrainables, type Trainable } from '../training/trainable.ts';
import { type DiffusionConfig, denoiserShapes } from './diffusion-config.ts';
import { cosineSchedule, predictionTarget, timeFeatures } from './diffusion-schedule.ts';
import { eachToken } from './each-token.ts';

/** Evaluates the network on noisy chunks of actions: shapes `[n, K, Da]`, features of the time `[n, F]`, `[n, T, Do]`. */
type Denoiser = (noisy: tf.Tensor3D, time: tf.Tensor2D, observations: tf.Tensor3D) => tf.Tensor3D;

/**
 * Makes the learner of a diffusion policy: with `prediction: noise` it minimizes
 * E ‖ε − ε_θ(√ᾱ_t·a + √(1 − ᾱ_t)·ε, t, o)‖², t uniform, one per window (Ho et al. 2020, equation 14; on chunks of actions
 * Chi et al. 2023, Diffusion Policy, equation 5). Actions repeated to fill a window are predicted as the others are.
 */
export function makeDiffusionLearner({ config, rng, sizes }: LearnerContext<DiffusionConfig>): Learner {
  const { diffusionSteps, prediction, timeFeatures: size } = config;
  const alphaBar = cosineSchedule(diffusionSteps);
  const features = timeFeatures(diffusionSteps, size);
  const { denoise, network } = makeDenoiser(config, sizes, rng);
  return {
    network,
    loss({ actions, observations }, draws) {
      const [n] = actions.shape;
      const told = new Float32Array(n * size);
      // per window: how much of the actions and of the noise the input and the target are made of
      const mix = Array.from({ length: 4 }, () => new Float32Array(n));
      for (let i = 0; i < n; i++) {
        const t = 1 + draws.integer(diffusionSteps);
        told.set(features.subarray(t * size, (t + 1) * size), i * size);
        const now = alphaBar[t] as number;
        const target = predictionTarget(prediction, now);
        for (const [k, value] of [Math.sqrt(now), Math.sqrt(1 - now), target.clean, target.noise].entries()) {
          (mix[k] as Float32Array)[i] = value;
        }
      }
      const drawn = new Float32Array(actions.size);
      for (let i = 0; i < drawn.length; i++) drawn[i] = draws.normal();
      const noise = tf.tensor3d(drawn, actions.shape);
      const blend = (ofActions: number, ofNoise: number): tf.Tensor3D => {
        const [a, b] = [ofActions, ofNoise].map((k) => tf.tensor3d(mix[k] as Float32Array, [n, 1, 1]));
        return tf.add(tf.mul(actions, a as tf.Tensor3D), tf.mul(noise, b as tf.Tensor3D));
      };
      const output = denoise(blend(0, 1), tf.tensor2d(told, [n, size]), observations);
      return tf.mean(tf.squaredDifference(output, blend(2, 3)));
    },
  };
}

function makeDenoiser(
  config: DiffusionConfig,
  sizes: { readonly actionSize: number; readonly observationSize: number },
  rng: Rng,
): { readonly denoise: Denoiser; readonly network: Trainable } {
  const shapes = denoiserShapes(config, sizes);
  const draw = (name: string, shape: MlpShape) => BatchedMlp.draw(shape, rng.fork(name));
  const time = draw('time', shapes.time);
  const { actionSize } = sizes;
  if (shapes.body !== undefined) {
    const body = draw('body', shapes.body);
    return {
      network: joinTrainables({ time, body }),
      denoise(noisy, told, observations) {
        const [n, K] = noisy.shape;
        const inputs = [
          tf.reshape<tf.Rank.R2>(noisy, [n, -1]),
          tf.squeeze<tf.Tensor2D>(time.forward(told), [0]),
          tf.reshape<tf.Rank.R2>(observations, [n, -1]),
        ];
        return tf.reshape(body.forward(tf.concat(inputs, 1)), [n, K, actionSize]);
      },
    };
  }
  const { action, head, observation, stack } = shapes as Required<typeof shapes>;
  const parts = {
    action: draw('action', action),
    observation: draw('observation', observation),
    stack: Transformer.draw(stack, rng.fork('stack')),
    head: draw('head', head),
  };
  return {
    network: joinTrainables({ time, ...parts }),
    denoise(noisy, told, observations) {
      const when = tf.reshape(time.forward(told), [noisy.shape[0], 1, stack.width]);
      const tokens = tf.add<tf.Tensor3D>(eachToken(parts.action, noisy), when);
      return eachToken(parts.head, parts.stack.forward(tokens, eachToken(parts.observation, observations)));
    },
  };
}
