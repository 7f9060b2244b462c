import { expect, it } from 'vitest';
import type { TrainingData } from '../../src/data/training-data.ts';
import { resolveConfig } from '../../src/policies/config.ts';
import type { PartialConfig } from '../../src/policies/method.ts';
import { listMethods } from '../../src/policies/registry.ts';
import { Rng } from '../../src/random.ts';
import { registerSimdBackend } from '../../src/tensor/simd/register.ts';
import { tf } from '../../src/tensor/tf.ts';

await registerSimdBackend({ threads: 1 });
await tf.setBackend('simd');

/** Eight observations with an action each, all drawn at random. */
function eightPairs(): TrainingData {
  const rng = Rng.fromSeed('pairs');
  const draw = () => Float32Array.from({ length: 16 }, () => rng.normal());
  return {
    ...{ observations: draw(), actions: draw(), observationSize: 2, actionSize: 2 },
    episodeStarts: Int32Array.from({ length: 9 }, (_, i) => i),
    ...{ modes: new Int32Array(8), envId: 'Pairs-v0' },
  };
}

/** What becomes of the loss of a method on eight pairs. */
interface Overfit {
  readonly settings: PartialConfig;
  /** Least value that the loss can have on them. */
  readonly floor: number;
  /** By how much what the loss has above its floor is to shrink, from the first steps to the last. */
  readonly factor: number;
}

/** Half the logarithm of 2π: what a normal density of variance 1 costs per number at its mean, nats. */
const halfLog2Pi = 0.5 * Math.log(2 * Math.PI);
const ACTION_NOISE = 0.2;
const transformer = { layers: 1, heads: 2, width: 32 };
const diffusion = { diffusionSteps: 4, samplingSteps: 4, timeFeatures: 8, mlp: { hidden: [64, 64, 64] } };

/** A new method of the shared loop gets a line here. */
const lines: Readonly<Record<string, Overfit>> = {
  // densities of variance 1 of two numbers each
  bc: { settings: { hidden: [32, 32] }, floor: 2 * halfLog2Pi, factor: 100 },
  mdn: {
    settings: { components: 3, standardDeviation: 1, expert: { hidden: [32] }, gate: { hidden: [16] } },
    ...{ floor: 2 * halfLog2Pi, factor: 100 },
  },
  attentive: {
    settings: {
      ...{ components: 3, standardDeviation: 1 },
      ...{ expert: { hidden: [32] }, gate: { kind: 'original', hidden: [32] } },
    },
    ...{ floor: 2 * halfLog2Pi, factor: 100 },
  },
  // the observation tells all: nothing is left for the latent variable to say
  cvae: { settings: { latentSize: 2, mlp: { hidden: [32, 32, 32] } }, floor: 0, factor: 100 },
  act: {
    settings: {
      ...{ latentSize: 2, decoderScale: 0.2 },
      transformer: { encoderLayers: 1, decoderLayers: 1, heads: 2, width: 16 },
    },
    ...{ floor: 0, factor: 100 },
  },
  // a bin for each pair
  bet: { settings: { bins: 8, transformer }, floor: 0, factor: 100 },
  // per number, the entropy of the noise that is added to actions
  flow: {
    settings: { layers: 2, hidden: [32], actnorm: { hidden: [32] }, actionNoise: ACTION_NOISE },
    ...{ floor: halfLog2Pi + 0.5 + Math.log(ACTION_NOISE), factor: 20 },
  },
  // drawn chunks that happen to lie beside the demonstrated one are told apart last
  ibc: { settings: { negatives: 16, hidden: [64, 64, 64], actionNoise: 0 }, floor: 0, factor: 30 },
  // the demonstrated action is known, and with it the noise in every input
  'ddpm-mlp': { settings: diffusion, floor: 0, factor: 100 },
  'ddpm-transformer': { settings: { ...diffusion, transformer }, floor: 0, factor: 20 },
  ddim: { settings: { ...diffusion, prediction: 'sample' }, floor: 0, factor: 100 },
};

const data = eightPairs();
/** Settings of the shared loop, and of policies by chunks. */
const training = {
  ...{ steps: 800, batchSize: 32, learningRate: 1e-2, warmup: 0.02, ema: null, weightDecay: 0 },
  ...{ observationNoise: 0, validation: 0, checkpointEvery: 40 },
};
const single = { history: 1, chunk: 1, execute: null };

for (const method of listMethods()) {
  const defaults = resolveConfig(method, { envId: data.envId }) as object;
  if (!('checkpointEvery' in defaults)) continue;
  it(`${method.name} learns eight pairs by heart`, async () => {
    const line = lines[method.name];
    if (line === undefined) throw new Error(`no line for '${method.name}' in this test`);
    const { factor, floor, settings } = line;
    const file = { ...training, ...('chunk' in defaults && single), ...settings };
    const excess: number[] = [];
    await method.train(data, resolveConfig(method, { envId: data.envId, file }), {
      seed: 0,
      onMetrics: ({ loss }) => excess.push((loss as number) - floor),
    });
    const [first, last] = [excess[0] as number, excess.at(-1) as number];
    expect(last).toBeLessThan(first / factor);
    // a loss below its floor is not the loss it is said to be
    expect(Math.min(...excess)).toBeGreaterThan(-0.02);
  });
}
