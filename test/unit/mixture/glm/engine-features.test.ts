import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineFeatures } from '../../../../src/mixture/glm/engine-features.ts';
import { accumulate, type Features, project } from '../../../../src/mixture/glm/features.ts';
import { GatedMixture } from '../../../../src/mixture/glm/gated-mixture.ts';
import { fitModel } from '../../../../src/mixture/glm/iterations.ts';
import { fitMultinomial, fitMultinomials } from '../../../../src/mixture/glm/multinomial-regression.ts';
import { Rng } from '../../../../src/random.ts';
import { selectBackend } from '../../../../src/tensor/backend.ts';
import { tf } from '../../../../src/tensor/tf.ts';

/** Not a multiple of the blocks that the engine divides rows into. */
const ROWS = 2501;
const COLUMNS = 41;
const CLASSES = 10;

/** Draws inputs from 0 to 1 of single precision with a constant, and labels that follow from them in two regimes. */
function drawProblem(seed: number) {
  const rng = Rng.fromSeed(seed);
  const values = Float32Array.from({ length: ROWS * COLUMNS }, (_, at) =>
    at % COLUMNS === COLUMNS - 1 ? 1 : rng.uniform(),
  );
  const labels = Int32Array.from({ length: ROWS }, (_, i) => {
    const row = values.subarray(i * COLUMNS, (i + 1) * COLUMNS - 1);
    const first = row[0] as number;
    const scores = Array.from(row.subarray(1, CLASSES + 1), (v) => (first > 0.5 ? v : 1 - v));
    return scores.indexOf(Math.max(...scores));
  });
  return { values, labels, rng };
}

function mixtureOn(features: Features, labels: Int32Array): GatedMixture {
  return new GatedMixture(
    features,
    features,
    { kind: 'logistic', labels, classes: CLASSES },
    { components: 2, newton: { maxSteps: 1, tolerance: 1e-6, maxConjugateSteps: 5 } },
  );
}

const farthest = (a: Float64Array, b: Float64Array) =>
  a.reduce((most, v, at) => Math.max(most, Math.abs(v - (b[at] as number))), 0);

describe('inputs on the compute engine', () => {
  const held: EngineFeatures[] = [];
  const onEngine = (values: Float32Array) => {
    const features = new EngineFeatures(values, ROWS, COLUMNS);
    held.push(features);
    return features;
  };
  const inDouble = (values: Float32Array): Features => ({
    values: new Float64Array(values),
    rows: ROWS,
    columns: COLUMNS,
  });
  beforeEach(async () => {
    await selectBackend('simd', { threads: 1 });
  });
  afterEach(() => {
    for (const features of held.splice(0)) features.dispose();
  });

  it('multiply as those in double precision do, to 1e-6 of the size of the terms', () => {
    const { rng, values } = drawProblem(0);
    const [engine, double] = [onEngine(values), inDouble(values)];
    const outputs = 7;
    const weights = Float64Array.from({ length: 3 + outputs * COLUMNS }, () => rng.normal());
    const residuals = Float64Array.from({ length: ROWS * outputs }, () => rng.normal());
    const both = [engine, double].map((features) => {
      const projected = new Float64Array(ROWS * outputs);
      project(features, weights, outputs, projected, 3);
      const sums = new Float64Array(2 + outputs * COLUMNS).fill(1);
      accumulate(features, residuals, outputs, sums, 2);
      return { projected, sums };
    });
    const [ours, theirs] = both as [(typeof both)[0], (typeof both)[0]];
    expect(farthest(ours.projected, theirs.projected)).toBeLessThan(1e-6 * COLUMNS);
    expect(farthest(ours.sums, theirs.sums)).toBeLessThan(1e-6 * ROWS);
  });

  it('lead EM where double precision leads it, with a loss that never rises', () => {
    const { labels, rng, values } = drawProblem(1);
    const models = [mixtureOn(onEngine(values), labels), mixtureOn(inDouble(values), labels)];
    const start = Float64Array.from({ length: (models[0] as GatedMixture).size }, () => rng.normal(0, 0.1));
    const [engine, double] = models.map((model) =>
      fitModel(model, start, 'em', { maxIterations: 12, tolerance: 0 }),
    );
    expect(engine?.losses.at(-1)).toBeLessThan(0.5 * (engine?.losses[0] as number));
    engine?.losses.forEach((loss, i) => {
      // where a step is shortened, or conjugate gradients end, can turn on the last bits: the paths part there
      const tolerance = i <= 5 ? 1e-6 : 0.02;
      expect(Math.abs(loss / (double?.losses[i] as number) - 1)).toBeLessThan(tolerance);
      if (i > 0) expect(loss).toBeLessThanOrEqual((engine.losses[i - 1] as number) + 1e-12);
    });
    // the loss is also that of a model that has never seen these parameters
    const fresh = mixtureOn(inDouble(values), labels).loss(engine?.theta as Float64Array);
    expect(Math.abs(fresh / (engine?.losses.at(-1) as number) - 1)).toBeLessThan(1e-5);
  });

  it('give the same bits on any number of threads, and leave no tensor behind', async () => {
    const { labels, values } = drawProblem(2);
    const fitted = [];
    for (const threads of [1, 2]) {
      await selectBackend('simd', { threads });
      const before = tf.memory().numTensors;
      const features = new EngineFeatures(values, ROWS, COLUMNS);
      const model = mixtureOn(features, labels);
      const start = Float64Array.from({ length: model.size }, (_, d) => 0.1 * Math.sin(d));
      fitted.push(fitModel(model, start, 'em', { maxIterations: 3, tolerance: 0 }).theta);
      features.dispose();
      expect(tf.memory().numTensors).toBe(before);
    }
    expect(fitted[1]).toEqual(fitted[0]);
  });
});

describe('regressions fitted together', () => {
  it.each([3, 40])('are those fitted alone, to the last bit, with %s features', (columns) => {
    const rng = Rng.fromSeed(columns);
    const rows = 300;
    const values = Float64Array.from({ length: rows * columns }, () => rng.normal());
    const features: Features = { values, rows, columns };
    const starts = [2, 5, 9].map((classes) => ({
      labels: { targets: Float64Array.from({ length: rows * classes }, () => rng.uniform()), classes },
      weights: Float64Array.from({ length: (classes - 1) * columns }, () => rng.normal(0, 0.1)),
    }));
    const together = fitMultinomials(features, starts);
    expect(together).toEqual(starts.map((start) => fitMultinomial(features, start)));
  });
});
