import { describe, expect, it } from 'vitest';
import { joinTrainingData } from '../../../src/data/training-data.ts';
import { CheckpointError, ConfigError } from '../../../src/errors.ts';
import { Curriculum } from '../../../src/mixture/curriculum.ts';
import { extendImc } from '../../../src/mixture/extend-imc.ts';
import { GaussianGate } from '../../../src/mixture/gaussian-gate.ts';
import { divideProblem } from '../../../src/mixture/held-out.ts';
import { HeldOutJudge } from '../../../src/mixture/held-out-judge.ts';
import { trainImc } from '../../../src/mixture/imc.ts';
import { type ImcConfig, imcConfigSchema } from '../../../src/mixture/imc-config.ts';
import { LinearExperts } from '../../../src/mixture/linear-experts.ts';
import type { MixtureModel } from '../../../src/mixture/mixture-model.ts';
import { resolveConfig } from '../../../src/policies/config.ts';
import { findMethod } from '../../../src/policies/registry.ts';
import { Rng } from '../../../src/random.ts';
import { InferenceMlp } from '../../../src/tensor/inference-mlp.ts';
import { type MlpShape, pickNetworks, unshareNetworks } from '../../../src/tensor/mlp-shape.ts';
import type { NamedArrays } from '../../../src/tensor/named-arrays.ts';
import { tf } from '../../../src/tensor/tf.ts';
import { takePart } from '../../../src/training/parts.ts';
import type { Checkpoint, MetricsRow, TrainingRun } from '../../../src/training/training-run.ts';
import { branchingData } from './toy-data.ts';

await tf.setBackend('cpu');

const data = branchingData(12, 3, 12);
const units = { level: 'episode', segmentLength: 1, checkpoint: 'last' } as const;
const rng = () => Rng.fromSeed(4);

function configOf(settings: object = {}): ImcConfig {
  const { expert = {}, gate = {}, ...rest } = settings as { expert?: object; gate?: object };
  return imcConfigSchema.parse({
    ...{ components: 3, iterations: 2, tolerance: 0, ...rest },
    expert: { hidden: [8], batchSize: 24, stepsPerIteration: 20, refineSteps: 30, ...expert },
    gate: { hidden: [8], batchSize: 16, steps: 30, ...gate },
  });
}

const train = (settings: object = {}, run: Partial<TrainingRun> = {}): Promise<MixtureModel> =>
  trainImc(data, configOf(settings), { seed: 0, ...run });

const numbersOf = (arrays: NamedArrays) =>
  Object.entries(arrays).map(([name, array]) => [name, [...array.data].map(Number)]);

describe('demonstrations held out', () => {
  it('are judged by, and the others learned from, all on one scale', () => {
    const { heldOut, problem } = divideProblem(data, { ...units, validation: 0.25 }, rng());
    expect(heldOut?.problem.units).toBe(3);
    expect(problem.units).toBe(9);
    expect(heldOut).toMatchObject({ episodes: 12, learned: { length: 9 } });
    const learned = new Set(heldOut?.learned);
    const modes = (kept: boolean) => [...data.modes].filter((_, episode) => learned.has(episode) === kept);
    expect([...problem.data.modes]).toEqual(modes(true));
    expect([...(heldOut?.problem.data.modes ?? [])]).toEqual(modes(false));
    expect(heldOut?.problem.actionNormalizer.toJSON()).toEqual(problem.actionNormalizer.toJSON());
  });

  it('are none of those that an extension learned before', () => {
    const { heldOut } = divideProblem(data, { ...units, validation: 0.5 }, rng(), { before: 8 });
    expect(heldOut?.learned.slice(0, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(heldOut?.learned).toHaveLength(10);
  });

  it('are none where nothing can be spared; to look for the best is refused then', () => {
    const one = branchingData(1, 1);
    expect(divideProblem(one, { ...units, validation: 0.5 }, rng()).heldOut).toBeUndefined();
    const best = { ...units, checkpoint: 'best', validation: 0.5 } as const;
    expect(() => divideProblem(one, best, rng())).toThrow(ConfigError);
    expect(() => divideProblem(data, { ...best, validation: 0 }, rng())).toThrow(/validation=0 of 12/);
  });
});

describe('the judgement of a mixture', () => {
  it('is the likelihood of what is held out, and the cross-entropy of the gate to its posterior', async () => {
    const { heldOut, problem } = divideProblem(data, { ...units, validation: 0.25 }, rng());
    const theirs = heldOut?.problem as typeof problem;
    const shape: MlpShape = {
      ...{ networks: 2, inputSize: 2, hidden: [], outputSize: 2 },
      activation: 'linear',
    };
    const experts = new LinearExperts(problem, { shape, standardDeviation: 1, rng: rng() });
    const gate = new GaussianGate(problem, { components: 2, regularization: 0.1 });
    const logWeights = Float64Array.from({ length: 18 }, (_, i) => (i % 2 === 0 ? 0 : -1));
    const curriculum = Curriculum.fromState(2, 'paper', { logWeights, posteriorIsUniform: false });
    const span = { from: 0, to: 1, learningRate: () => 1, phase: 'test' };
    await gate.improve(curriculum, span);
    const judge = new HeldOutJudge(theirs, 1);
    // log-likelihoods at the reference deviation of 1 are divided by its square
    const mixture = { curriculum, experts, gate, standardDeviation: 0.5 };
    const network = new InferenceMlp(shape, (await experts.snapshot()).raw);
    const prior = [1 / (1 + Math.exp(-1)), Math.exp(-1) / (1 + Math.exp(-1))];
    const logGate = await gate.logProbabilities(theirs.observations);
    let [expertLoss, gateLoss] = [0, 0];
    const { episodeStarts } = theirs.data;
    for (let unit = 0; unit < 3; unit++) {
      const [first, end] = [episodeStarts[unit] as number, episodeStarts[unit + 1] as number];
      const joint = prior.map((p, z) => {
        const means = new Float32Array((end - first) * 2);
        network.forward(z, theirs.observations.slice(first * 2, end * 2), means, end - first);
        const squared = means.reduce(
          (sum, mean, i) => sum + (mean - (theirs.actions[first * 2 + i] as number)) ** 2,
          0,
        );
        return Math.log(p) - squared / 2 / 0.25;
      }) as [number, number];
      const most = Math.max(...joint);
      const all = most + Math.log(joint.reduce((sum, value) => sum + Math.exp(value - most), 0));
      expertLoss -= all / theirs.unitOfStep.length;
      for (let step = first; step < end; step++) {
        for (const [z, value] of joint.entries()) {
          const log = logGate[step * 2 + z] as number;
          gateLoss -= (Math.exp(value - all) * log) / theirs.unitOfStep.length;
        }
      }
    }
    expect(await judge.expertLoss(mixture)).toBeCloseTo(expertLoss, 4);
    expect(await judge.gateLoss(mixture)).toBeCloseTo(gateLoss, 4);
  });
});

/** Few demonstrations, whose actions are noise across: what is learned of them by heart makes it worse. */
const few = branchingData(5, 1, 12);
const deviation = 0.3;
const byHeart = {
  ...{ components: 2, iterations: 1, validation: 0.4, checkpoint: 'best' },
  expert: {
    ...{ hidden: [32, 32], refineSteps: 2000, learningRate: 0.01 },
    ...{ observationNoise: 0, standardDeviation: deviation },
  },
  gate: { hidden: [8], steps: 1100, learningRate: 0.02, observationNoise: 0 },
};

describe('a training by turns with all that the shared loop can do', () => {
  const loop = { warmup: 0.2, clipNorm: 0.1, ema: 0.9, validation: 0.25 };

  it('is changed by each of its settings', async () => {
    const { experts, gate } = await train();
    for (const [key, value] of Object.entries(loop)) {
      const other = await train({ [key]: value });
      expect(numbersOf(other.experts), key).not.toEqual(numbersOf(experts));
      expect(numbersOf(other.gate), key).not.toEqual(numbersOf(gate));
    }
  });

  it('logs the loss on what is held out with every update and at every end, and shows curricula over all demonstrations', async () => {
    const rows: MetricsRow[] = [];
    const shown: number[] = [];
    await train(loop, {
      onMetrics: (row) => rows.push(row),
      onCurricula({ components, curricula, episodes, responsibilities }) {
        expect(episodes).toBe(12);
        const held = Array.from({ length: 12 }, (_, e) => e).filter((e) =>
          responsibilities.subarray(e * components, (e + 1) * components).every((p) => p === 0),
        );
        expect(held).toHaveLength(3);
        for (const e of held) expect(curricula[e]).toBe(0);
        shown.push(...held);
      },
    });
    expect(new Set(shown).size).toBe(3);
    expect(rows.map(({ phase, validationLoss }) => [phase, Number.isFinite(validationLoss)])).toEqual([
      ['select', true],
      ['select', true],
      ['refine', true],
      ['gate', true],
    ]);
  });

  it('keeps the experts and the gate of the lowest loss, looked for every few hundred steps', async () => {
    const settings = byHeart;
    const saved: Checkpoint[] = [];
    const model = await trainImc(few, configOf(settings), {
      seed: 0,
      saveCheckpoint: (checkpoint) => void saved.push(checkpoint),
    });
    type Moment = { readonly loss: number; readonly step: number };
    const best = (saved.at(-1) as Checkpoint).state.best as unknown as { experts: Moment; gate: Moment };
    const { experts } = best;
    expect([500, 1000, 1500, 2000]).toContain(experts.step);
    expect([500, 1000, 1100]).toContain(best.gate.step);
    const weights = (which: string) => takePart(takePart(model.snapshots ?? {}, which), 'raw');
    expect(numbersOf(model.experts)).toEqual(numbersOf(takePart(weights('best'), 'experts')));
    expect(numbersOf(model.gate)).toEqual(numbersOf(takePart(weights('best'), 'gate')));
    const loss = (which: string) => {
      const { heldOut } = divideProblem(
        few,
        configOf(settings),
        Rng.fromSeed(0).fork('imc').fork('held out'),
      );
      const theirs = heldOut?.problem as NonNullable<typeof heldOut>['problem'];
      const arrays = takePart(weights(which), 'experts');
      const network = new InferenceMlp(model.expertShape, arrays);
      const steps = theirs.unitOfStep.length;
      const means = new Float32Array(steps * 2);
      const squared = [0, 1].map((z) => {
        network.forward(z, theirs.observations, means, steps);
        const perUnit = new Float64Array(theirs.units);
        for (const [i, mean] of means.entries()) {
          const unit = theirs.unitOfStep[i >> 1] as number;
          perUnit[unit] = (perUnit[unit] as number) + (mean - (theirs.actions[i] as number)) ** 2;
        }
        return perUnit;
      });
      const prior = model.components.map(({ prior: p }) => p);
      let total = 0;
      for (let unit = 0; unit < theirs.units; unit++) {
        const p = squared.map(
          (of, z) => (prior[z] as number) * Math.exp(-(of[unit] as number) / 2 / deviation ** 2),
        );
        total -= Math.log(p.reduce((sum, value) => sum + value, 0));
      }
      return total / steps;
    };
    expect(experts.loss).toBeCloseTo(loss('best'), 4);
    expect(experts.step).toBeLessThan(2000);
    expect(loss('best')).toBeLessThan(loss('last'));
  });

  it('acts with the average, and has both where asked', async () => {
    const { experts, gate, snapshots = {} } = await train({ ema: 0.9 });
    const last = takePart(snapshots, 'last');
    expect(numbersOf(takePart(takePart(last, 'ema'), 'experts'))).toEqual(numbersOf(experts));
    expect(numbersOf(takePart(takePart(last, 'ema'), 'gate'))).toEqual(numbersOf(gate));
    expect(numbersOf(takePart(takePart(last, 'raw'), 'experts'))).not.toEqual(numbersOf(experts));
    const raw = await train({ ema: 0.9, weights: 'raw' });
    expect(numbersOf(raw.experts)).toEqual(numbersOf(takePart(takePart(last, 'raw'), 'experts')));
  });

  // 20 steps to select, 2000 to refine, 1100 for the gate; a checkpoint every 500
  it('stopped where it is judged, or in its gate, leaves a mixture that acts, and goes on to the same bits', async () => {
    const method = findMethod('imc');
    const config = resolveConfig(method, { envId: few.envId, file: configOf(byHeart) });
    const whole = await method.train(few, config, { seed: 0 });
    for (const abortAt of [520, 2620]) {
      const controller = new AbortController();
      let saved: Checkpoint | undefined;
      const { complete, policy } = await method.train(few, config, {
        seed: 0,
        signal: controller.signal,
        onProgress: ({ done }) => done === abortAt && controller.abort(),
        saveCheckpoint: (checkpoint) => {
          saved = structuredClone(checkpoint);
        },
      });
      expect(complete).toBe(false);
      for (const checkpoint of ['best', 'last']) {
        const acting = method.load({ ...policy, config: { ...(policy.config as object), checkpoint } });
        acting.reset([0]);
        expect([...acting.act(new Float32Array(2))].every(Number.isFinite)).toBe(true);
      }
      const resumed = await method.train(few, config, { seed: 0, resumeFrom: saved as Checkpoint });
      expect(numbersOf(resumed.policy.arrays)).toEqual(numbersOf(whole.policy.arrays));
    }
  });

  it('with linear experts and an average acts before its gate is fitted', async () => {
    let taken = 0;
    await trainImc(data, configOf({ ema: 0.9, expert: { kind: 'linear' } }), {
      seed: 0,
      onInterim: async (take) => {
        expect((await take()).components).toHaveLength(3);
        taken++;
      },
    });
    expect(taken).toBe(3);
  });

  it('refuses to resume with other demonstrations held out', async () => {
    let saved: Checkpoint | undefined;
    await train(loop, {
      saveCheckpoint: (checkpoint) => {
        saved = structuredClone(checkpoint);
      },
    });
    const { heldOut } = divideProblem(data, configOf(loop), Rng.fromSeed(0).fork('imc').fork('held out'));
    const held = [...data.modes.keys()].find((episode) => !heldOut?.learned.includes(episode)) as number;
    const actions = data.actions.slice();
    actions[2 * (data.episodeStarts[held] as number)] = 5;
    const other = trainImc({ ...data, actions }, configOf(loop), {
      seed: 0,
      resumeFrom: saved as Checkpoint,
    });
    await expect(other).rejects.toThrow(CheckpointError);
  });

  // 20 steps an iteration, 30 to refine, 30 for the gate
  for (const abortAt of [5, 27, 45, 70, 95]) {
    it(`finds components, and goes on after ${abortAt} steps to the same bits as never stopping`, async () => {
      const settings = {
        ...{ ...loop, components: 'auto', auto: { initialComponents: 1, revisions: 2, trialSteps: 10 } },
        expert: { learningRate: 0.02, standardDeviation: 0.2 },
      };
      const whole = await train(settings);
      const controller = new AbortController();
      let saved: Checkpoint | undefined;
      let seen = 0;
      await train(settings, {
        signal: controller.signal,
        onProgress: () => ++seen === abortAt && controller.abort(),
        saveCheckpoint: (checkpoint) => {
          saved = structuredClone(checkpoint);
        },
      });
      const resumed = await train(settings, { resumeFrom: saved as Checkpoint });
      expect(numbersOf(resumed.experts)).toEqual(numbersOf(whole.experts));
      expect(numbersOf(resumed.snapshots ?? {})).toEqual(numbersOf(whole.snapshots ?? {}));
    });
  }

  it('extends a mixture and leaves its experts as they are, raw, averaged and best', async () => {
    const mixture = await train(loop);
    const more = joinTrainingData([data, branchingData(6, 2, 12)]);
    const extended = await extendImc(mixture, { data: more, learned: 12 }, configOf(loop), { seed: 1 });
    const networks = extended.expertShape.networks;
    const pick = (arrays: NamedArrays) => numbersOf(pickNetworks(arrays, networks, [0, 1, 2]));
    const before = unshareNetworks(mixture.experts, mixture.expertShape).arrays;
    expect(pick(extended.experts)).toEqual(numbersOf(before));
    for (const which of ['last/raw', 'last/ema', 'best/raw', 'best/ema']) {
      const arrays = takePart(takePart(extended.snapshots ?? {}, which), 'experts');
      expect(pick(arrays), which).toEqual(pick(extended.experts));
    }
  });

  it('acts with no checkpoint but the last of a mixture that held nothing out', async () => {
    const method = findMethod('imc');
    const config = resolveConfig(method, { envId: data.envId, file: configOf({ expert: { hidden: [4] } }) });
    const { policy } = await method.train(data, config, { seed: 0 });
    const choosing = (choice: object) => () =>
      method.load({ ...policy, config: { ...(policy.config as object), ...choice } });
    expect(choosing({ weights: 'raw' })).not.toThrow();
    expect(choosing({ checkpoint: 'best' })).toThrow(CheckpointError);
  });
});
