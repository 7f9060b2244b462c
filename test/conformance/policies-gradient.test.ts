import { describe, expect, it, vi } from 'vitest';
import { resolveConfig } from '../../src/policies/config.ts';
import type { PartialConfig } from '../../src/policies/method.ts';
import { listMethods } from '../../src/policies/registry.ts';
import { Rng } from '../../src/random.ts';
import { tf } from '../../src/tensor/tf.ts';
import type * as gradientTraining from '../../src/training/gradient-training.ts';
import { branchingData } from '../unit/mixture/toy-data.ts';

type GradientObjective = gradientTraining.GradientObjective;

/** Handed what is minimized in place of the training. */
let inspect: (objective: GradientObjective) => void = () => undefined;

vi.mock('../../src/training/gradient-training.ts', async (importOriginal) => ({
  ...(await importOriginal<typeof gradientTraining>()),
  trainByGradient: (objective: GradientObjective) => {
    inspect(objective);
    throw new Error('inspected');
  },
}));

await tf.setBackend('cpu');

const data = branchingData(4, 2, 4);
const transformer = { layers: 1, heads: 1, width: 3 };
const diffused = {
  history: 2,
  chunk: 3,
  execute: null,
  diffusionSteps: 4,
  samplingSteps: 4,
  timeFeatures: 4,
};
const chunked = { history: 2, chunk: 3, execute: null, observationFrequencies: 1 };

/** Networks of three units, every term of the loss in use; a new method of the shared loop gets a line here. */
const small: Readonly<Record<string, Readonly<Record<string, PartialConfig>>>> = {
  bc: { plain: { hidden: [3] }, residual: { hidden: [3, 3, 3], residual: true } },
  mdn: {
    trunk: { components: 2, expert: { hidden: [3] }, gate: { hidden: [3] } },
    independent: { components: 2, expert: { kind: 'independent', hidden: [3] }, gate: { hidden: [3] } },
    'shared weights': {
      components: 2,
      expert: { kind: 'shared-weights', hidden: [3, 3] },
      gate: { hidden: [3] },
    },
  },
  attentive: {
    // the gate that is distilled from an attentive one learns from what passes no gradient on
    original: {
      ...{ components: 2, importanceWeight: 0.5, similarityWeight: 0.5 },
      ...{ expert: { hidden: [3] }, gate: { kind: 'original', hidden: [3] } },
    },
  },
  cvae: {
    squared: { ...chunked, latentSize: 2, decoderScale: 1, mlp: { hidden: [3, 3, 3], activation: 'mish' } },
  },
  act: {
    absolute: {
      ...{ ...chunked, latentSize: 2, decoderScale: 1 },
      transformer: { encoderLayers: 1, decoderLayers: 1, heads: 1, width: 3 },
    },
  },
  bet: { focal: { ...chunked, bins: 2, offsetWeight: 2, transformer } },
  flow: { splines: { ...chunked, layers: 2, bins: 3, hidden: [3], actnorm: { hidden: [3] } } },
  ibc: { InfoNCE: { ...chunked, negatives: 3, hidden: [3, 3, 3], activation: 'mish' } },
  'ddpm-mlp': {
    noise: { ...diffused, prediction: 'noise', mlp: { hidden: [3, 3, 3] } },
  },
  'ddpm-transformer': { velocity: { ...diffused, transformer } },
  ddim: { sample: { ...diffused, prediction: 'sample', mlp: { hidden: [3, 3, 3] } } },
};

/** Length of a step, in weights of about 1: short, since splines and absolute errors have corners. */
const STEP = 0.004;
/** Tolerance, relative to the slope. */
const RELATIVE = 1e-3;
/** Tolerance, in units of the loss over the step: what rounding to float32 (1.2e-7) costs a difference of four losses. */
const ROUNDING = 1e-6;

/**
 * Compares the slope of the loss along random directions, within one variable each, with central differences of fourth
 * order; every loss has the same minibatch and the same draws.
 *
 * @returns the worst disagreement in units of the tolerance, and the greatest slope.
 */
function compareSlopes({ loss, network }: GradientObjective): { worst: number; greatest: number } {
  const variables = [...network.variables];
  const rng = Rng.fromSeed('gradient');
  // networks start where some gradients are 0
  for (const variable of variables) {
    const drawn = Float32Array.from({ length: variable.size }, () => rng.normal(0, 0.4));
    variable.assign(tf.tidy(() => tf.add(variable, tf.tensor(drawn, variable.shape))));
  }
  const steps = Int32Array.from({ length: 8 }, (_, i) => 2 * i + (i % 2));
  const evaluate = () =>
    tf.tidy(() => loss(steps, Rng.fromSeed('fixed draws'), { training: true, progress: 0.3 }));
  const { grads, value } = tf.variableGrads(evaluate, variables);
  const size = Math.max(1, Math.abs(value.arraySync()));
  let [worst, greatest] = [0, 0];
  for (const variable of variables) {
    const at = variable.dataSync().slice();
    const gradient = (grads[variable.name] as tf.Tensor).dataSync();
    for (let trial = 0; trial < 2; trial++) {
      const drawn = Array.from(at, () => rng.normal());
      const direction = drawn.map((d) => d / Math.hypot(...drawn));
      const lossAt = (way: number): number => {
        const moved = Float32Array.from(at, (weight, i) => weight + way * (direction[i] as number));
        variable.assign(tf.tensor(moved, variable.shape));
        return evaluate().arraySync();
      };
      const inner = lossAt(STEP) - lossAt(-STEP);
      const outer = lossAt(2 * STEP) - lossAt(-2 * STEP);
      variable.assign(tf.tensor(at, variable.shape));
      const expected = (8 * inner - outer) / (12 * STEP);
      const found = direction.reduce((sum, d, i) => sum + d * (gradient[i] as number), 0);
      const allowed = RELATIVE * Math.abs(expected) + (ROUNDING * size) / STEP;
      worst = Math.max(worst, Math.abs(found - expected) / allowed);
      greatest = Math.max(greatest, Math.abs(expected));
    }
  }
  return { worst, greatest };
}

const cases = listMethods()
  .filter((method) => 'checkpointEvery' in (resolveConfig(method, { envId: data.envId }) as object))
  .flatMap((method) =>
    Object.entries(small[method.name] ?? { 'no line in this test': {} }).map(
      ([form, settings]) => [`${method.name}, ${form}`, method, settings] as const,
    ),
  );

describe('the loss of every method of the shared loop, on networks of three units', () => {
  it.each(cases)('has the gradient that differences give: %s', async (_, method, settings) => {
    expect(Object.keys(small)).toContain(method.name);
    let slopes = { worst: Number.NaN, greatest: Number.NaN };
    inspect = (objective) => {
      slopes = compareSlopes(objective);
    };
    const config = resolveConfig(method, {
      envId: data.envId,
      file: { ...settings, observationNoise: 0.01 },
    });
    await expect(method.train(data, config, { seed: 0 })).rejects.toThrow('inspected');
    expect(slopes.worst).toBeLessThan(1);
    expect(slopes.greatest).toBeGreaterThan(0.03);
  });
});
