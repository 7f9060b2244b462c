import type { PartialConfig } from '../../src/policies/method.ts';
import type { Policy } from '../../src/policies/policy.ts';

/** Of methods that are trained by the shared loop: more than one checkpoint, and a held-out episode. */
const gradientQuick = { steps: 20, batchSize: 16, checkpointEvery: 8, validation: 0.2 };

/** Of mixtures that are trained by turns: all that the shared loop can do, which by default they leave out. */
const alternatingQuick = {
  ...{ components: 3, iterations: 1, warmup: 0.1, clipNorm: 1, ema: 0.9, validation: 0.2 },
  expert: { hidden: [8], stepsPerIteration: 20, refineSteps: 20, batchSize: 24 },
  gate: { hidden: [8], steps: 20, batchSize: 16 },
};

/** Settings that make a method train in a second; a new method gets a line here and all tests of the registry. */
const quick: Readonly<Record<string, PartialConfig>> = {
  imc: alternatingQuick,
  bc: { ...gradientQuick, hidden: [8] },
  mdn: { ...gradientQuick, components: 3, expert: { hidden: [8] }, gate: { hidden: [8] } },
  attentive: {
    ...{ ...gradientQuick, components: 3, importanceWeight: 0.1, similarityWeight: 1 },
    ...{ expert: { hidden: [8] }, gate: { hidden: [8] } },
  },
  em: alternatingQuick,
  'ml-cur': { components: 3, iterations: 3 },
  cvae: {
    ...gradientQuick,
    latentSize: 3,
    chunk: 3,
    execute: 2,
    observationFrequencies: 2,
    choose: 'draw',
    mlp: { hidden: [8] },
  },
  act: {
    ...{ ...gradientQuick, latentSize: 3, chunk: 3, hold: 'episode' },
    transformer: { encoderLayers: 1, decoderLayers: 1, heads: 2, width: 8 },
  },
  bet: { ...gradientQuick, bins: 4, history: 3, transformer: { layers: 1, heads: 2, width: 8 } },
  flow: { ...gradientQuick, layers: 2, bins: 3, chunk: 2, hidden: [8] },
  // unlike a choice among drawn chunks, Langevin steps show every change of the weights
  ibc: {
    ...{ ...gradientQuick, negatives: 4, chunk: 2, hidden: [8] },
    ...{ sampler: 'langevin', chains: 8, chainSteps: 5 },
  },
  'ddpm-mlp': { ...gradientQuick, diffusionSteps: 4, chunk: 3, execute: 2, mlp: { hidden: [8] } },
  'ddpm-transformer': {
    ...{ ...gradientQuick, diffusionSteps: 4, chunk: 3, execute: 2 },
    transformer: { layers: 1, heads: 2, width: 8 },
  },
  ddim: { ...gradientQuick, diffusionSteps: 8, samplingSteps: 4, chunk: 3, execute: 3, mlp: { hidden: [8] } },
};

/** Settings that make a method train in a second. */
export function quickSettings(methodName: string): PartialConfig {
  const settings = quick[methodName];
  if (settings === undefined) throw new Error(`no quick settings for '${methodName}' in this file`);
  return settings;
}

/** Observations that differ between episodes and steps. */
export function observationAt(episode: number, step: number): number[] {
  return [0.05 * episode - 0.02 * step, 0.1 * step];
}

/** Acts over some steps; returns the actions per episode. */
export function act(policy: Policy, seeds: readonly number[], steps = 6): number[][] {
  policy.reset(seeds);
  const taken: number[][] = seeds.map(() => []);
  for (let step = 0; step < steps; step++) {
    const observations = seeds.flatMap((seed) => observationAt(seed, step));
    const actions = policy.act(Float32Array.from(observations));
    seeds.forEach((_, i) => {
      taken[i]?.push(...actions.subarray(i * policy.actionSize, (i + 1) * policy.actionSize));
    });
  }
  return taken;
}
