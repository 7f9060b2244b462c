import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import type { UpdateContext } from '../../../src/mixture/alternating-plan.ts';
import { Curriculum } from '../../../src/mixture/curriculum.ts';
import { releasedRule, textbookRule, trainEm } from '../../../src/mixture/em.ts';
import { emConfigSchema } from '../../../src/mixture/em-config.ts';
import type { Gate } from '../../../src/mixture/gate.ts';
import { curriculumRule } from '../../../src/mixture/imc.ts';
import { LinearExperts } from '../../../src/mixture/linear-experts.ts';
import { MixtureProblem } from '../../../src/mixture/mixture-problem.ts';
import { checkConfig } from '../../../src/policies/config.ts';
import { Rng } from '../../../src/random.ts';
import { tf } from '../../../src/tensor/tf.ts';
import type { MetricsRow } from '../../../src/training/training-run.ts';
import { randomTable } from './random-table.ts';
import { branchingData, twoBranches } from './toy-data.ts';

await tf.setBackend('cpu');

/** A gate that answers every observation with the mean responsibilities: its M-step is exact. */
class PriorGate {
  #logPrior: Float64Array;
  readonly #units: number;

  constructor(units: number, components: number) {
    this.#units = units;
    this.#logPrior = new Float64Array(components).fill(-Math.log(components));
  }

  fit(curriculum: Curriculum): void {
    const posterior = curriculum.posterior();
    const total = new Float64Array(curriculum.components);
    posterior.forEach((value, i) => {
      total[i % total.length] = (total[i % total.length] as number) + value / this.#units;
    });
    this.#logPrior = total.map(Math.log);
  }

  async logProbabilities(): Promise<Float64Array> {
    const components = this.#logPrior.length;
    return Float64Array.from(
      { length: this.#units * components },
      (_, i) => this.#logPrior[i % components] as number,
    );
  }
}

const unused: UpdateContext = { gate: undefined as unknown as Gate, progress: 1 };

describe('expectation maximization', () => {
  it('in its released form has the posteriors of released IMC at eta = 1, whatever the experts', async () => {
    const [units, components] = [30, 4];
    const imc = Curriculum.uniform(units, components, 'released');
    const em = Curriculum.uniform(units, components, 'released');
    const rule = curriculumRule({ eta: 1 });
    for (let iteration = 0; iteration < 6; iteration++) {
      const logLikelihoods = randomTable(units, components, `iteration ${iteration}`);
      await rule.update(imc, logLikelihoods, unused);
      await releasedRule.update(em, logLikelihoods, unused);
      const expected = imc.posterior();
      em.posterior().forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i] as number, 12);
      });
    }
  });

  it('keeps responsibilities that sum to one over the components', async () => {
    const em = Curriculum.uniform(20, 3, 'paper');
    await releasedRule.update(em, randomTable(20, 3, 'em'), unused);
    for (let row = 0; row < 60; row += 3) {
      const sum = em.logWeights.subarray(row, row + 3).reduce((total, value) => total + Math.exp(value), 0);
      expect(sum).toBeCloseTo(1, 12);
    }
  });

  it('in its textbook form never lowers the likelihood, with exact M-steps', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const data = seed % 2 === 0 ? twoBranches(60) : branchingData(9, 3, 8);
      const components = 2 + (seed % 3);
      const problem = new MixtureProblem(data, { level: 'step', segmentLength: 1 });
      const shape = {
        networks: components,
        inputSize: data.observationSize,
        hidden: [],
        outputSize: data.actionSize,
        activation: 'relu',
      } as const;
      const rng = Rng.fromSeed(seed);
      const experts = new LinearExperts(problem, { shape, standardDeviation: 0.3, rng });
      const gate = new PriorGate(problem.units, components);
      const curriculum = Curriculum.uniform(problem.units, components, 'paper');
      const context = { gate: gate as unknown as Gate, progress: 1 };
      const span = { from: 0, to: 1, learningRate: () => 0, phase: 'experts' };
      let { bound } = await textbookRule.update(curriculum, await experts.logLikelihoods(), context);
      for (let iteration = 0; iteration < 25; iteration++) {
        await experts.improve(curriculum, span);
        gate.fit(curriculum);
        const next = await textbookRule.update(curriculum, await experts.logLikelihoods(), context);
        expect(next.bound).toBeGreaterThanOrEqual(bound - 1e-9 * Math.max(1, Math.abs(bound)));
        bound = next.bound;
      }
    }
  });

  it('fits the gate in every iteration only in its textbook form', async () => {
    for (const [form, gateTrainings] of [
      ['textbook', 3],
      ['released', 1],
    ] as const) {
      const config = emConfigSchema.parse({
        form,
        components: 2,
        iterations: 2,
        tolerance: 0,
        expert: { kind: 'linear' },
        gate: { hidden: [4], steps: 5, batchSize: 8 },
      });
      let gateSteps = 0;
      const rows: MetricsRow[] = [];
      await trainEm(twoBranches(20), config, {
        seed: 0,
        onProgress: ({ phase }) => {
          if (phase === 'gate') gateSteps++;
        },
        onMetrics: (row) => rows.push(row),
      });
      expect(gateSteps).toBe(5 * gateTrainings);
      const selected = rows.filter((row) => row.phase === 'select');
      expect(selected).toHaveLength(2);
      // what each iteration's gate answers is logged where there is one
      for (const { gateEntropy } of selected) {
        if (form === 'released') expect(gateEntropy).toBeUndefined();
        else expect(gateEntropy).toSatisfy((value: number) => value > 0 && value <= Math.log(2) + 1e-6);
      }
    }
  });

  it('in its textbook form refuses units of several steps, for which the gate has no one answer', () => {
    expect(() => checkConfig(emConfigSchema, { level: 'episode' })).toThrow(ConfigError);
    expect(() => checkConfig(emConfigSchema, { level: 'episode' })).toThrow(/'level'.*form=released/s);
    expect(() => checkConfig(emConfigSchema, { level: 'episode', form: 'released' })).not.toThrow();
  });
});
