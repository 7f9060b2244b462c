import { beforeAll, describe, expect, it } from 'vitest';
import { CheckpointError } from '../../../src/errors.ts';
import { resolveConfig } from '../../../src/policies/config.ts';
import { act, cvae } from '../../../src/policies/latent.ts';
import type { LatentConfig } from '../../../src/policies/latent-config.ts';
import { divergence, makeLatentLearner, makeLatentNetworks } from '../../../src/policies/latent-learner.ts';
import type { SavedPolicy } from '../../../src/policies/saved-policy.ts';
import { Rng } from '../../../src/random.ts';
import { selectBackend } from '../../../src/tensor/backend.ts';
import { tf } from '../../../src/tensor/tf.ts';
import { NormalizedData } from '../../../src/training/normalized-data.ts';

const sizes = { observationSize: 2, actionSize: 2 };
const settings = { latentSize: 3, chunk: 3, history: 2 };
const transformer = { encoderLayers: 2, decoderLayers: 1, heads: 2, width: 8 };
const configs = {
  cvae: resolveConfig(cvae, { envId: 'Toy-v0', file: { ...settings, mlp: { hidden: [8] } } }) as LatentConfig,
  act: resolveConfig(act, { envId: 'Toy-v0', file: { ...settings, transformer } }) as LatentConfig,
};

function filled(shape: [number, number, number], seed: number): tf.Tensor3D {
  const rng = Rng.fromSeed(seed);
  return tf.tensor3d(
    Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, () => rng.normal()),
    shape,
  );
}

beforeAll(async () => {
  await selectBackend('js');
});

/** Demonstrations whose actions tremble around 0 by one number along x, by another along y, whatever is observed. */
function trembling(x: number, y: number) {
  const rng = Rng.fromSeed(3);
  const steps = 400;
  return {
    observations: Float32Array.from({ length: 2 * steps }, () => rng.normal()),
    actions: Float32Array.from({ length: 2 * steps }, (_, i) => rng.normal(0, i % 2 === 0 ? x : y)),
    episodeStarts: Int32Array.from({ length: 21 }, (_, episode) => 20 * episode),
    modes: new Int32Array(20),
    ...{ ...sizes, envId: 'Toy-v0' },
  };
}

describe.each([
  { method: cvae, networks: { mlp: { hidden: [8] } } },
  { method: act, networks: { transformer, hold: 'episode' } },
])('a policy that draws around what it decodes: $method.name', ({ method, networks }) => {
  const file = { decoderScale: 1, chunk: 2, history: 1, steps: 120, batchSize: 32, ...networks };
  const config = resolveConfig(method, { envId: 'Toy-v0', file });
  let saved: SavedPolicy;
  beforeAll(async () => {
    saved = (await method.train(trembling(0.3, 2), config, { seed: 0 })).policy;
  });

  it('scatters as widely as the demonstrations do, along each dimension', () => {
    const seeds = Array.from({ length: 2000 }, (_, i) => i);
    const spread = (choose: 'draw' | 'mean') => {
      const policy = method.load({ ...saved, config: { ...(saved.config as LatentConfig), choose } });
      policy.reset(seeds);
      const actions = policy.act(new Float32Array(2 * seeds.length));
      return [0, 1].map((d) =>
        Math.sqrt(seeds.reduce((sum, i) => sum + (actions[2 * i + d] as number) ** 2, 0) / 2000),
      );
    };
    const [x, y] = spread('draw') as [number, number];
    // a little less, since actions stay within the demonstrated range, or more, since what is decoded scatters too
    for (const share of [x / 0.3, y / 2]) {
      expect(share).toBeGreaterThan(0.85);
      expect(share).toBeLessThan(1.18);
    }
    expect((spread('mean')[1] as number) / y).toBeLessThan(0.5);
  });

  it('says so where a policy was saved that never measured it', () => {
    const arrays = Object.fromEntries(
      Object.entries(saved.arrays).filter(([name]) => !name.startsWith('constants')),
    );
    const drawing = { ...(saved.config as LatentConfig), choose: 'draw' };
    expect(() => method.load({ ...saved, arrays, config: drawing })).toThrow(CheckpointError);
    expect(() => method.load({ ...saved, arrays })).not.toThrow();
  });
});

describe('the divergence from the prior', () => {
  it('is 0 at the prior itself', () => {
    expect(divergence(tf.zeros([4, 3]), tf.zeros([4, 3])).arraySync()).toBe(0);
  });

  it('agrees with a sum by hand, in nats', () => {
    const [mean, logVariance] = [
      [0.5, -1],
      [0.2, -3],
    ] as const;
    const byHand = mean.reduce((sum, m, i) => {
      const log = logVariance[i] as number;
      return sum + 0.5 * (m * m + Math.exp(log) - log - 1);
    }, 0);
    expect(divergence(tf.tensor2d([[...mean]]), tf.tensor2d([[...logVariance]])).arraySync()).toBeCloseTo(
      byHand,
      5,
    );
  });
});

describe.each(Object.entries(configs))('a policy with a latent variable: %s', (_, config) => {
  const observations = filled([1, 2, 2], 1);

  it('lets every action of a chunk change the posterior', () => {
    const { encode } = makeLatentNetworks(config, sizes, Rng.fromSeed(0));
    const actions = filled([1, 3, 2], 2);
    const before = encode(observations, actions).dataSync();
    for (let k = 0; k < 3; k++) {
      const changed = actions.dataSync().slice();
      changed[2 * k] = (changed[2 * k] as number) + 1;
      const after = encode(observations, tf.tensor3d(changed, [1, 3, 2])).dataSync();
      expect(Math.max(...after.map((value, i) => Math.abs(value - (before[i] as number))))).toBeGreaterThan(
        1e-6,
      );
    }
  });

  it('neither sees, scores nor measures actions repeated beyond the end of an episode', async () => {
    const data = {
      ...{ observations: new Float32Array(12), actions: Float32Array.from({ length: 12 }, (_, i) => i % 5) },
      ...{ observationSize: 2, actionSize: 2, episodeStarts: Int32Array.from([0, 6]) },
      ...{ modes: Int32Array.from([0]), envId: 'Toy-v0' },
    };
    for (let i = 0; i < 12; i++) data.observations[i] = i % 7;
    const problem = new NormalizedData(data);
    const learner = makeLatentLearner({ config, problem, sizes: problem, rng: Rng.fromSeed(0) });
    const mask = tf.tensor2d([[1, 1, 0]]);
    const loss = (last: number): number => {
      const actions = tf.tensor3d([0.3, -0.2, 0.1, 0.4, last, last], [1, 3, 2]);
      const moment = { training: true, progress: 1 };
      return learner.loss({ observations, actions, mask }, Rng.fromSeed(5), moment).arraySync();
    };
    expect(loss(0.1)).toBe(loss(7));
    const deviations = async (last: number) => {
      const actions = tf.tensor3d([0.3, -0.2, 0.1, 0.4, last, last], [1, 3, 2]);
      return (await learner.measure?.([{ observations, actions, mask }], Rng.fromSeed(5)))?.deviations?.data;
    };
    expect(await deviations(0.1)).toHaveLength(6);
    expect(await deviations(0.1)).toEqual(await deviations(7));
  });

  it('decodes different chunks from different latent variables', () => {
    const { decode } = makeLatentNetworks(config, sizes, Rng.fromSeed(0));
    const a = decode(observations, tf.tensor2d([[2, -1, 0]])).dataSync();
    const b = decode(observations, tf.tensor2d([[-2, 1, 0]])).dataSync();
    expect(Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))))).toBeGreaterThan(1e-6);
  });
});
