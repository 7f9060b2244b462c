import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { ConfigError, DivergenceError } from '../../../src/errors.ts';
import { Rng } from '../../../src/random.ts';
import { BatchedMlp } from '../../../src/tensor/batched-mlp.ts';
import { registerSimdBackend } from '../../../src/tensor/simd/register.ts';
import { tf } from '../../../src/tensor/tf.ts';
import { gradientShape } from '../../../src/training/gradient-config.ts';
import { type GradientResult, trainByGradient } from '../../../src/training/gradient-training.ts';
import { NormalizedData } from '../../../src/training/normalized-data.ts';
import { chooseWeights } from '../../../src/training/trained-weights.ts';
import type { Checkpoint, MetricsRow, TrainingRun } from '../../../src/training/training-run.ts';
import { branchingData } from '../mixture/toy-data.ts';

await registerSimdBackend({ threads: 1 });
await tf.setBackend('simd');

const problem = new NormalizedData(branchingData(10, 2, 12));
const schema = z.strictObject(gradientShape({ batchSize: 16, learningRate: 1e-2, validation: 0.2 }));

interface Options {
  readonly settings?: Partial<z.input<typeof schema>>;
  readonly run?: Partial<TrainingRun>;
  /** Factor on the loss of a step, for damage. */
  readonly scale?: (step: number) => number;
  /** Step whose loss is finite and whose gradient is not. */
  readonly badGradientAt?: number;
}

/** Regresses actions on observations, with noise from the loop's stream; counts the steps taken. */
async function train({
  badGradientAt,
  run = {},
  scale = () => 1,
  settings = {},
}: Options): Promise<GradientResult> {
  const config = schema.parse({ steps: 40, checkpointEvery: 10, ...settings });
  const shape = { networks: 1, inputSize: 2, hidden: [8], outputSize: 2, activation: 'mish' as const };
  const rng = Rng.fromSeed(0).fork('test');
  const network = BatchedMlp.draw(shape, rng.fork('weights'));
  let step = run.resumeFrom === undefined ? 0 : Number(run.resumeFrom.state.step);
  try {
    return await trainByGradient(
      {
        network,
        loss(steps, draws, { training }) {
          const take = (values: Float32Array) =>
            tf.tensor2d(
              Float32Array.from(steps).reduce<number[]>(
                (all, s) => all.concat(Array.from(values.subarray(2 * s, 2 * s + 2))),
                [],
              ),
              [steps.length, 2],
            );
          const noise = draws.normal(0, 0.01);
          const factor = training ? scale(step++) : 1;
          const error = tf.squaredDifference(
            network.forward(take(problem.observations)),
            tf.add(take(problem.actions), noise),
          );
          const mean = tf.mul<tf.Scalar>(tf.mean(error), factor);
          if (!training || badGradientAt !== step - 1) return mean;
          // √0 is 0, and its slope is not finite
          return tf.add<tf.Scalar>(mean, tf.sqrt(tf.mul(tf.mean(error), 0)));
        },
      },
      { problem, config, recorded: config, rng, run: { seed: 0, ...run } },
    );
  } finally {
    network.dispose();
  }
}

const numbers = ({ arrays }: GradientResult) =>
  Object.fromEntries(Object.entries(arrays).map(([name, { data }]) => [name, Array.from(data, Number)]));

describe('training by gradient', () => {
  it('logs loss, validation and learning rate at every checkpoint, and lowers the loss', async () => {
    const rows: MetricsRow[] = [];
    await train({
      settings: { steps: 200, checkpointEvery: 20 },
      run: { onMetrics: (row) => rows.push(row) },
    });
    expect(rows.map(({ step }) => step)).toEqual([20, 40, 60, 80, 100, 120, 140, 160, 180, 200]);
    const first = rows[0] as Record<string, number>;
    const last = rows.at(-1) as Record<string, number>;
    expect(last.loss).toBeLessThan(0.5 * (first.loss as number));
    expect(last.validationLoss).toBeLessThan(0.6 * (first.validationLoss as number));
    expect(last.learningRate).toBeLessThan(1e-4);
  });

  it('resumed from any checkpoint, ends with the same bits: weights, average, best and last', async () => {
    const checkpoints: Checkpoint[] = [];
    const whole = await train({ run: { saveCheckpoint: (checkpoint) => void checkpoints.push(checkpoint) } });
    expect(checkpoints).toHaveLength(4);
    for (const resumeFrom of checkpoints) {
      const resumed = await train({ run: { resumeFrom } });
      expect(numbers(resumed)).toEqual(numbers(whole));
      expect(resumed.best).toEqual(whole.best);
    }
  });

  it('stopped between or at checkpoints and resumed, ends with the same bits', async () => {
    const whole = await train({});
    for (const stopAt of [7, 10, 25]) {
      const abort = new AbortController();
      let resumeFrom: Checkpoint | undefined;
      const stopped = await train({
        run: {
          signal: abort.signal,
          onProgress: ({ done }) => done === stopAt && abort.abort(),
          saveCheckpoint: (checkpoint) => {
            resumeFrom = checkpoint;
          },
        },
      });
      expect(stopped).toMatchObject({ stopped: 'interrupted', step: stopAt });
      const resumed = await train({ run: { resumeFrom: resumeFrom as unknown as Checkpoint } });
      expect(numbers(resumed)).toEqual(numbers(whole));
    }
  });

  it('keeps the weights of the lowest validation loss, judged on the average', async () => {
    const rows: MetricsRow[] = [];
    // after half the steps the loss is turned around: from there on it gets worse
    const result = await train({
      settings: { learningRate: 3e-2 },
      scale: (step) => (step < 20 ? 1 : -1),
      run: { onMetrics: (row) => rows.push(row) },
    });
    const losses = rows.map(({ validationLoss }) => validationLoss as number);
    const least = Math.min(...losses);
    expect(result.best).toEqual({ step: (losses.indexOf(least) + 1) * 10, loss: least });
    expect(result.best?.step).toBeLessThan(40);
    const { ema } = schema.parse({});
    const last = chooseWeights(result.arrays, { checkpoint: 'last', weights: 'ema', ema });
    const best = chooseWeights(result.arrays, { checkpoint: 'best', weights: 'ema', ema });
    const raw = chooseWeights(result.arrays, { checkpoint: 'last', weights: 'raw', ema });
    expect(best).not.toEqual(last);
    expect(raw).not.toEqual(last);
    expect(chooseWeights(result.arrays, { checkpoint: 'last', weights: 'ema', ema: null })).toEqual(raw);
  });

  it('has no best checkpoint without held-out episodes, and says so', async () => {
    const result = await train({ settings: { validation: 0, ema: null } });
    expect(result.best).toBeUndefined();
    const choose = { checkpoint: 'best', weights: 'ema', ema: null } as const;
    expect(() => chooseWeights(result.arrays, choose)).toThrow('held episodes out');
  });

  it('refuses to look for a best checkpoint without held-out episodes before it trains', async () => {
    const onProgress = vi.fn();
    const training = train({ settings: { validation: 0, checkpoint: 'best' }, run: { onProgress } });
    await expect(training).rejects.toThrow(ConfigError);
    await expect(training).rejects.toThrow('no checkpoint is the best');
    expect(onProgress).not.toHaveBeenCalled();
  });

  it('stops at a loss that is not finite, names step and batch, and keeps the checkpoint before', async () => {
    const checkpoints: Checkpoint[] = [];
    const damaged = train({
      scale: (step) => (step === 23 ? Number.NaN : 1),
      run: { saveCheckpoint: (checkpoint) => void checkpoints.push(checkpoint) },
    });
    await expect(damaged).rejects.toThrow(DivergenceError);
    await expect(damaged).rejects.toThrow(/step 23, batch: episode \d step \d+, .* and 8 more/);
    expect(checkpoints.map(({ state }) => state.step)).toEqual([10, 20]);
    for (const { arrays } of checkpoints) {
      for (const { data } of Object.values(arrays))
        expect(Array.from(data, Number).every(Number.isFinite)).toBe(true);
    }
  });

  it('never saves weights that are not finite', async () => {
    const checkpoints: Checkpoint[] = [];
    const damaged = train({
      badGradientAt: 9,
      run: { saveCheckpoint: (checkpoint) => void checkpoints.push(checkpoint) },
    });
    await expect(damaged).rejects.toThrow(DivergenceError);
    expect(checkpoints).toHaveLength(0);
  });

  it('keeps the number of tensors from step to step', async () => {
    const counts = new Set<number>();
    await train({ run: { onProgress: () => counts.add(tf.memory().numTensors) } });
    expect(counts.size).toBe(1);
  });
});
