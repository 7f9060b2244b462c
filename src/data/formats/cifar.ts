import { DatasetError } from '../../errors.ts';

/** Pixels a side of every CIFAR image. */
export const cifarSide = 32;
const PIXELS = cifarSide * cifarSide;
const CHANNELS = 3;

/** The two binary forms: how many label bytes a record has, the one that is read last. */
const labelBytes = { 'cifar-10': 1, 'cifar-100': 2 } as const;

/** Images and labels of a CIFAR file. */
export interface CifarRecords {
  /** Shape `[N, 32, 32, 3]`: red, green, blue side by side, 0 to 255. */
  readonly pixels: Uint8Array;
  /** Of CIFAR-100 the fine label, 0 to 99; shape `[N]`. */
  readonly labels: Uint8Array;
  readonly count: number;
}

/**
 * Parses a file of CIFAR's binary form: records of the label (of CIFAR-100 the coarse, then the fine one), then the red,
 * the green and the blue plane, row by row.
 *
 * @param bytes - the file.
 * @param where - its name, for messages.
 * @throws DatasetError when there are no records, the last one is cut off, or a label is out of range.
 */
export function parseCifar(bytes: Uint8Array, kind: keyof typeof labelBytes, where: string): CifarRecords {
  const labels = labelBytes[kind];
  const classes = kind === 'cifar-10' ? 10 : 100;
  const record = labels + CHANNELS * PIXELS;
  const count = bytes.length / record;
  if (count < 1 || !Number.isInteger(count)) {
    throw new DatasetError({
      what: count < 1 ? 'The file holds no whole record' : 'The file is cut off, or is not of this form',
      where,
      found: `${bytes.length} bytes`,
      expected: `a multiple of ${record}, as ${kind} has`,
    });
  }
  const found = { pixels: new Uint8Array(count * CHANNELS * PIXELS), labels: new Uint8Array(count), count };
  for (let n = 0; n < count; n++) {
    const start = n * record;
    const label = bytes[start + labels - 1] as number;
    if (label >= classes) {
      throw new DatasetError({
        what: 'A label is out of range',
        where: `${where}, record ${n}`,
        found: String(label),
        expected: `0 to ${classes - 1}`,
      });
    }
    found.labels[n] = label;
    for (let c = 0; c < CHANNELS; c++) {
      const plane = start + labels + c * PIXELS;
      const to = n * CHANNELS * PIXELS + c;
      for (let p = 0; p < PIXELS; p++) found.pixels[to + p * CHANNELS] = bytes[plane + p] as number;
    }
  }
  return found;
}
