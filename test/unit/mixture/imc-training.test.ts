import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { TrainingData } from '../../../src/data/training-data.ts';
import { CheckpointError, DatasetError, DivergenceError } from '../../../src/errors.ts';
import { trainImc } from '../../../src/mixture/imc.ts';
import { expertKinds, imcConfigSchema } from '../../../src/mixture/imc-config.ts';
import type { MixtureModel } from '../../../src/mixture/mixture-model.ts';
import { openEventLog } from '../../../src/policies/run-directory.ts';
import type { NamedArrays } from '../../../src/tensor/named-arrays.ts';
import { tf } from '../../../src/tensor/tf.ts';
import type { Checkpoint, MetricsRow, TrainingRun } from '../../../src/training/training-run.ts';
import { branchingData } from './toy-data.ts';

await tf.setBackend('cpu');

const data = branchingData(8, 2, 12);

function configOf(settings: object = {}) {
  const { expert = {}, gate = {}, ...rest } = settings as { expert?: object; gate?: object };
  return imcConfigSchema.parse({
    components: 3,
    iterations: 3,
    tolerance: 0,
    ...rest,
    expert: { hidden: [8, 8], batchSize: 24, stepsPerIteration: 20, refineSteps: 30, ...expert },
    gate: { hidden: [8], batchSize: 16, steps: 30, ...gate },
  });
}

async function train(settings: object = {}, run: Partial<TrainingRun> = {}): Promise<MixtureModel> {
  return trainImc(data, configOf(settings), { seed: 0, ...run });
}

function numbersOf(arrays: NamedArrays): Record<string, number[]> {
  return Object.fromEntries(Object.entries(arrays).map(([name, { data }]) => [name, [...data].map(Number)]));
}

async function finalCheckpoint(): Promise<Checkpoint> {
  const saved: Checkpoint[] = [];
  await train({}, { saveCheckpoint: (checkpoint) => void saved.push(checkpoint) });
  return saved.at(-1) as Checkpoint;
}

describe('training a mixture', () => {
  it('gives the same bits for the same seed, and others for another', async () => {
    const [a, b] = [await train(), await train()];
    const other = await train({}, { seed: 1 });
    expect(numbersOf(a.experts)).toEqual(numbersOf(b.experts));
    expect(numbersOf(a.gate)).toEqual(numbersOf(b.gate));
    expect(numbersOf(a.experts)).not.toEqual(numbersOf(other.experts));
  });

  for (const kind of expertKinds) {
    it(`learns with ${kind} experts`, async () => {
      const rows: MetricsRow[] = [];
      const settings = { expert: { kind, stepsPerIteration: 60, learningRate: 0.01 }, iterations: 4 };
      await train(settings, { onMetrics: (row) => rows.push(row) });
      const bounds = rows.flatMap((row) => (row.phase === 'select' ? [row.bound as number] : []));
      expect(bounds).toHaveLength(4);
      expect(bounds.at(-1) as number).toBeGreaterThanOrEqual(bounds[0] as number);
    });
  }

  it('logs what a reader needs to follow it', async () => {
    const rows: MetricsRow[] = [];
    await train({}, { onMetrics: (row) => rows.push(row) });
    expect(rows.map((row) => row.phase)).toEqual(['select', 'select', 'select', 'refine', 'gate']);
    const [first] = rows;
    expect(first).toMatchObject({ iteration: 1, eta: 1, activeComponents: expect.any(Number) });
    expect(first?.prior).toHaveLength(3);
    for (const column of ['effectiveUnits', 'curriculumEntropy', 'shares']) {
      expect(first?.[column]).toHaveLength(3);
    }
    const sum = (values: unknown) => (values as number[]).reduce((total, value) => total + value, 0);
    expect(sum(first?.shares)).toBeCloseTo(1, 9);
    const [least, most] = [first?.posteriorEntropy, first?.shareEntropy] as [number, number];
    expect(least).toBeGreaterThanOrEqual(0);
    expect(most).toBeGreaterThanOrEqual(least);
    expect(most).toBeLessThanOrEqual(Math.log(3) + 1e-9);
    // demonstrations of one length: over their steps as over themselves
    expect(first?.gateTargetEntropy).toBeCloseTo(least, 9);
    expect(rows.at(-1)?.gateEntropy as number).toBeGreaterThan(0);
    const folder = mkdtempSync(join(tmpdir(), 'modewise-imc-log-'));
    try {
      const log = openEventLog(folder, () => 0);
      for (const row of rows) log(row);
      const [file = ''] = readdirSync(folder);
      const events = readFileSync(join(folder, file), 'latin1');
      expect(events.match(/select\/gateTargetEntropy/g)).toHaveLength(3);
      expect(events.match(/gate\/gateEntropy/g)).toHaveLength(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('keeps the number of tensors flat while it trains, and leaves none behind', async () => {
    const before = tf.memory().numTensors;
    const counts: number[] = [];
    await train(
      { iterations: 1, expert: { stepsPerIteration: 60, refineSteps: 0 } },
      { onProgress: ({ phase }) => phase === 'experts' && counts.push(tf.memory().numTensors) },
    );
    expect(counts).toHaveLength(60);
    expect(new Set(counts.slice(1)).size).toBe(1);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('never waits for the backend within the training loop', async () => {
    const reads = vi.spyOn(tf.Tensor.prototype, 'dataSync');
    try {
      await train();
      expect(reads).not.toHaveBeenCalled();
    } finally {
      reads.mockRestore();
    }
  });

  it('learns the same whether the data lies on the device or not, in blocks of any size', async () => {
    const here = await train();
    const there = await train({}, { profile: { eStepBlock: 1, dataOnDevice: true } });
    expect(numbersOf(there.experts)).toEqual(numbersOf(here.experts));
    expect(numbersOf(there.gate)).toEqual(numbersOf(here.gate));
  });

  it('reports progress that ends at its total', async () => {
    let last = { done: 0, total: -1 };
    await train({}, { onProgress: (progress) => (last = progress) });
    expect(last.done).toBe(last.total);
  });

  it('names the step at which the loss stopped being finite', async () => {
    await expect(train({ expert: { learningRate: 1e30 } })).rejects.toThrow(DivergenceError);
    await expect(train({ expert: { learningRate: 1e30 } })).rejects.toThrow(/experts, iteration 1, step \d+/);
  });

  it('refuses observations that are not finite, naming the row', async () => {
    const observations = data.observations.slice();
    observations[7] = Number.NaN;
    const training = trainImc({ ...data, observations }, configOf(), { seed: 0 });
    await expect(training).rejects.toThrow(DatasetError);
    await expect(training).rejects.toThrow('row 3');
  });
});

describe('settings that change in the course of a training', () => {
  const selecting = async (settings: object, training: TrainingData = data) => {
    const rows: MetricsRow[] = [];
    const model = await trainImc(training, configOf(settings), {
      seed: 0,
      onMetrics: (row) => rows.push(row),
    });
    return { model, rows: rows.filter((row) => row.phase === 'select') };
  };

  it('anneals the pacing geometrically over the iterations', async () => {
    const { rows } = await selecting({ eta: [4, 1] });
    expect(rows.map((row) => row.eta)).toEqual([4, expect.closeTo(2, 12), 1]);
    expect((await selecting({ eta: [4, 1], iterations: 1 })).rows[0]?.eta).toBe(1);
  });

  it('anneals the share of active samples', async () => {
    const linear = { expert: { kind: 'linear' }, level: 'step', iterations: 2 };
    const annealed = await selecting({ ...linear, activeSamples: [0.9, 0.3] });
    const constant = await selecting({ ...linear, activeSamples: 0.9 });
    expect(annealed.rows[0]?.eta).toBe(constant.rows[0]?.eta);
    expect(annealed.rows[1]?.eta as number).toBeLessThan(constant.rows[1]?.eta as number);
  });

  it('anneals the standard deviation, which the model then has', async () => {
    const { model, rows } = await selecting({ expert: { standardDeviation: [1, 0.25] } });
    expect(rows.map((row) => row.standardDeviation)).toEqual([1, expect.closeTo(0.5, 12), 0.25]);
    expect(model.standardDeviation).toBe(0.25);
  });

  it('with one scale for all, is the same at another standard deviation and pacing of the same product', async () => {
    const linear = { kind: 'linear' };
    const narrow = await selecting({ eta: 4, expert: { ...linear, standardDeviation: 0.5 } });
    const wide = await selecting({ eta: 1, expert: { ...linear, standardDeviation: 1 } });
    narrow.model.components.forEach(({ share }, z) => {
      expect(share).toBeCloseTo(wide.model.components[z]?.share as number, 9);
    });
  });

  it('learns the standard deviation of the noise', async () => {
    const expert = { kind: 'linear', standardDeviation: 'learned' };
    const { model, rows } = await selecting({ components: 4, iterations: 5, expert }, branchingData(24, 4));
    // noise of 0.003 on the first of two actions, none on the second; curricula prefer what has least of it, so that
    // experts fit the rest a little worse
    const expected = 0.003 / (model.actionNormalizer.std[0] as number) / Math.SQRT2;
    expect(model.standardDeviation).toBeGreaterThan(0.8 * expected);
    expect(model.standardDeviation).toBeLessThan(2 * expected);
    expect(rows[0]?.standardDeviation as number).toBeGreaterThan(20 * expected);
  });

  it('keeps a learned standard deviation above zero where experts are exact', async () => {
    const one = branchingData(1, 1, 2);
    for (const kind of ['linear', 'shared-weights']) {
      const { model } = await selecting({ expert: { kind, standardDeviation: 'learned' } }, one);
      expect(model.standardDeviation).toBeGreaterThanOrEqual(1e-3);
      expect(Object.values(numbersOf(model.experts)).flat().every(Number.isFinite)).toBe(true);
    }
  });
});

describe('a number of components that is found', () => {
  const search = (settings: object = {}) => ({
    components: 'auto',
    auto: { initialComponents: 1, revisions: 6, trialSteps: 10, ...settings },
    expert: { kind: 'linear', standardDeviation: 0.2 },
  });

  for (const [episodes, modes] of [
    [12, 4],
    [24, 4],
    [30, 6],
  ] as const) {
    it(`is that of the ways: ${modes} in ${episodes} demonstrations`, async () => {
      const rows: MetricsRow[] = [];
      const ways = branchingData(episodes, modes);
      const model = await trainImc(ways, configOf(search()), { seed: 0, onMetrics: (row) => rows.push(row) });
      expect(model.components.map(({ mode }) => mode).toSorted()).toEqual([...Array(modes).keys()]);
      expect(model.gateShape.outputSize).toBe(modes);
      const revisions = rows.filter((row) => row.phase === 'revise');
      expect(revisions.at(-1)).toMatchObject({ added: 0, deleted: 0, components: modes });
      // with exact fits no accepted change and no update lowers the bound beyond the tolerance
      const bounds = rows.flatMap((row) => ('bound' in row ? [row.bound as number] : []));
      for (let i = 1; i < bounds.length; i++) {
        const before = bounds[i - 1] as number;
        expect(bounds[i] as number).toBeGreaterThanOrEqual(before - 0.02 * Math.max(1, Math.abs(before)));
      }
    });
  }

  it('has at most one component for a demonstration, and keeps to its limits', async () => {
    const model = await trainImc(branchingData(2, 2), configOf(search({ tolerance: 0 })), { seed: 0 });
    expect(model.components.length).toBeLessThanOrEqual(2);
    const two = await trainImc(branchingData(24, 4), configOf(search({ maxComponents: 2 })), { seed: 0 });
    expect(two.components).toHaveLength(2);
  });

  // 20 steps an iteration, 10 for candidates, 30 to refine, 30 for the gate
  for (const abortAt of [5, 20, 27, 45, 95]) {
    it(`goes on after ${abortAt} steps to the same bits as never stopping`, async () => {
      const settings = {
        ...search({ revisions: 2 }),
        expert: { learningRate: 0.02, standardDeviation: 0.2 },
      };
      const whole = await train(settings);
      expect(whole.components.length).toBeGreaterThan(1);
      const controller = new AbortController();
      let saved: Checkpoint | undefined;
      let seen = 0;
      const first = await train(settings, {
        signal: controller.signal,
        onProgress: () => ++seen === abortAt && controller.abort(),
        saveCheckpoint: (checkpoint) => {
          saved = structuredClone(checkpoint);
        },
      });
      expect(first.stopped).toBe('interrupted');
      const resumed = await train(settings, { resumeFrom: saved as Checkpoint });
      expect(numbersOf(resumed.experts)).toEqual(numbersOf(whole.experts));
      expect(numbersOf(resumed.gate)).toEqual(numbersOf(whole.gate));
      expect(resumed.components).toEqual(whole.components);
    });
  }

  it('leaves no tensors behind', async () => {
    const before = tf.memory().numTensors;
    await train({ ...search(), expert: { standardDeviation: 0.2 } });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('data at the edge', () => {
  const finite = (model: MixtureModel) =>
    [model.experts, model.gate].every((arrays) =>
      Object.values(numbersOf(arrays)).flat().every(Number.isFinite),
    );

  it('one demonstration for more components than steps', async () => {
    const model = await trainImc(branchingData(1, 1, 2), configOf({ components: 5 }), { seed: 0 });
    expect(finite(model)).toBe(true);
    expect(model.components.reduce((sum, component) => sum + component.share, 0)).toBeCloseTo(1, 9);
  });

  it('demonstrations that never move, and are all the same', async () => {
    const still = {
      ...data,
      observations: data.observations.map(() => 3),
      actions: data.actions.map(() => 0),
    };
    for (const kind of ['shared-weights', 'linear']) {
      expect(finite(await trainImc(still, configOf({ expert: { kind } }), { seed: 0 }))).toBe(true);
    }
  });

  it('demonstrations without modes', async () => {
    const model = await trainImc({ ...data, modes: data.modes.map(() => -1) }, configOf(), { seed: 0 });
    expect(new Set(model.components.map((component) => component.mode))).toEqual(new Set([-1]));
  });

  it('an empty episode is refused by its index', async () => {
    const episodeStarts = Int32Array.of(0, 12, 12, 96);
    const training = trainImc({ ...data, episodeStarts, modes: Int32Array.of(0, 1, 0) }, configOf(), {
      seed: 0,
    });
    await expect(training).rejects.toThrow(DatasetError);
    await expect(training).rejects.toThrow('episode 1');
  });
});

describe('resuming a training', () => {
  let whole: MixtureModel | undefined;

  // 20 steps an iteration, 3 iterations, 30 to refine, 30 for the gate
  for (const abortAt of [20, 33, 75, 90, 104]) {
    it(`after ${abortAt} steps ends in the same bits as never stopping`, async () => {
      whole ??= await train();
      const controller = new AbortController();
      let saved: Checkpoint | undefined;
      const first = await train(
        {},
        {
          signal: controller.signal,
          onProgress: ({ done }) => done === abortAt && controller.abort(),
          saveCheckpoint: (checkpoint) => {
            saved = structuredClone(checkpoint);
          },
        },
      );
      expect(first.stopped).toBe('interrupted');
      const resumed = await train({}, { resumeFrom: saved as Checkpoint });
      expect(numbersOf(resumed.experts)).toEqual(numbersOf(whole.experts));
      expect(numbersOf(resumed.gate)).toEqual(numbersOf(whole.gate));
      expect(resumed.components).toEqual(whole.components);
      expect(resumed.stopped).toBe(whole.stopped);
    });
  }

  it('an interrupted training leaves a mixture that acts: its gate draws components by their shares', async () => {
    const controller = new AbortController();
    const model = await train(
      {},
      { signal: controller.signal, onProgress: ({ done }) => done === 45 && controller.abort() },
    );
    expect(model.stopped).toBe('interrupted');
    const logits = model.gate['layers.0.bias']?.data as Float32Array;
    model.components.forEach((component, z) => {
      expect(Math.exp(logits[z] as number)).toBeCloseTo(component.share, 5);
    });
  });

  it('refuses a checkpoint of another configuration, seed or data set', async () => {
    const resumeFrom = await finalCheckpoint();
    await expect(train({ eta: 2 }, { resumeFrom })).rejects.toThrow(CheckpointError);
    await expect(train({ eta: 2 }, { resumeFrom })).rejects.toThrow('another config');
    await expect(train({}, { resumeFrom, seed: 9 })).rejects.toThrow('another seed');
    const other = trainImc(branchingData(8, 4, 12), configOf(), { seed: 0, resumeFrom });
    await expect(other).rejects.toThrow('another data');
  });

  it('a finished checkpoint gives the finished mixture back', async () => {
    const again = await train({}, { resumeFrom: await finalCheckpoint() });
    expect(numbersOf(again.gate)).toEqual(numbersOf((await train()).gate));
  });
});
