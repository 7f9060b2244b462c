import { CheckpointError } from '../errors.ts';
import type { Rng } from '../random.ts';
import { InferenceMlp } from '../tensor/inference-mlp.ts';
import { InferenceTransformer } from '../tensor/inference-transformer.ts';
import { takePart } from '../training/parts.ts';
import type { ChunkPlanner } from './chunk-policy.ts';
import type { PlannerContext } from './gradient-method.ts';
import { type LatentConfig, latentMlpShapes, latentTransformerShapes } from './latent-config.ts';

/** Decodes n chunks: histories `[n, T, Do]`, latent variables `[n, L]`, to chunks `[n, K, Da]`. */
type Decode = (histories: Float32Array, latents: Float32Array, n: number, target: Float32Array) => void;

/**
 * Makes a policy with a latent variable plan: draws the variable from N(0, I), for each plan or once per episode, and
 * decodes it; where `choose` says so, it draws around what is decoded. The encoder is needed in training only.
 *
 * @throws CheckpointError when the weights do not fit, or draws are asked for and how wide they are was not measured.
 */
export function makeLatentPlanner(
  context: PlannerContext<LatentConfig>,
): ChunkPlanner<Float32Array | undefined> {
  const { choose, hold, latentSize, network } = context.config;
  const deviations = choose === 'draw' ? decoderDeviations(context) : undefined;
  const decode = network === 'mlp' ? mlpDecoder(context) : transformerDecoder(context);
  const draw = (stream: Rng) => Float32Array.from({ length: latentSize }, () => stream.normal());
  return {
    begin: (stream) => (hold === 'episode' ? draw(stream) : undefined),
    plan(histories, episodes, target) {
      const latents = new Float32Array(episodes.length * latentSize);
      for (const [row, { kept, stream }] of episodes.entries()) {
        latents.set(kept ?? draw(stream), row * latentSize);
      }
      decode(histories, latents, episodes.length, target);
      if (deviations === undefined) return;
      for (const [row, { stream }] of episodes.entries()) {
        for (const [i, deviation] of deviations.entries()) {
          const at = row * deviations.length + i;
          target[at] = (target[at] as number) + deviation * stream.normal();
        }
      }
    },
  };
}

/** How widely demonstrated chunks scatter around decoded ones, normalized, shape `[K · Da]`. */
function decoderDeviations({ actionSize, config, constants }: PlannerContext<LatentConfig>): Float32Array {
  const data = constants.deviations?.data;
  const expected = config.chunk * actionSize;
  if (data instanceof Float32Array && data.length === expected) return data;
  throw new CheckpointError({
    what: 'The policy does not know how widely demonstrations scatter around what it decodes',
    where: 'constants/deviations',
    found: data === undefined ? 'no such array' : `${data.constructor.name} of ${data.length}`,
    expected: `Float32Array of ${expected}`,
    remedy: 'act with choose=mean, or train again',
  });
}

function mlpDecoder(context: PlannerContext<LatentConfig>): Decode {
  const { decoder: shape } = latentMlpShapes(context.config, context);
  const decoder = new InferenceMlp(shape, takePart(context.weights, 'decoder'));
  const { latentSize } = context.config;
  const seen = shape.inputSize - latentSize;
  return (histories, latents, n, target) => {
    const inputs = new Float32Array(n * shape.inputSize);
    for (let row = 0; row < n; row++) {
      inputs.set(histories.subarray(row * seen, (row + 1) * seen), row * shape.inputSize);
      inputs.set(latents.subarray(row * latentSize, (row + 1) * latentSize), row * shape.inputSize + seen);
    }
    decoder.forward(0, inputs, target, n);
  };
}

function transformerDecoder(context: PlannerContext<LatentConfig>): Decode {
  const { config, weights } = context;
  const shapes = latentTransformerShapes(config, context);
  const layer = (name: 'observation' | 'latent' | 'head') =>
    new InferenceMlp(shapes[name], takePart(weights, name));
  const [observation, latent, head] = [layer('observation'), layer('latent'), layer('head')];
  const decoder = new InferenceTransformer(shapes.decoder, takePart(weights, 'decoder'));
  const { chunk, history } = config;
  const { width } = shapes.decoder;
  return (histories, latents, n, target) => {
    const told = new Float32Array(n * width);
    latent.forward(0, latents, told, n);
    const seen = new Float32Array(n * history * width);
    observation.forward(0, histories, seen, n * history);
    const memory = new Float32Array(n * (1 + history) * width);
    for (let row = 0; row < n; row++) {
      const at = row * (1 + history) * width;
      memory.set(told.subarray(row * width, (row + 1) * width), at);
      memory.set(seen.subarray(row * history * width, (row + 1) * history * width), at + width);
    }
    const tokens = new Float32Array(n * chunk * width);
    decoder.forward(tokens, chunk, { rows: n, memory: decoder.remember(memory, n) });
    head.forward(0, tokens, target, n * chunk);
  };
}
