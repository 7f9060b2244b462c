import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCifar100 } from '../../../src/data/cifar.ts';
import { mnist, readLabelledImages } from '../../../src/data/labelled-images.ts';
import { GatedNetworks } from '../../../src/mixture/attentive/gated-networks.ts';
import { ImageSource } from '../../../src/mixture/attentive/image-source.ts';
import { Rng } from '../../../src/random.ts';
import { attentiveCifar100, cifar100Experiment } from '../../../src/reproduce/attentive-cifar100.ts';
import { attentiveFmnist } from '../../../src/reproduce/attentive-fmnist.ts';
import {
  attentiveImages,
  experimentShape,
  type ImageScale,
} from '../../../src/reproduce/attentive-images.ts';
import { attentiveMnist, mnistExperiment } from '../../../src/reproduce/attentive-mnist.ts';
import { judge } from '../../../src/reproduce/reproduction.ts';
import { Units } from '../../../src/reproduce/units.ts';
import { tf } from '../../../src/tensor/tf.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'modewise-attentive-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const { signal } = new AbortController();
const unitsIn = (name: string, onUnit?: (done: number, key: string) => void) =>
  new Units(join(folder, name), { name, quick: true, seed: 0 }, { signal, ...(onUnit && { onUnit }) });

/** IDX files of digits whose class is where they are bright. */
function writeDigits(count: number): void {
  const header = (magic: number, sizes: readonly number[]) => {
    const bytes = Buffer.alloc(4 + 4 * sizes.length);
    bytes.writeUInt32BE(magic);
    sizes.forEach((size, i) => {
      bytes.writeUInt32BE(size, 4 + 4 * i);
    });
    return bytes;
  };
  const rng = Rng.fromSeed('digits');
  for (const { images, labels } of Object.values(mnist)) {
    const classes = Buffer.from(Array.from({ length: count }, (_, i) => i % 10));
    const pixels = Buffer.from(
      Array.from({ length: count * 784 }, (_, at) => {
        const bright = Math.floor(((at % 784) * 10) / 784) === classes[Math.floor(at / 784)];
        return Math.round((bright ? 200 : 20) + rng.uniform(0, 40));
      }),
    );
    writeFileSync(join(folder, images), Buffer.concat([header(0x803, [count, 28, 28]), pixels]));
    writeFileSync(join(folder, labels), Buffer.concat([header(0x801, [count]), classes]));
  }
}

/** Files of CIFAR-100's binary form with random pixels. */
function writeCifar(count: number): void {
  const rng = Rng.fromSeed('cifar');
  mkdirSync(join(folder, 'cifar-100-binary'));
  for (const file of ['train.bin', 'test.bin']) {
    const bytes = Buffer.alloc(count * 3074);
    for (let i = 0; i < bytes.length; i++) bytes[i] = i % 3074 < 2 ? rng.integer(20) : rng.integer(256);
    writeFileSync(join(folder, 'cifar-100-binary', file), bytes);
  }
}

describe('attentive gating on MNIST', () => {
  const scale: ImageScale = {
    trainImages: 40,
    testImages: 30,
    epochs: 1,
    batchSize: 20,
    seeds: 2,
    otherSeeds: 1,
  };

  it('trains every model of the table on IDX files, and takes finished ones from disk', async () => {
    writeDigits(40);
    const sets = {
      train: readLabelledImages(folder, mnist.train),
      test: readLabelledImages(folder, mnist.test),
    };
    const part = await attentiveImages(mnistExperiment, sets, scale, { seed: 0, units: unitsIn('run') });
    const names = part.figures.map(({ name }) => name);
    expect(names).toContain('test error, single expert');
    expect(names).not.toContain('H_u, bits, single expert');
    for (const model of Object.keys(mnistExperiment.published)) {
      const figure = part.figures.find(({ name }) => name === `test error, ${model}`);
      // those that targets speak of are trained twice
      const judged = [
        'single expert',
        'attentive gate + L_s',
        'original gate',
        'distilled from attentive + L_s',
      ];
      expect(figure).toMatchObject({
        count: judged.includes(model) ? 2 : 1,
        published: { mark: 'verified' },
      });
      expect(Number.isFinite(figure?.mean)).toBe(true);
    }
    const begun: string[] = [];
    const again = unitsIn('run', (_, key) => begun.push(key));
    expect(await attentiveImages(mnistExperiment, sets, scale, { seed: 0, units: again })).toEqual(part);
    expect(begun).toEqual([]);
  });

  it('says what is missing where no files, or only some, are given', async () => {
    const units = unitsIn('none');
    const benchmark = () => Promise.reject(new Error('needs no benchmark'));
    const context = {
      ...{ quick: true, seed: 0, folder, signal, versions: {}, processorTime: () => 0, units, benchmark },
    };
    for (const given of [context, { ...context, dataFolder: folder }]) {
      for (const reproduction of [attentiveMnist, attentiveCifar100]) {
        const parts = await reproduction.run(given);
        expect(judge(parts)).toBe('not-run');
        expect(parts[0]?.notRun).toContain('--data');
      }
    }
    const parts = await attentiveFmnist.run({ ...context, dataFolder: folder });
    expect(judge(parts)).toBe('not-run');
    expect(parts[0]?.notRun).toContain('apt-get install dataset-fashion-mnist');
  });
});

describe('attentive gating on CIFAR-100', () => {
  it('trains experts of six convolutions on files of the binary form', async () => {
    writeCifar(6);
    const sets = { train: readCifar100(folder, 'train'), test: readCifar100(folder, 'test') };
    const scale: ImageScale = {
      ...{ trainImages: 6, testImages: 4, epochs: 1, batchSize: 6, seeds: 1, otherSeeds: 1 },
      arms: ['attentive gate'],
    };
    const experiment = { ...cifar100Experiment, experts: 3, targets: () => [] };
    const part = await attentiveImages(experiment, sets, scale, { seed: 0, units: unitsIn('run') });
    const error = part.figures.find(({ name }) => name === 'test error, attentive gate');
    expect(error?.mean).toBeGreaterThan(0.5);
    expect(part.figures.every(({ mean }) => mean === null || Number.isFinite(mean))).toBe(true);
  });
});

describe('the published networks', () => {
  it('have the published sizes', async () => {
    await tf.setBackend('cpu');
    const images = {
      pixels: new Uint8Array(784),
      labels: new Uint8Array(1),
      count: 1,
      height: 28,
      width: 28,
    };
    const shape = experimentShape(mnistExperiment, images, 'original', 5);
    const arrays = Object.entries(GatedNetworks.draw(shape, Rng.fromSeed(0)));
    const count = (prefix: RegExp) =>
      arrays.filter(([name]) => prefix.test(name)).reduce((sum, [, { data }]) => sum + data.length, 0);
    expect(count(/^(experts|heads)\//) / 5).toBe(1382);
    expect(count(/^gate(-head)?\//)).toBe(26_063);
  });
});

describe('images that are varied for training', () => {
  const pixels = Uint8Array.from({ length: 36 }, (_, i) => 7 * i);
  const images = { pixels, labels: Uint8Array.of(0), count: 1, height: 6, width: 6 };
  const scale = { mean: [0], std: [1 / 255] };

  it('keep their pixels as they are where nothing varies them', async () => {
    const plain = await new ImageSource(images, scale, 5, true).inputs(Int32Array.of(0)).data();
    expect([...plain].map(Math.round)).toEqual([...pixels]);
  });

  it('are shifted by up to four pixels and mirrored, reflected at the edge', async () => {
    const source = new ImageSource(images, scale, 1, true);
    const rng = Rng.fromSeed(3);
    const seen = new Set<string>();
    for (let i = 0; i < 60; i++) {
      const row = [...(await source.inputs(Int32Array.of(0), rng).data())].map(Math.round);
      seen.add(row.join());
      // neighbours in a row stay neighbours: they differ by one column, or by none at a reflection
      for (let at = 0; at < 36; at++) {
        if (at % 6 === 5) continue;
        expect(Math.abs((row[at + 1] as number) - (row[at] as number))).toBe(7);
      }
    }
    expect(seen.size).toBeGreaterThan(20);
  });
});
