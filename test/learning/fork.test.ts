import { beforeAll, describe, expect, it } from 'vitest';
import type { TrainingData } from '../../src/data/training-data.ts';
import { resolveConfig } from '../../src/policies/config.ts';
import type { Method, PartialConfig } from '../../src/policies/method.ts';
import { findMethod } from '../../src/policies/registry.ts';
import { Rng } from '../../src/random.ts';
import { registerSimdBackend } from '../../src/tensor/simd/register.ts';
import { tf } from '../../src/tensor/tf.ts';

await registerSimdBackend({ threads: 1 });

/** Share of demonstrations that take the first way. */
const share = 0.7;
/** The two ways: what they do to each of the two action dimensions. */
const way = [1, -0.5] as const;

/** Demonstrations of one step in one state, which go one way or its opposite, with noise of 0.05. */
const data = ((): TrainingData => {
  const rng = Rng.fromSeed(0).fork('fork');
  const samples = 400;
  const actions = new Float32Array(2 * samples);
  const modes = new Int32Array(samples);
  for (let i = 0; i < samples; i++) {
    const sign = i < share * samples ? 1 : -1;
    for (const [d, value] of way.entries()) actions[2 * i + d] = sign * value + rng.normal(0, 0.05);
    modes[i] = sign > 0 ? 0 : 1;
  }
  return {
    observations: new Float32Array(samples).fill(0.3),
    actions,
    observationSize: 1,
    actionSize: 2,
    episodeStarts: Int32Array.from({ length: samples + 1 }, (_, i) => i),
    modes,
    envId: 'Fork-v0',
  };
})();

interface Fork {
  /** Settings that make the method learn the fork in seconds. */
  readonly settings: PartialConfig;
  /** Allowed difference of the share of the first way. */
  readonly tolerance?: number;
}

const gradient = { steps: 800, batchSize: 128, validation: 0 };
const single = { ...gradient, history: 1, chunk: 1, execute: null };
const coding = { ...single, learningRate: 3e-3 };
const denoising = { ...coding, observationFrequencies: 0 };

/** The methods that are held to the fork here; allowances are those of short trainings and few denoising steps. */
const forks: Readonly<Record<string, Fork>> = {
  mdn: { settings: { ...gradient, components: 4, expert: { hidden: [16] }, gate: { hidden: [16] } } },
  bc: { settings: { ...gradient, hidden: [16] } },
  attentive: { settings: { ...gradient, components: 4, expert: { hidden: [16] }, gate: { hidden: [16] } } },
  cvae: {
    settings: { ...coding, steps: 1200, latentSize: 2, decoderScale: 0.25, mlp: { hidden: [64, 64, 64] } },
    tolerance: 0.1,
  },
  act: {
    settings: {
      ...{ ...coding, steps: 400, latentSize: 2, decoderScale: 0.1 },
      transformer: { encoderLayers: 1, decoderLayers: 1, heads: 2, width: 16 },
    },
    tolerance: 0.1,
  },
  flow: { settings: { ...coding, layers: 4, hidden: [32] }, tolerance: 0.1 },
  // the focal loss flattens probabilities
  bet: {
    settings: { ...coding, steps: 400, bins: 8, transformer: { layers: 1, heads: 2, width: 16 } },
    tolerance: 0.12,
  },
  'ddpm-mlp': { settings: { ...denoising, mlp: { hidden: [64, 64, 64] } } },
  'ddpm-transformer': {
    settings: { ...denoising, steps: 600, transformer: { layers: 1, heads: 2, width: 32 } },
    tolerance: 0.1,
  },
  ddim: {
    settings: {
      ...{ ...denoising, steps: 1500, diffusionSteps: 32, samplingSteps: 16 },
      mlp: { hidden: [64, 64, 64] },
    },
    tolerance: 0.1,
  },
};

async function trainAndAct(method: Method, fork: Fork): Promise<Float32Array> {
  await tf.setBackend('simd');
  const config = resolveConfig(method, { envId: data.envId, file: fork.settings });
  const { policy: saved } = await method.train(data, config, { seed: 0 });
  const policy = method.load(saved);
  const seeds = Array.from({ length: 2000 }, (_, seed) => seed);
  policy.reset(seeds);
  return policy.act(new Float32Array(seeds.length).fill(0.3));
}

for (const [name, fork] of Object.entries(forks)) {
  const method = findMethod(name);
  describe(`at a fork, '${name}'`, () => {
    let actions: Float32Array;

    beforeAll(async () => {
      actions = await trainAndAct(method, fork);
    });

    if (name === 'bc') {
      it('answers with the mean of both ways', () => {
        for (const [d, value] of way.entries()) {
          expect(Math.abs((actions[d] as number) - (2 * share - 1) * value)).toBeLessThan(0.05);
        }
      });
      return;
    }

    it('goes one of the two ways', () => {
      let near = 0;
      for (let i = 0; i < actions.length; i += 2) {
        const sign = (actions[i] as number) > 0 ? 1 : -1;
        const misses = way.map((value, d) => Math.abs((actions[i + d] as number) - sign * value));
        if (Math.max(...misses) < 0.2) near++;
      }
      expect(near / 2000).toBeGreaterThan(0.9);
    });

    it('goes them as often as the demonstrations do', () => {
      let first = 0;
      for (let i = 0; i < actions.length; i += 2) if ((actions[i] as number) > 0) first++;
      expect(Math.abs(first / 2000 - share)).toBeLessThan(fork.tolerance ?? 0.05);
    });
  });
}
