import { beforeAll, describe, expect, it } from 'vitest';
import type { TrainingData } from '../../../src/data/training-data.ts';
import { resolveConfig } from '../../../src/policies/config.ts';
import { ibc } from '../../../src/policies/ibc.ts';
import { energyShape, type IbcConfig } from '../../../src/policies/ibc-config.ts';
import { makeIbcLearner } from '../../../src/policies/ibc-learner.ts';
import {
  type EnergyFunction,
  searchByLangevin,
  searchWithoutDerivatives,
} from '../../../src/policies/ibc-search.ts';
import { Rng } from '../../../src/random.ts';
import { selectBackend } from '../../../src/tensor/backend.ts';
import { InferenceMlp } from '../../../src/tensor/inference-mlp.ts';
import { tf } from '../../../src/tensor/tf.ts';
import { NormalizedData } from '../../../src/training/normalized-data.ts';
import { takePart } from '../../../src/training/parts.ts';
import { chooseWeights } from '../../../src/training/trained-weights.ts';

/** Two ways, one of them taken twice as often, in one state. */
const modes = [
  { share: 2 / 3, mean: -0.6, std: 0.15 },
  { share: 1 / 3, mean: 0.7, std: 0.15 },
] as const;

const data = ((): TrainingData => {
  const rng = Rng.fromSeed(0).fork('ways');
  const samples = 1500;
  const actions = Float32Array.from({ length: samples }, (_, i) => {
    const { mean, std } = modes[i % 3 === 0 ? 1 : 0];
    return rng.normal(mean, std);
  });
  return {
    ...{ observations: new Float32Array(samples).fill(0.3), actions, observationSize: 1, actionSize: 1 },
    episodeStarts: Int32Array.from({ length: samples + 1 }, (_, i) => i),
    ...{ modes: new Int32Array(samples), envId: 'Toy-v0' },
  };
})();

const problem = new NormalizedData(data);

function configOf(file: object): IbcConfig {
  const small = { history: 1, hidden: [32, 32, 32], validation: 0, observationNoise: 0, actionNoise: 0 };
  return resolveConfig(ibc, { envId: 'Toy-v0', file: { ...small, ...file } }) as IbcConfig;
}

/** A batch of the first windows, whose actions repeat one another after the first `real`. */
function batch(n: number, chunk: number, real: number) {
  const mask = Float32Array.from({ length: n * chunk }, (_, i) => (i % chunk < real ? 1 : 0));
  return {
    observations: tf.zeros<tf.Rank.R3>([n, 1, 1]),
    actions: tf.tensor3d(problem.actions.slice(0, n * chunk), [n, chunk, 1]),
    mask: tf.tensor2d(mask, [n, chunk]),
  };
}

describe('the energy of implicit behavioural cloning', () => {
  const config = configOf({ steps: 500, learningRate: 3e-3 });
  let energyOf: (actions: Float32Array) => Float32Array;

  beforeAll(async () => {
    await selectBackend('simd');
    const { policy } = await ibc.train(data, config, { seed: 0 });
    const weights = chooseWeights(takePart(policy.arrays, 'trained'), config);
    const network = new InferenceMlp(energyShape(config, problem), weights);
    energyOf = (actions) => {
      const inputs = new Float32Array(2 * actions.length);
      for (const [i, value] of problem.actionNormalizer.normalize(actions).entries())
        inputs[2 * i + 1] = value;
      const energies = new Float32Array(actions.length);
      network.forward(0, inputs, energies, actions.length);
      return energies;
    };
  });

  it('is −log of the density of the demonstrations, up to a constant', () => {
    const [low, high] = [Math.min(...data.actions), Math.max(...data.actions)];
    const grid = Float32Array.from({ length: 200 }, (_, i) => low + ((high - low) * (i + 0.5)) / 200);
    const normalize = (values: number[]) => {
      const sum = values.reduce((total, value) => total + value, 0);
      return values.map((value) => value / sum);
    };
    const truth = normalize(
      [...grid].map((a) =>
        modes.reduce(
          (sum, { mean, share, std }) => sum + share * Math.exp(-0.5 * ((a - mean) / std) ** 2),
          0,
        ),
      ),
    );
    const learned = normalize([...energyOf(grid)].map((value) => Math.exp(-value)));
    const divergence = truth.reduce((sum, p, i) => sum + p * Math.log(p / (learned[i] as number)), 0);
    expect(divergence).toBeLessThan(0.05);
  });

  it('is lower at demonstrated actions than at nearly all drawn at random', () => {
    const far = Float32Array.from({ length: 500 }, (_, i) => -1.4 + (2.9 * i) / 500).filter((a) =>
      modes.every(({ mean, std }) => Math.abs(a - mean) > 3 * std),
    );
    const limit = Math.min(...energyOf(far));
    const lower = energyOf(data.actions).filter((value) => value < limit).length;
    expect(lower / data.actions.length).toBeGreaterThan(0.95);
  });
});

describe('the loss of implicit behavioural cloning', () => {
  beforeAll(async () => {
    await selectBackend('js');
  });

  it('begins at that of a guess among positive and negatives', () => {
    const config = configOf({ negatives: 15 });
    const learner = makeIbcLearner({ config, problem, sizes: problem, rng: Rng.fromSeed(0) });
    const loss = learner.loss(batch(64, 1, 1), Rng.fromSeed(1), { training: true, progress: 0 });
    expect(Math.abs((loss.arraySync() as number) - Math.log(16))).toBeLessThan(0.1);
  });

  it('learns nothing from actions repeated beyond the end of an episode', () => {
    const config = configOf({ negatives: 5, chunk: 3, hidden: [8] });
    const learner = makeIbcLearner({ config, problem, sizes: problem, rng: Rng.fromSeed(0) });
    const lossWith = (change: number, real: number) => {
      const { actions, ...rest } = batch(4, 3, real);
      const changed = tf.add<tf.Tensor3D>(actions, tf.tensor3d([0, 0, change], [1, 3, 1]));
      const moment = { training: false, progress: 1 };
      return learner.loss({ ...rest, actions: changed }, Rng.fromSeed(1), moment).arraySync();
    };
    expect(lossWith(2, 2)).toBe(lossWith(0, 2));
    expect(lossWith(2, 3)).not.toBe(lossWith(0, 3));
  });
});

const box = { centre: Float64Array.of(0.5, 0), half: Float64Array.of(2, 0.5) };
const least = [1.3, -0.2] as const;
const widths = [0.3, 0.1] as const;

/** E = Σ ((a − m)/s)²/2, of which e^{−E} is a normal density. */
const bowl: EnergyFunction = {
  energy(chunks, energies) {
    for (let i = 0; i < energies.length; i++) {
      energies[i] = least.reduce((sum, m, d) => {
        return sum + 0.5 * (((chunks[2 * i + d] as number) - m) / (widths[d] as number)) ** 2;
      }, 0);
    }
  },
  gradient(chunks, gradients) {
    for (let i = 0; i < chunks.length; i++) {
      const d = i % 2;
      gradients[i] = ((chunks[i] as number) - (least[d] as number)) / (widths[d] as number) ** 2;
    }
  },
};

/** Two narrow wells of unequal depth: e^{−E} has a share of 0.7 on the left. */
const wells: Pick<EnergyFunction, 'energy'> = {
  energy(chunks, energies) {
    for (let i = 0; i < energies.length; i++) {
      const well = (middle: number) => {
        const apart = ((chunks[2 * i] as number) - middle) / 0.1;
        const across = (chunks[2 * i + 1] as number) / 0.1;
        return Math.exp(-0.5 * (apart * apart + across * across));
      };
      energies[i] = -Math.log(0.7 * well(-0.5) + 0.3 * well(1.5) + 1e-12);
    }
  },
};

describe('the search for low energy', () => {
  const search = { samples: 256, rounds: 3, searchNoise: 0.33, chains: 64, chainSteps: 40 };
  const target = new Float32Array(2);

  it('finds a known minimum without derivatives, to twice the last noise', () => {
    for (let seed = 0; seed < 20; seed++) {
      searchWithoutDerivatives(bowl, box, { ...search, choose: 'minimum' }, Rng.fromSeed(seed), target);
      for (const [d, m] of least.entries()) {
        const last = search.searchNoise * 2 ** (1 - search.rounds) * (box.half[d] as number);
        expect(Math.abs((target[d] as number) - m)).toBeLessThan(2 * last);
      }
    }
  });

  it('finds it along the gradient, to a hundredth of the range', () => {
    for (let seed = 0; seed < 20; seed++) {
      searchByLangevin(bowl, box, { ...search, choose: 'minimum' }, Rng.fromSeed(seed), target);
      for (const [d, m] of least.entries()) {
        expect(Math.abs((target[d] as number) - m)).toBeLessThan(0.02 * (box.half[d] as number));
      }
    }
  });

  it('stays within the range where the least energy is outside', () => {
    const slope: EnergyFunction = {
      energy(chunks, energies) {
        for (let i = 0; i < energies.length; i++) energies[i] = -20 * (chunks[2 * i] as number);
      },
      gradient(_, gradients) {
        for (let i = 0; i < gradients.length; i++) gradients[i] = i % 2 === 0 ? -20 : 0;
      },
    };
    for (const choose of ['draw', 'minimum'] as const) {
      for (const find of [searchWithoutDerivatives, searchByLangevin]) {
        find(slope, box, { ...search, choose }, Rng.fromSeed(0), target);
        expect(target[0]).toBeLessThanOrEqual(2.5);
        expect(target[0]).toBeGreaterThan(2);
        expect(Math.abs(target[1] as number)).toBeLessThanOrEqual(0.5);
      }
    }
  });

  it('draws as e^{−E} says, where plain rounds would take the deeper well nearly always', () => {
    const draws = 800;
    const found = Array.from({ length: draws }, (_, seed) => {
      searchWithoutDerivatives(wells, box, { ...search, choose: 'draw' }, Rng.fromSeed(seed), target);
      return [...target] as [number, number];
    });
    const left = found.filter(([a]) => a < 0.5);
    expect(Math.abs(left.length / draws - 0.7)).toBeLessThan(0.05);
    const spread = Math.sqrt(left.reduce((sum, [a]) => sum + (a + 0.5) ** 2, 0) / left.length);
    expect(spread).toBeGreaterThan(0.09);
    expect(spread).toBeLessThan(0.11);
  });
});
