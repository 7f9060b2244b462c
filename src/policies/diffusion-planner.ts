import { InferenceMlp } from '../tensor/inference-mlp.ts';
import { InferenceTransformer } from '../tensor/inference-transformer.ts';
import type { MlpShape } from '../tensor/mlp-shape.ts';
import { takePart } from '../training/parts.ts';
import type { ChunkPlanner, PlannedEpisode } from './chunk-policy.ts';
import { type DiffusionConfig, denoiserShapes } from './diffusion-config.ts';
import { cosineSchedule, type ReverseStep, reverseSteps, timeFeatures } from './diffusion-schedule.ts';
import type { PlannerContext } from './gradient-method.ts';

/** Evaluates the network on n chunks at one diffusion time. */
type Denoise = (noisy: Float32Array, time: number, output: Float32Array) => void;

/** Prepares a denoiser for what n episodes have seen, shape `[n, T, Do]`. */
type Denoiser = (histories: Float32Array, n: number) => Denoise;

/**
 * Makes a diffusion policy plan: starts every chunk from noise of the episode's own stream and denoises it step by step,
 * with x̂₀ kept within the demonstrated range.
 *
 * @throws CheckpointError when the weights do not fit; ConfigError when there are not as many steps.
 */
export function makeDiffusionPlanner(context: PlannerContext<DiffusionConfig>): ChunkPlanner {
  const { config, high, low } = context;
  const alphaBar = cosineSchedule(config.diffusionSteps);
  const { diffusionSteps, prediction, sampler, samplingSteps } = config;
  const steps = reverseSteps(alphaBar, { sampler, prediction, count: samplingSteps ?? diffusionSteps });
  const denoiser = config.denoiser === 'mlp' ? mlpDenoiser(context) : transformerDenoiser(context);
  return {
    begin: () => undefined,
    plan(histories, episodes, target) {
      const denoise = denoiser(histories, episodes.length);
      const output = new Float32Array(target.length);
      addNoise(target.fill(0), episodes, 1);
      for (const step of steps) {
        denoise(target, step.time, output);
        takeStep(target, output, step, low, high);
        if (step.noise > 0) addNoise(target, episodes, step.noise);
      }
    },
  };
}

/** Adds noise to every chunk from the stream of its episode. */
function addNoise(
  chunks: Float32Array,
  episodes: readonly PlannedEpisode<undefined>[],
  standardDeviation: number,
): void {
  const size = chunks.length / episodes.length;
  for (const [row, { stream }] of episodes.entries()) {
    for (let i = row * size; i < (row + 1) * size; i++) {
      chunks[i] = (chunks[i] as number) + stream.normal(0, standardDeviation);
    }
  }
}

/** Takes one step of denoising in place, given what the network predicts, but for its fresh noise. */
export function takeStep(
  sample: Float32Array,
  output: Float32Array,
  { clean, fromOutput, fromSample, keep }: ReverseStep,
  low: Float32Array,
  high: Float32Array,
): void {
  const width = low.length;
  for (let i = 0; i < sample.length; i++) {
    const d = i % width;
    const x = sample[i] as number;
    const estimate = fromSample * x + fromOutput * (output[i] as number);
    const clipped = Math.min(Math.max(estimate, low[d] as number), high[d] as number);
    sample[i] = clean * clipped + keep * x;
  }
}

/** Evaluates what the network is told of each diffusion time, once, shape `[T + 1, N]`. */
function timeTable({ config, weights }: PlannerContext<DiffusionConfig>, shape: MlpShape): Float32Array {
  const features = timeFeatures(config.diffusionSteps, config.timeFeatures);
  const rows = config.diffusionSteps + 1;
  const table = new Float32Array(rows * shape.outputSize);
  new InferenceMlp(shape, takePart(weights, 'time')).forward(0, features, table, rows);
  return table;
}

function mlpDenoiser(context: PlannerContext<DiffusionConfig>): Denoiser {
  const shapes = denoiserShapes(context.config, context);
  const shape = shapes.body as MlpShape;
  const times = timeTable(context, shapes.time);
  const body = new InferenceMlp(shape, takePart(context.weights, 'body'));
  const told = shapes.time.outputSize;
  const { inputSize, outputSize } = shape;
  return (histories, n) => {
    const inputs = new Float32Array(n * inputSize);
    const seen = histories.length / n;
    for (let row = 0; row < n; row++) {
      inputs.set(histories.subarray(row * seen, (row + 1) * seen), row * inputSize + outputSize + told);
    }
    return (noisy, time, output) => {
      const now = times.subarray(time * told, (time + 1) * told);
      for (let row = 0; row < n; row++) {
        inputs.set(noisy.subarray(row * outputSize, (row + 1) * outputSize), row * inputSize);
        inputs.set(now, row * inputSize + outputSize);
      }
      body.forward(0, inputs, output, n);
    };
  };
}

function transformerDenoiser(context: PlannerContext<DiffusionConfig>): Denoiser {
  const { config, weights } = context;
  const shapes = denoiserShapes(config, context) as Required<ReturnType<typeof denoiserShapes>>;
  const times = timeTable(context, shapes.time);
  const layer = (name: 'action' | 'observation' | 'head') =>
    new InferenceMlp(shapes[name], takePart(weights, name));
  const [action, observation, head] = [layer('action'), layer('observation'), layer('head')];
  const stack = new InferenceTransformer(shapes.stack, takePart(weights, 'stack'));
  const { chunk, history } = config;
  const { width } = shapes.stack;
  return (histories, n) => {
    const seen = new Float32Array(n * history * width);
    observation.forward(0, histories, seen, n * history);
    // what is seen stays the same from step to step
    const memory = stack.remember(seen, n);
    const tokens = new Float32Array(n * chunk * width);
    return (noisy, time, output) => {
      action.forward(0, noisy, tokens, n * chunk);
      for (let i = 0; i < tokens.length; i++) {
        tokens[i] = (tokens[i] as number) + (times[time * width + (i % width)] as number);
      }
      stack.forward(tokens, chunk, { rows: n, memory });
      head.forward(0, tokens, output, n * chunk);
    };
  };
}
