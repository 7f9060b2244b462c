import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasCifar100, readCifar100 } from '../../../src/data/cifar.ts';
import { parseCifar } from '../../../src/data/formats/cifar.ts';
import { DatasetError } from '../../../src/errors.ts';

/** Records in CIFAR's binary form whose pixels are all known: plane c of image n holds (n + 10·c + position) mod 256. */
function records(labels: readonly (readonly number[])[]): Buffer {
  return Buffer.concat(
    labels.map((own, n) =>
      Buffer.from([
        ...own,
        ...Array.from({ length: 3072 }, (_, i) => (n + 10 * Math.floor(i / 1024) + (i % 1024)) & 255),
      ]),
    ),
  );
}

describe("CIFAR's binary form", () => {
  it('becomes images with channels last, and the label that was read last', () => {
    const fine = parseCifar(
      records([
        [3, 77],
        [19, 0],
      ]),
      'cifar-100',
      'train.bin',
    );
    expect([fine.count, ...fine.labels]).toEqual([2, 77, 0]);
    expect([...fine.pixels.subarray(0, 6)]).toEqual([0, 10, 20, 1, 11, 21]);
    const second = fine.pixels.subarray(3072);
    expect([...second.subarray(3 * 33, 3 * 33 + 3)]).toEqual([34, 44, 54]);
    const coarse = parseCifar(records([[9]]), 'cifar-10', 'test_batch.bin');
    expect([coarse.count, ...coarse.labels]).toEqual([1, 9]);
  });

  it('is refused cut off, empty, or with labels that do not exist', () => {
    const whole = records([
      [0, 1],
      [0, 2],
    ]);
    expect(() => parseCifar(whole.subarray(0, -1), 'cifar-100', 'train.bin')).toThrow(
      /train\.bin[\s\S]*3074/,
    );
    expect(() => parseCifar(whole, 'cifar-10', 'data_batch_1.bin')).toThrow(DatasetError);
    expect(() => parseCifar(Buffer.alloc(0), 'cifar-10', 'data_batch_1.bin')).toThrow(/no whole record/);
    expect(() => parseCifar(records([[0, 100]]), 'cifar-100', 'train.bin')).toThrow(/record 0[\s\S]*100/);
    expect(() => parseCifar(records([[10]]), 'cifar-10', 'data_batch_1.bin')).toThrow(/out of range/);
  });
});

describe('CIFAR-100 in a folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'modewise-cifar-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is found in the folder or in that of its archive, and named where it is missing', () => {
    expect(hasCifar100(folder)).toBe(false);
    expect(() => readCifar100(folder, 'train')).toThrow(/train\.bin/);
    mkdirSync(join(folder, 'cifar-100-binary'));
    writeFileSync(join(folder, 'cifar-100-binary', 'train.bin'), records([[1, 5]]));
    expect(hasCifar100(folder)).toBe(false);
    writeFileSync(join(folder, 'test.bin'), records([[1, 6]]));
    expect(hasCifar100(folder)).toBe(true);
    const { channels, height, labels, width } = readCifar100(folder, 'train');
    expect([height, width, channels, ...labels]).toEqual([32, 32, 3, 5]);
    expect([...readCifar100(folder, 'test').labels]).toEqual([6]);
  });
});
