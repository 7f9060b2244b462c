import { beforeAll, describe, expect, it } from 'vitest';
import { bet } from '../../../src/policies/bet.ts';
import type { BetConfig } from '../../../src/policies/bet-config.ts';
import { makeBetLearner } from '../../../src/policies/bet-learner.ts';
import { resolveConfig } from '../../../src/policies/config.ts';
import { Rng } from '../../../src/random.ts';
import { selectBackend } from '../../../src/tensor/backend.ts';
import { tf } from '../../../src/tensor/tf.ts';
import { NormalizedData } from '../../../src/training/normalized-data.ts';
import { Windows } from '../../../src/training/windows.ts';

const transformer = { layers: 1, heads: 2, width: 8 };

/** Two episodes whose actions are of three kinds. */
function problem(): NormalizedData {
  const rng = Rng.fromSeed(3);
  const steps = 40;
  const kinds = [
    [1, 0],
    [0, 1],
    [-1, -1],
  ] as const;
  const actions = Array.from({ length: steps }, () => {
    const kind = kinds[rng.integer(3)] as readonly [number, number];
    return [kind[0] + rng.normal(0, 0.01), kind[1] + rng.normal(0, 0.01)];
  });
  return new NormalizedData({
    observations: Float32Array.from({ length: steps }, () => rng.normal()),
    actions: Float32Array.from(actions.flat()),
    ...{ observationSize: 1, actionSize: 2, episodeStarts: Int32Array.from([0, 25, steps]) },
    ...{ modes: Int32Array.from([0, 0]), envId: 'Toy-v0' },
  });
}

function learn(settings: object) {
  const config = resolveConfig(bet, {
    envId: 'Toy-v0',
    file: { transformer, history: 3, ...settings },
  }) as BetConfig;
  const data = problem();
  const learner = makeBetLearner({ config, problem: data, sizes: data, rng: Rng.fromSeed(0) });
  const windows = new Windows(data, { history: 3, chunk: config.chunk, pastActions: true }, false);
  return { ...{ config, data, windows }, learner: learner as Awaited<typeof learner> };
}

beforeAll(async () => {
  await selectBackend('js');
});

describe('the loss of Behavior Transformer', () => {
  it('finds the kinds of actions as centres, in normalized units', async () => {
    const { data, learner } = learn({ bins: 3 });
    const centres = (await learner).constants?.centres?.data as Float32Array;
    for (let step = 0; step < 40; step++) {
      const nearest = [0, 1, 2].map((bin) =>
        Math.hypot(
          ...[0, 1].map((d) => (data.actions[2 * step + d] as number) - (centres[2 * bin + d] as number)),
        ),
      );
      expect(Math.min(...nearest)).toBeLessThan(0.1);
    }
  });

  it('is the cross-entropy where the focus is 0, and regression where there is one bin', async () => {
    const batch = (windows: Windows) => windows.gather(Int32Array.from([0, 10, 30]));
    const moment = { training: true, progress: 0 };
    const at = async (settings: object): Promise<number> => {
      const { learner, windows } = learn(settings);
      return (await learner).loss(batch(windows), Rng.fromSeed(0), moment).arraySync();
    };
    // heads begin near 0: k bins are equally likely, and one bin is certain
    expect(await at({ bins: 3, focalGamma: 0, offsetWeight: 0 })).toBeCloseTo(Math.log(3), 0);
    expect(await at({ bins: 3, focalGamma: 2, offsetWeight: 0 })).toBeCloseTo((4 / 9) * Math.log(3), 0);
    expect(await at({ bins: 1, offsetWeight: 0 })).toBeCloseTo(0, 6);
    expect(await at({ bins: 1, offsetWeight: 1 })).toBeGreaterThan(0.1);
  });

  it('says nothing of steps before the first of an episode', async () => {
    const { learner, windows } = learn({ bins: 3 });
    const batch = windows.gather(Int32Array.from([0]));
    expect([...batch.mask.dataSync()]).toEqual([0, 0, 1]);
    const changed = batch.actions.dataSync().slice();
    changed[0] = 50;
    const moment = { training: true, progress: 0 };
    const other = { ...batch, actions: tf.tensor3d(changed, batch.actions.shape) };
    const [a, b] = [batch, other].map(async (one) =>
      (await learner).loss(one, Rng.fromSeed(0), moment).arraySync(),
    );
    expect(await a).toBe(await b);
  });
});
