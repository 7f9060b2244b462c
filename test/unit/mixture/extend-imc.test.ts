import { describe, expect, it } from 'vitest';
import { joinTrainingData, selectEpisodes, type TrainingData } from '../../../src/data/training-data.ts';
import { CheckpointError, ConfigError, DatasetError } from '../../../src/errors.ts';
import { extendImc } from '../../../src/mixture/extend-imc.ts';
import { trainImc } from '../../../src/mixture/imc.ts';
import { expertKinds, type ImcConfig, imcConfigSchema } from '../../../src/mixture/imc-config.ts';
import type { MixtureModel } from '../../../src/mixture/mixture-model.ts';
import { InferenceMlp } from '../../../src/tensor/inference-mlp.ts';
import { pickNetworks, unshareNetworks } from '../../../src/tensor/mlp-shape.ts';
import { tf } from '../../../src/tensor/tf.ts';
import type { Checkpoint, TrainingRun } from '../../../src/training/training-run.ts';
import { branchingData } from './toy-data.ts';

await tf.setBackend('cpu');

const all = branchingData(12, 4, 12);
const ofModes = (...modes: number[]) =>
  selectEpisodes(
    all,
    [...all.modes.keys()].filter((episode) => modes.includes(all.modes[episode] as number)),
  );
const old = ofModes(0, 1);
const data = joinTrainingData([old, ofModes(2, 3)]);
const learned = old.modes.length;

function configOf(settings: object = {}): ImcConfig {
  const { expert = {}, gate = {}, ...rest } = settings as { expert?: object; gate?: object };
  return imcConfigSchema.parse({
    ...{ components: 2, tolerance: 0, ...rest },
    expert: {
      hidden: [8, 8],
      batchSize: 24,
      stepsPerIteration: 40,
      refineSteps: 30,
      learningRate: 0.01,
      ...expert,
    },
    gate: { hidden: [8], batchSize: 16, steps: 60, ...gate },
  });
}

async function both(settings: object = {}, run: Partial<TrainingRun> = {}) {
  const config = configOf(settings);
  const mixture = await trainImc(old, config, { seed: 0 });
  return {
    config,
    mixture,
    extended: await extendImc(mixture, { data, learned }, config, { seed: 1, ...run }),
  };
}

/** The same demonstrations with the first action turned round: ways that no other data has. */
function moved(from: TrainingData): TrainingData {
  return { ...from, actions: from.actions.map((value, i) => (i % 2 === 0 ? value + 0.35 : value)) };
}

const numbersOf = ({ experts, gate }: MixtureModel) =>
  [experts, gate].map((arrays) =>
    Object.entries(arrays).map(([name, array]) => [name, [...array.data].map(Number)]),
  );

/** Holds the experts of a mixture to be there still, in what they hold and in what they answer. */
function expectKept(extended: MixtureModel, mixture: MixtureModel): void {
  const { expertShape: shape } = mixture;
  const kept = pickNetworks(extended.experts, extended.expertShape.networks, [
    ...Array(shape.networks).keys(),
  ]);
  for (const [name, { data: weights }] of Object.entries(unshareNetworks(mixture.experts, shape).arrays)) {
    expect(kept[name]?.data, name).toEqual(weights);
  }
  expect(extended.actionDeviations.slice(0, shape.networks)).toEqual(mixture.actionDeviations);
  const [before, now] = [mixture, extended].map(
    ({ expertShape, experts }) => new InferenceMlp(expertShape, experts),
  ) as [InferenceMlp, InferenceMlp];
  for (let z = 0; z < shape.networks; z++) {
    const [was, is] = [new Float32Array(20), new Float32Array(20)];
    before.forward(z, all.observations, was, 10);
    now.forward(z, all.observations, is, 10);
    expect(is).toEqual(was);
  }
}

describe('extending a mixture', () => {
  for (const kind of expertKinds) {
    it(`leaves ${kind} experts, what they share, and their scales as they are, bit for bit`, async () => {
      const { extended, mixture } = await both({ expert: { kind } });
      expect(extended.expertShape.networks).toBe(4);
      expectKept(extended, mixture);
      expect(extended.observationNormalizer).toEqual(mixture.observationNormalizer);
      expect(extended.actionNormalizer).toEqual(mixture.actionNormalizer);
      expect(extended.gateShape.outputSize).toBe(4);
    });
  }

  it('gives the new ways to new components, and old ones to old components', async () => {
    const { extended } = await both({ expert: { kind: 'linear', standardDeviation: 0.2 } });
    const modes = extended.components.map((component) => component.mode);
    expect(modes.slice(0, 2).toSorted()).toEqual([0, 1]);
    expect(modes.slice(2).toSorted()).toEqual([2, 3]);
    for (const { share } of extended.components) expect(share).toBeCloseTo(0.25, 2);
  });

  it('finds how many components the new demonstrations need, and keeps the old ones', async () => {
    const settings = {
      ...{ components: 'auto', auto: { initialComponents: 1, revisions: 6, trialSteps: 1 } },
      expert: { kind: 'linear', standardDeviation: 0.2 },
    };
    const config = configOf(settings);
    const [few, more] = [branchingData(24, 4, 20), branchingData(36, 6, 20)];
    const mixture = await trainImc(few, config, { seed: 0 });
    const joined = joinTrainingData([few, moved(more)]);
    const extended = await extendImc(mixture, { data: joined, learned: 24 }, config, { seed: 0 });
    expect(mixture.expertShape.networks).toBe(4);
    expect(extended.expertShape.networks).toBe(10);
    expectKept(extended, mixture);
  });

  it('can be done again', async () => {
    const { config, extended } = await both({ expert: { kind: 'shared-weights' } });
    const third = joinTrainingData([data, moved(ofModes(0))]);
    const again = await extendImc(extended, { data: third, learned: 12 }, config, { seed: 2 });
    expect(again.expertShape.networks).toBe(6);
    expectKept(again, extended);
  });

  // 2 iterations of 40 steps, 30 to refine, 30 for the gate
  for (const abortAt of [13, 95, 120]) {
    it(`goes on after ${abortAt} steps to the same bits as never stopping`, async () => {
      const { config, extended, mixture } = await both();
      const controller = new AbortController();
      let saved: Checkpoint | undefined;
      const first = await extendImc(mixture, { data, learned }, config, {
        seed: 1,
        signal: controller.signal,
        onProgress: ({ done }) => done === abortAt && controller.abort(),
        saveCheckpoint: (checkpoint) => {
          saved = structuredClone(checkpoint);
        },
      });
      expect(first.stopped).toBe('interrupted');
      const resumeFrom = saved as Checkpoint;
      const resumed = await extendImc(mixture, { data, learned }, config, { seed: 1, resumeFrom });
      expect(numbersOf(resumed)).toEqual(numbersOf(extended));
      const other = await trainImc(old, config, { seed: 5 });
      const wrong = extendImc(other, { data, learned }, config, { seed: 1, resumeFrom });
      await expect(wrong).rejects.toThrow(CheckpointError);
      await expect(wrong).rejects.toThrow('not the one that the extension began with');
    });
  }

  it('leaves no tensors behind', async () => {
    const before = tf.memory().numTensors;
    await both();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses other networks, nothing new, other tasks, and values that are not finite', async () => {
    const mixture = await trainImc(old, configOf(), { seed: 0 });
    const extend = (demonstrations: { data: TrainingData; learned: number }, settings: object = {}) =>
      extendImc(mixture, demonstrations, configOf(settings), { seed: 0 });
    await expect(extend({ data, learned }, { expert: { hidden: [9, 9] } })).rejects.toThrow(ConfigError);
    await expect(extend({ data: old, learned })).rejects.toThrow(DatasetError);
    const observations = data.observations.slice();
    observations[observations.length - 1] = Number.NaN;
    await expect(extend({ data: { ...data, observations }, learned })).rejects.toThrow(DatasetError);
    expect(() => joinTrainingData([old, { ...old, envId: 'Another-v0' }])).toThrow(DatasetError);
  });
});
