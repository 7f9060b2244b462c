import { beforeAll, describe, expect, it } from 'vitest';
import { resolveConfig } from '../../../src/policies/config.ts';
import { flow } from '../../../src/policies/flow.ts';
import { type FlowConfig, flowActnorm, flowCouplings } from '../../../src/policies/flow-config.ts';
import { flowLogDensity, flowMatrices } from '../../../src/policies/flow-learner.ts';
import { makeFlowPlanner } from '../../../src/policies/flow-planner.ts';
import { invertSpline, readSpline } from '../../../src/policies/flow-spline.ts';
import { Rng } from '../../../src/random.ts';
import { selectBackend } from '../../../src/tensor/backend.ts';
import { BatchedMlp } from '../../../src/tensor/batched-mlp.ts';
import { drawMlp } from '../../../src/tensor/mlp-init.ts';
import type { NamedArrays } from '../../../src/tensor/named-arrays.ts';
import { tf } from '../../../src/tensor/tf.ts';
import { joinParts } from '../../../src/training/parts.ts';

const sizes = { observationSize: 1, actionSize: 2 };
const config = resolveConfig(flow, {
  envId: 'Toy-v0',
  file: { chunk: 1, history: 1, layers: 3, bins: 5, hidden: [8], actnorm: { hidden: [8] } },
}) as FlowConfig;
const couplings = flowCouplings(config, sizes);

const actnorm = flowActnorm(config, sizes);

/** Weights of a flow that is far from the identity: of the coupling layers, then of the actnorm. */
function weights(scale: number): NamedArrays[] {
  const rng = Rng.fromSeed(7);
  return [...couplings.map(({ network }) => network), actnorm].map((shape, layer) => {
    const drawn = drawMlp(shape, rng.fork(layer));
    return Object.fromEntries(
      Object.entries(drawn).map(([name, { data, shape }]) => [
        name,
        { shape, data: Float32Array.from(data as Float32Array, (value) => scale * value) },
      ]),
    );
  });
}

/** Density over [−reach, reach]² at the middles of cells, shape `[cells²]`. */
function densityGrid(arrays: readonly NamedArrays[], reach: number, cells: number): Float32Array {
  const side = (2 * reach) / cells;
  const points = Float32Array.from({ length: 2 * cells * cells }, (_, i) => {
    const cell = i >> 1;
    return -reach + side * ((i % 2 === 0 ? Math.floor(cell / cells) : cell % cells) + 0.5);
  });
  const networks = couplings.map(
    ({ network }, layer) => new BatchedMlp(network, arrays[layer] as NamedArrays),
  );
  const evaluated = {
    actnorm: new BatchedMlp(actnorm, arrays[couplings.length] as NamedArrays),
    ...{ networks, matrices: flowMatrices(config, couplings) },
    chunks: tf.tensor2d(points, [cells * cells, 2]),
    histories: tf.fill<tf.Rank.R2>([cells * cells, 1], 0.4),
  };
  return tf.exp(flowLogDensity(config, evaluated)).dataSync() as Float32Array;
}

beforeAll(async () => {
  await selectBackend('js');
});

describe('a normalizing flow', () => {
  it('begins as the standard normal density', () => {
    const density = densityGrid(weights(0), 2, 5);
    const corner = Math.exp(-(1.6 ** 2)) / (2 * Math.PI);
    expect(density[0]).toBeCloseTo(corner, 5);
    expect(density[12]).toBeCloseTo(1 / (2 * Math.PI), 5);
  });

  it('has a density that integrates to 1', () => {
    const [reach, cells] = [6, 120];
    const density = densityGrid(weights(1.5), reach, cells);
    const area = ((2 * reach) / cells) ** 2;
    expect(density.reduce((sum, value) => sum + value * area, 0)).toBeCloseTo(1, 2);
    // it is no normal density any more
    expect(Math.max(...density)).toBeGreaterThan(1.3 / (2 * Math.PI));
  });

  it('draws what its density says', () => {
    const [reach, cells, draws] = [4, 8, 20_000];
    const fine = 10;
    const arrays = weights(1.5);
    const density = densityGrid(arrays, reach, cells * fine);
    const planner = makeFlowPlanner({
      ...{ config, ...sizes, constants: {} },
      weights: joinParts(
        Object.fromEntries(
          arrays.map((own, i) => [i < couplings.length ? `couplings.${i}` : 'actnorm', own] as const),
        ),
      ),
      ...{ low: new Float32Array(2), high: new Float32Array(2) },
    });
    const episodes = Array.from({ length: draws }, (_, i) => ({
      ...{ stream: Rng.fromSeed(i), kept: undefined, seen: 1 },
    }));
    const drawn = new Float32Array(2 * draws);
    planner.plan(new Float32Array(draws).fill(0.4), episodes, drawn);
    const counts = new Float64Array(cells * cells);
    const side = (2 * reach) / cells;
    for (let i = 0; i < drawn.length; i += 2) {
      const [row, column] = [drawn[i], drawn[i + 1]].map((value) =>
        Math.floor(((value as number) + reach) / side),
      );
      const inside = [row, column].every((at) => (at as number) >= 0 && (at as number) < cells);
      const cell = (row as number) * cells + (column as number);
      if (inside) counts[cell] = (counts[cell] as number) + 1 / draws;
    }
    const expected = new Float64Array(cells * cells);
    for (const [i, value] of density.entries()) {
      const row = Math.floor(Math.floor(i / (cells * fine)) / fine);
      const column = Math.floor((i % (cells * fine)) / fine);
      const cell = row * cells + column;
      expected[cell] = (expected[cell] as number) + value * (side / fine) ** 2;
    }
    for (const [cell, share] of expected.entries()) {
      expect(Math.abs((counts[cell] as number) - share)).toBeLessThan(5 * Math.sqrt(share / draws) + 2e-3);
    }
  });

  it('leaves what is beyond its range as it is, and meets it without a jump', () => {
    const rng = Rng.fromSeed(1);
    const spline = readSpline(
      Float32Array.from({ length: 14 }, () => rng.normal(0, 3)),
      5,
      4,
    );
    expect(invertSpline(spline, 5)).toBe(5);
    expect(invertSpline(spline, -4)).toBe(-4);
    expect(invertSpline(spline, 4 - 1e-9)).toBeCloseTo(4, 6);
    let before = Number.NEGATIVE_INFINITY;
    for (let y = -4.5; y < 4.5; y += 0.01) {
      const x = invertSpline(spline, y);
      expect(x).toBeGreaterThan(before);
      before = x;
    }
  });
});
