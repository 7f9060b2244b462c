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
 * decodes it. The encoder is needed in training only.
 *
 * @throws CheckpointError when the weights do not fit.
 */
export function makeLatentPlanner(
  context: PlannerContext<LatentConfig>,
): ChunkPlanner<Float32Array | undefined> {
  const { hold, latentSize, network } = context.config;
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
    },
  };
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
