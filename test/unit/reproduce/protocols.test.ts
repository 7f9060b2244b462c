import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LabelledImages } from '../../../src/data/labelled-images.ts';
import { UsageError } from '../../../src/errors.ts';
import { Rng } from '../../../src/random.ts';
import { invertAtRandom, randomInvert, randomInvertOn } from '../../../src/reproduce/random-invert.ts';
import { findReproduction, reproductions } from '../../../src/reproduce/registry.ts';
import { measureRates } from '../../../src/reproduce/softmax-gating-rates.ts';
import { syntheticEm } from '../../../src/reproduce/synthetic-em.ts';
import { Units } from '../../../src/reproduce/units.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'modewise-reproduce-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const unitsIn = (name: string) =>
  new Units(join(folder, name), { name, quick: true, seed: 0 }, { signal: new AbortController().signal });

/** Draws images of 6 × 6 pixels whose class is where they are bright. */
function toyImages(count: number, seed: number): LabelledImages {
  const rng = Rng.fromSeed(seed);
  const pixels = new Uint8Array(count * 36);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  for (let i = 0; i < count; i++) {
    for (let p = 0; p < 36; p++) {
      const bright = Math.floor((p * 10) / 36) === labels[i];
      pixels[i * 36 + p] = Math.max(0, Math.min(255, (bright ? 180 : 20) + rng.normal(0, 25)));
    }
  }
  return { pixels, labels, count, height: 6, width: 6 };
}

describe('the registry', () => {
  it('has unique names and suggests the nearest one', () => {
    expect(new Set(reproductions.map(({ name }) => name)).size).toBe(reproductions.length);
    expect(() => findReproduction('em-miror-descent')).toThrow(UsageError);
    expect(() => findReproduction('em-miror-descent')).toThrow('em-mirror-descent');
  });
});

describe('Random-Invert', () => {
  const scale = {
    trainImages: 300,
    testImages: 100,
    pool: 1,
    instances: 2,
    iterations: 10,
    every: 5,
    tuning: { instances: 2, images: 100 },
  };

  it('inverts about half of the images, and averages pixels over squares', () => {
    const images = { ...toyImages(400, 0), pixels: new Uint8Array(400 * 36) };
    const { columns, values } = invertAtRandom(images, 400, 3, Rng.fromSeed(0));
    expect(columns).toBe(5);
    const inverted = Array.from({ length: 400 }, (_, i) => values[i * 5] as number);
    expect(inverted.every((v) => v === 0 || v === 1)).toBe(true);
    const share = inverted.reduce((a, b) => a + b) / 400;
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.6);
  });

  it('scores the three algorithms on the same problems, the same way twice', async () => {
    const images = { train: toyImages(300, 1), test: toyImages(100, 2) };
    const part = await randomInvertOn(images, scale, { seed: 0, units: unitsIn('a') });
    const again = await randomInvertOn(images, scale, { seed: 0, units: unitsIn('b') });
    expect(again.figures).toEqual(part.figures);
    const accuracy = (name: string) =>
      part.figures.find((figure) => figure.name === `test accuracy, ${name}`)?.mean as number;
    expect(accuracy('EM')).toBeGreaterThan(0.5);
    expect(accuracy('EM')).toBeGreaterThan(accuracy('gradient descent'));
    for (const figure of part.figures) expect(Number.isFinite(figure.mean)).toBe(true);
  });

  it('says how to get the images where there are none', async () => {
    const part = await randomInvert({ quick: true, seed: 0, units: unitsIn('a'), dataFolder: folder });
    expect(part.notRun).toContain('apt-get install dataset-fashion-mnist');
    expect(part.notRun).toContain('--data');
    expect(part.figures).toEqual([]);
  });
});

describe('the synthetic comparison', () => {
  it('has EM at the floor within 10 iterations, where gradient descent is not within 100', async () => {
    const { figures } = await syntheticEm({ seed: 1, units: unitsIn('a') }, 8);
    const judged = figures.filter(({ target }) => target !== undefined);
    expect(judged.map(({ holds }) => holds)).toEqual([true, true]);
    for (const { name, published } of figures) {
      if (published !== undefined) expect(['figure', 'verified'], name).toContain(published.mark);
    }
  });
});

describe('the rates', () => {
  it('fall with n when the number of components is right, and only exact fits with slopes have a target', async () => {
    const scale = { sizes: [1e4, 1e6], replications: { exact: 6, over: 1 }, maxIterations: 100 };
    const [exact, over] = await measureRates(scale, { seed: 0, units: unitsIn('a') });
    const slopes = exact?.figures.filter(({ name }) => name.startsWith('slope')) ?? [];
    expect(slopes).toHaveLength(4);
    for (const { mean } of slopes) expect(mean).toBeLessThan(-0.2);
    expect(slopes.filter(({ target }) => target !== undefined)).toHaveLength(2);
    expect(over?.figures.some(({ target }) => target !== undefined)).toBe(false);
  });
});
