import { describe, expect, it } from 'vitest';
import { attentionLogits } from '../../../../src/mixture/attentive/attention-gate.ts';
import { gateMetrics } from '../../../../src/mixture/attentive/gate-metrics.ts';
import { importanceLoss, importanceLossTensor } from '../../../../src/mixture/attentive/importance.ts';
import {
  relativeDistances,
  type SimilarityWeights,
  similarityLoss,
  similarityLossTensor,
} from '../../../../src/mixture/attentive/similarity.ts';
import { Rng } from '../../../../src/random.ts';
import { tf } from '../../../../src/tensor/tf.ts';

await tf.setBackend('cpu');

const rng = Rng.fromSeed('attentive');

/** Rows of random probabilities, shape `[samples, experts]`. */
function randomGate(samples: number, experts: number): Float64Array {
  const gate = new Float64Array(samples * experts);
  for (let i = 0; i < samples; i++) {
    const row = Array.from({ length: experts }, () => Math.exp(rng.normal(0, 2)));
    const total = row.reduce((a, b) => a + b);
    gate.set(
      row.map((p) => p / total),
      i * experts,
    );
  }
  return gate;
}

/** Distances of random points, shape `[samples, samples]`. */
function randomDistances(samples: number): Float64Array {
  const points = Array.from({ length: samples }, () => [rng.normal(), rng.normal()] as const);
  return Float64Array.from({ length: samples * samples }, (_, at) => {
    const [a, b] = [
      points[Math.floor(at / samples)] as readonly number[],
      points[at % samples] as readonly number[],
    ];
    return Math.hypot((a[0] as number) - (b[0] as number), (a[1] as number) - (b[1] as number));
  });
}

/** The loss as it is written in the paper: sums over pairs of samples and of experts. */
function doubleSum(gate: Float64Array, distances: Float64Array, experts: number, weights: SimilarityWeights) {
  const samples = gate.length / experts;
  const p = (i: number, e: number) => gate[i * experts + e] as number;
  let loss = 0;
  for (let i = 0; i < samples; i++) {
    for (let j = 0; j < samples; j++) {
      if (i === j) continue;
      const d = distances[i * samples + j] as number;
      for (let e = 0; e < experts; e++) {
        loss += (weights.same / experts) * p(i, e) * p(j, e) * d;
        for (let f = 0; f < experts; f++) {
          if (e === f) continue;
          loss -= (weights.different / (experts * experts - experts)) * p(i, e) * p(j, f) * d;
        }
      }
    }
  }
  return loss / (samples * samples - samples);
}

const asTensor = (values: Float64Array, columns: number) =>
  tf.tensor2d(Float32Array.from(values), [values.length / columns, columns]);

describe('the similarity loss', () => {
  it('in matrix form is the double sum to 1e-12, and on tensors to single precision', () => {
    for (let i = 0; i < 20; i++) {
      const [samples, experts] = [2 + rng.integer(30), 2 + rng.integer(6)];
      const [gate, distances] = [randomGate(samples, experts), randomDistances(samples)];
      const weights = { same: rng.uniform(0, 2), different: rng.uniform(0, 2) };
      const expected = doubleSum(gate, distances, experts, weights);
      expect(Math.abs(similarityLoss(gate, distances, experts, weights) - expected)).toBeLessThan(1e-12);
      const [found] = similarityLossTensor(
        asTensor(gate, experts),
        asTensor(distances, samples),
        weights,
      ).dataSync();
      expect(Math.abs((found as number) - expected)).toBeLessThan(2e-6);
    }
  });

  it('has the same gradient for weights whose effect on a softmax is the same', () => {
    const [samples, experts] = [12, 4];
    const logits = tf.randomNormal<tf.Rank.R2>([samples, experts], 0, 1, 'float32', 3);
    const distances = asTensor(randomDistances(samples), samples);
    const gradient = (weights: SimilarityWeights) =>
      tf.grad((x: tf.Tensor) => similarityLossTensor(tf.softmax(x as tf.Tensor2D), distances, weights))(
        logits,
      );
    // β_s / M + β_d / (M² − M) is 0.5 in both
    const [a, b] = [gradient({ same: 2, different: 0 }), gradient({ same: 0, different: 6 })];
    expect(tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]).toBeLessThan(1e-6);
    expect(tf.max(tf.abs(a)).dataSync()[0]).toBeGreaterThan(1e-3);
  });

  it('is least where far samples go to different experts', () => {
    const distances = Float64Array.of(0, 0.1, 1, 0.1, 0, 1, 1, 1, 0);
    const weights = { same: 1, different: 1 };
    const apart = similarityLoss([1, 0, 1, 0, 0, 1], distances, 2, weights);
    const mixed = similarityLoss([1, 0, 0, 1, 1, 0], distances, 2, weights);
    const all = similarityLoss([1, 0, 1, 0, 1, 0], distances, 2, weights);
    expect(apart).toBeLessThan(mixed);
    expect(mixed).toBeLessThan(all);
  });

  it('is 0 for one sample, and defined for one expert and for samples that all agree', () => {
    const weights = { same: 1, different: 1 };
    expect(similarityLoss([0.3, 0.7], [0], 2, weights)).toBe(0);
    expect(similarityLoss([1, 1], [0, 1, 1, 0], 1, weights)).toBe(1);
    const distances = relativeDistances(tf.ones([4, 3]));
    expect([...distances.dataSync()].every((d) => d === 0)).toBe(true);
  });

  it('measures distances between 0 and 1', () => {
    const found = relativeDistances(tf.tensor2d([0, 0, 3, 4, 6, 8], [3, 2])).dataSync();
    [0, 0.5, 1, 0.5, 0, 0.5, 1, 0.5, 0].forEach((d, i) => {
      expect(found[i]).toBeCloseTo(d, 6);
    });
  });
});

describe('the importance loss', () => {
  it('is 0 for even use, M for a single expert used, and the same on tensors', () => {
    expect(importanceLoss([0.5, 0.5, 0.5, 0.5], 2)).toBe(0);
    expect(importanceLoss([1, 0, 0, 0, 1, 0, 0, 0], 4)).toBeCloseTo(4, 12);
    expect(importanceLoss([1, 1], 1)).toBe(0);
    const gate = randomGate(20, 5);
    const [found] = importanceLossTensor(asTensor(gate, 5)).dataSync();
    expect(found).toBeCloseTo(importanceLoss(gate, 5), 5);
  });
});

describe('the attentive gate', () => {
  const [batch, experts, width] = [7, 5, 6];
  const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
  const query = normal([batch, width], 1) as tf.Tensor2D;
  const keys = normal([experts, batch, width], 2) as tf.Tensor3D;
  const [wq, wk] = [normal([width, width], 3) as tf.Tensor2D, normal([width, width], 4) as tf.Tensor2D];

  it('is softmax(Q·K/√h) with one matrix for all keys', () => {
    const found = attentionLogits(query, keys, wq, wk).arraySync() as number[][];
    const q = tf.matMul(query, wq).arraySync() as number[][];
    for (let e = 0; e < experts; e++) {
      const k = tf
        .matMul(tf.reshape(tf.slice(keys, [e, 0, 0], [1, -1, -1]), [batch, width]), wk)
        .arraySync() as number[][];
      for (let b = 0; b < batch; b++) {
        const dot = (q[b] as number[]).reduce((sum, value, d) => sum + value * (k[b]?.[d] as number), 0);
        expect(found[b]?.[e]).toBeCloseTo(dot / Math.sqrt(width), 4);
      }
    }
  });

  it('permutes with the experts', () => {
    const order = [3, 0, 4, 1, 2];
    const plain = tf.softmax(attentionLogits(query, keys, wq, wk));
    const permuted = tf.softmax(attentionLogits(query, tf.gather(keys, order), wq, wk));
    expect(permuted.arraySync()).toEqual(tf.gather(plain, order, 1).arraySync());
  });
});

describe('metrics of a gate', () => {
  it('know one expert from all of them', () => {
    const answers = Int32Array.of(0, 1, 2, 3);
    const one = gateMetrics([1, 0, 1, 0, 1, 0, 1, 0], 2, answers);
    expect(one).toEqual({ sampleEntropy: 0, usageEntropy: 0, mutualInformation: 0 });
    const unsure = gateMetrics(new Float64Array(8).fill(0.5), 2, answers);
    expect(unsure).toEqual({ sampleEntropy: 1, usageEntropy: 1, mutualInformation: 0 });
    const divided = gateMetrics([1, 0, 1, 0, 0, 1, 0, 1], 2, answers);
    expect(divided).toEqual({ sampleEntropy: 0, usageEntropy: 1, mutualInformation: 1 });
    expect(gateMetrics([1, 0], 2).mutualInformation).toBeUndefined();
  });

  it('keep to their bounds: H_s ≤ H_u ≤ log2 M, I ≤ log2 M', () => {
    for (let i = 0; i < 20; i++) {
      const [samples, experts] = [1 + rng.integer(40), 1 + rng.integer(6)];
      const answers = Int32Array.from({ length: samples }, () => rng.integer(4));
      const { mutualInformation, sampleEntropy, usageEntropy } = gateMetrics(
        randomGate(samples, experts),
        experts,
        answers,
      );
      expect(sampleEntropy).toBeLessThanOrEqual(usageEntropy + 1e-12);
      expect(usageEntropy).toBeLessThanOrEqual(Math.log2(experts) + 1e-12);
      expect(mutualInformation).toBeLessThanOrEqual(Math.log2(experts) + 1e-12);
    }
  });
});
