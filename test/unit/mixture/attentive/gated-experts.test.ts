import { afterEach, describe, expect, it } from 'vitest';
import { ConfigError, DivergenceError, FitError } from '../../../../src/errors.ts';
import { GatedExperts, type GatedExpertsOptions } from '../../../../src/mixture/attentive/gated-experts.ts';
import { Rng } from '../../../../src/random.ts';
import { tf } from '../../../../src/tensor/tf.ts';

await tf.setBackend('cpu');

/** Four clouds in the corners of a square: the label is the same in opposite corners. */
function corners(samples: number, seed = 0) {
  const rng = Rng.fromSeed(seed).fork('corners');
  const x = Array.from({ length: samples }, (_, i) => [
    (i & 1 ? 2 : -2) + rng.normal(0, 0.5),
    (i & 2 ? 2 : -2) + rng.normal(0, 0.5),
  ]);
  return { x, y: x.map(([a, b]) => ((a as number) * (b as number) > 0 ? 7 : 3)) };
}

/** |x|: two straight pieces. */
function pieces(samples: number, seed = 0) {
  const rng = Rng.fromSeed(seed).fork('pieces');
  const x = Array.from({ length: samples }, () => [rng.uniform(-2, 2)]);
  return { x, y: x.map(([value]) => 10 + 3 * Math.abs(value as number) + rng.normal(0, 0.02)) };
}

const quick: GatedExpertsOptions = {
  experts: 3,
  expertHidden: [12, 8],
  gateHidden: [12, 8],
  epochs: 15,
  batchSize: 32,
  learningRate: 0.01,
};

const train = corners(200);
const test = corners(200, 1);
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

let model: GatedExperts | undefined;
afterEach(() => {
  model?.dispose();
  model = undefined;
});

async function accuracy(fitted: GatedExperts): Promise<number> {
  const found = (await fitted.predict(test.x)) as number[];
  return mean(found.map((label, i) => (label === test.y[i] ? 1 : 0)));
}

describe('gated experts for labels', () => {
  for (const gate of ['original', 'attentive'] as const) {
    for (const [mixture, k] of [
      ['expectation', 1],
      ['stochastic', 1],
      ['top-k', 1],
      ['top-k', 2],
    ] as const) {
      it(`with ${gate} gate and ${mixture}${mixture === 'top-k' ? ` of ${k}` : ''}, tell corners apart`, async () => {
        model = await new GatedExperts({ ...quick, gate, mixture, k }).fit(train.x, train.y);
        expect(await accuracy(model)).toBeGreaterThan(0.95);
        expect(model.labels).toEqual([3, 7]);
        for (const row of await model.predictProbabilities(test.x)) {
          expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
        }
        const weights = await model.gate(test.x);
        for (const row of weights) {
          const used = row.filter((p) => p > 1e-6).length;
          if (mixture === 'top-k') expect(used).toBeLessThanOrEqual(k);
          else expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
        }
      });
    }
  }

  it('the similarity and the importance loss spread samples over the experts', async () => {
    const usage: Record<string, number> = {};
    for (const [name, weights] of Object.entries({
      none: {},
      similarity: { similarityWeight: 10 },
      importance: { importanceWeight: 1 },
    })) {
      const fitted = await new GatedExperts({ ...quick, ...weights, seed: 2 }).fit(train.x, train.y);
      usage[name] = (await fitted.metrics(test.x)).usageEntropy;
      fitted.dispose();
    }
    expect(usage.similarity).toBeGreaterThan(1.5);
    expect(usage.importance).toBeGreaterThan(1.5);
    expect(usage.similarity).toBeGreaterThan(usage.none as number);
  });

  it('a distilled gate needs no experts, and keeps theirs as they are', async () => {
    model = await new GatedExperts({ ...quick, epochs: 30, similarityWeight: 3 }).fit(train.x, train.y);
    const before = await model.gate(test.x);
    const student = await model.distill(train.x, train.y);
    expect(await accuracy(student)).toBeGreaterThan(0.95);
    expect(await model.gate(test.x)).toEqual(before);
    student.dispose();
    expect(await accuracy(model)).toBeGreaterThan(0.95);
  });

  it('gives the same bits for the same seed, and leaves no tensors behind', async () => {
    const tensors = tf.memory().numTensors;
    const gates: number[][][] = [];
    for (const seed of [0, 0, 1]) {
      const fitted = await new GatedExperts({ ...quick, epochs: 2, seed }).fit(train.x, train.y);
      gates.push(await fitted.gate(test.x));
      fitted.dispose();
    }
    expect(gates[0]).toEqual(gates[1]);
    expect(gates[0]).not.toEqual(gates[2]);
    expect(tf.memory().numTensors).toBe(tensors);
  });

  it('sees rows as images where it is told to', async () => {
    const rng = Rng.fromSeed('bars');
    const bars = Array.from({ length: 120 }, (_, i) => {
      const at = rng.integer(6);
      return Array.from({ length: 36 }, (_, p) => {
        const bright = i % 2 === 0 ? p % 6 === at : Math.floor(p / 6) === at;
        return (bright ? 1 : 0) + rng.normal(0, 0.1);
      });
    });
    const labels = bars.map((_, i) => i % 2);
    const layers = [{ filters: 2, normalize: true }];
    model = new GatedExperts({
      ...quick,
      experts: 2,
      image: { height: 6, width: 6, expertLayers: layers, gateLayers: layers },
    });
    await model.fit(bars.slice(0, 80), labels.slice(0, 80));
    const found = (await model.predict(bars.slice(80))) as number[];
    expect(mean(found.map((label, i) => (label === labels[80 + i] ? 1 : 0)))).toBeGreaterThan(0.9);
    await expect(model.fit([[1, 2]], [0])).rejects.toThrow(FitError);
  });
});

describe('gated experts for numbers', () => {
  const data = pieces(200);
  const held = pieces(100, 1);

  for (const [gate, mixture] of [
    ['original', 'expectation'],
    ['attentive', 'expectation'],
    ['attentive', 'stochastic'],
    ['original', 'top-k'],
  ] as const) {
    it(`with ${gate} gate and ${mixture}, follow two pieces`, async () => {
      model = await new GatedExperts({ ...quick, task: 'regression', gate, mixture }).fit(data.x, data.y);
      const found = (await model.predict(held.x)) as number[][];
      const error = mean(found.map(([value], i) => Math.abs((value as number) - (held.y[i] as number))));
      expect(error).toBeLessThan(0.25);
      expect((await model.metrics(held.x)).mutualInformation).toBeUndefined();
      await expect(model.predictProbabilities(held.x)).rejects.toThrow(FitError);
    });
  }

  it('distil what was learned in likelihood too', async () => {
    const options = { ...quick, task: 'regression', mixture: 'stochastic' } as const;
    model = await new GatedExperts(options).fit(data.x, data.y);
    const student = await model.distill(data.x, data.y);
    const found = (await student.predict(held.x)) as number[][];
    expect(mean(found.map(([value], i) => Math.abs((value as number) - (held.y[i] as number))))).toBeLessThan(
      0.25,
    );
    student.dispose();
  });
});

describe('gated experts given what they cannot learn from', () => {
  it('name what is wrong with the data', async () => {
    const fresh = new GatedExperts(quick);
    await expect(fresh.fit([[1], [Number.NaN], [2]], [0, 1, 0])).rejects.toThrow(/x\[1\]/);
    await expect(fresh.fit([[1], [2], [3]], [0, Number.NaN, 1])).rejects.toThrow(FitError);
    await expect(fresh.fit([[1], [2], [3]], [4, 4, 4])).rejects.toThrow(/same label/);
    await expect(fresh.fit([[1], [2]], [0, 1])).rejects.toThrow(/fewer samples than experts/);
    await expect(fresh.fit([[1], [2], [3]], [0, 1])).rejects.toThrow(/differ in length/);
    const numbers = new GatedExperts({ ...quick, task: 'regression' });
    await expect(numbers.fit([[1], [2], [3]], [0, 1, Number.NaN])).rejects.toThrow(/y\[2\]/);
  });

  it('refuse settings that are unknown or contradict each other, and to answer before a fit', async () => {
    expect(() => new GatedExperts({ expert: 2 } as GatedExpertsOptions)).toThrow(ConfigError);
    expect(() => new GatedExperts({ experts: 0 })).toThrow(/experts/);
    const uneven = new GatedExperts({ ...quick, gateHidden: [5] });
    await expect(uneven.fit(train.x, train.y)).rejects.toThrow(ConfigError);
    await expect(new GatedExperts(quick).predict([[1, 2]])).rejects.toThrow(/not been fitted/);
    model = await new GatedExperts({ ...quick, epochs: 1 }).fit(train.x, train.y);
    await expect(model.predict([[1, 2, 3]])).rejects.toThrow(/another length/);
    await expect(model.predict([[1, Number.POSITIVE_INFINITY]])).rejects.toThrow(FitError);
  });

  it('give finite answers for features that never vary, for one expert, and for as many experts as samples', async () => {
    const y = train.y.map((_, i) => i % 2);
    for (const [options, x, labels] of [
      [{ similarityWeight: 1, importanceWeight: 1 }, train.x.map(() => [5, 5]), y],
      [{ experts: 1, similarityWeight: 1, importanceWeight: 1 }, train.x, y],
      [{ experts: 4, similarityWeight: 1 }, train.x.slice(0, 4), [0, 1, 0, 1]],
    ] as const) {
      const fitted = await new GatedExperts({ ...quick, epochs: 3, ...options }).fit(x, labels);
      const answers = [...(await fitted.predictProbabilities(x)), ...(await fitted.gate(x))].flat();
      expect(answers.every(Number.isFinite)).toBe(true);
      fitted.dispose();
    }
  });

  it('say when a training diverged, and free what it held', async () => {
    const tensors = tf.memory().numTensors;
    const task = { ...quick, task: 'regression', learningRate: 1e30 } as const;
    const { x, y } = pieces(60);
    await expect(new GatedExperts(task).fit(x, y)).rejects.toThrow(DivergenceError);
    expect(tf.memory().numTensors).toBe(tensors);
  });
});
