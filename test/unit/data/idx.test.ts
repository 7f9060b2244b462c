import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseIdx } from '../../../src/data/formats/idx.ts';
import {
  debianFashionMnist,
  fashionMnist,
  hasImages,
  readLabelledImages,
} from '../../../src/data/labelled-images.ts';
import { DatasetError } from '../../../src/errors.ts';

/** Writes IDX: the header of the given type and sizes, then the data. */
function idx(shape: readonly number[], data: readonly number[], type = 8): Uint8Array {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header[2] = type;
  header[3] = shape.length;
  shape.forEach((size, d) => {
    header.writeUInt32BE(size, 4 + 4 * d);
  });
  return Buffer.concat([header, Buffer.from(data)]);
}

describe('IDX files', () => {
  const bytes = idx([2, 1, 3], [1, 2, 3, 4, 5, 6]);

  it('are read as they were written, compressed or not', () => {
    for (const file of [bytes, gzipSync(bytes)]) {
      const { data, shape } = parseIdx(file, 'x');
      expect(shape).toEqual([2, 1, 3]);
      expect([...data]).toEqual([1, 2, 3, 4, 5, 6]);
    }
    expect(parseIdx(bytes, 'x').sha256).toBe(parseIdx(gzipSync(bytes), 'x').sha256);
  });

  it.each([
    ['an empty file', new Uint8Array(0), 'no IDX file'],
    ['text', Buffer.from('hello world'), 'no IDX file'],
    ['another type', idx([1], [0, 0, 0, 0], 13), 'another type'],
    ['a header that is cut off', bytes.subarray(0, 9), 'cut off'],
    ['data that are cut off', bytes.subarray(0, bytes.length - 1), 'cut off'],
    ['bytes left over', Buffer.concat([bytes, Buffer.from([0])]), 'left over'],
    ['a damaged compression', gzipSync(bytes).subarray(0, 20), 'damaged'],
  ])('are refused with %s', (_, file, message) => {
    expect(() => parseIdx(file, 'folder/file')).toThrow(DatasetError);
    expect(() => parseIdx(file, 'folder/file')).toThrow(message);
    expect(() => parseIdx(file, 'folder/file')).toThrow('folder/file');
  });
});

describe('labelled images', () => {
  const files = { name: 'Toy', images: 'images', labels: 'labels' };
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'modewise-idx-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are read from a folder, and missed where a file is not there', () => {
    writeFileSync(join(folder, 'images.gz'), gzipSync(idx([2, 1, 1], [9, 8])));
    expect(hasImages(folder, files)).toBe(false);
    expect(() => readLabelledImages(folder, files)).toThrow('missing');
    writeFileSync(join(folder, 'labels'), idx([2], [1, 0]));
    expect(hasImages(folder, files)).toBe(true);
    expect(readLabelledImages(folder, files)).toMatchObject({ count: 2, height: 1, width: 1 });
  });

  it('are refused when images and labels differ in number, or are not the published ones', () => {
    writeFileSync(join(folder, 'images'), idx([2, 1, 1], [9, 8]));
    writeFileSync(join(folder, 'labels'), idx([3], [1, 0, 1]));
    expect(() => readLabelledImages(folder, files)).toThrow('do not belong together');
    const known = { ...files, sha256: { images: 'f'.repeat(64), labels: 'f'.repeat(64) } };
    expect(() => readLabelledImages(folder, known)).toThrow('not the published one');
  });

  it("holds Debian's Fashion-MNIST to its SHA-256", (ctx) => {
    if (!hasImages(debianFashionMnist, fashionMnist.test)) {
      ctx.skip('Fashion-MNIST is not installed: apt-get install dataset-fashion-mnist');
    }
    const images = readLabelledImages(debianFashionMnist, fashionMnist.test);
    expect(images).toMatchObject({ count: 10_000, height: 28, width: 28 });
    const perClass = new Array<number>(10).fill(0);
    for (const label of images.labels) perClass[label] = (perClass[label] as number) + 1;
    expect(perClass).toEqual(new Array(10).fill(1000));
  });
});
