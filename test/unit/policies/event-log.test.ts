import { expect, it } from 'vitest';
import { crc32c, encodeEventFileStart, encodeScalars } from '../../../src/policies/event-log.ts';

it('computes the check value of CRC-32C', () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
});

it('frames a record of scalars as TFRecord and protocol buffers lay it down', () => {
  const bytes = encodeScalars({ wallTime: 1.5, step: 300 }, { 'a/b': 0.25 });
  const view = new DataView(bytes.buffer);
  const length = Number(view.getBigUint64(0, true));
  expect(bytes.length).toBe(length + 16);
  const unmask = (value: number) => {
    const rotated = (value - 0xa282ead8) >>> 0;
    return ((rotated >>> 17) | (rotated << 15)) >>> 0;
  };
  expect(unmask(view.getUint32(8, true))).toBe(crc32c(bytes.subarray(0, 8)));
  expect(unmask(view.getUint32(12 + length, true))).toBe(crc32c(bytes.subarray(12, 12 + length)));
  expect([...bytes.subarray(12, 12 + length)]).toEqual([
    ...[0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f], // wall_time 1.5
    ...[0x10, 0xac, 0x02], // step 300
    ...[0x2a, 12], // summary
    ...[0x0a, 10, 0x0a, 3, 0x61, 0x2f, 0x62, 0x15, 0, 0, 0x80, 0x3e], // value: tag a/b, simple_value 0.25
  ]);
});

it('begins a file with its version and the step at which logging starts', () => {
  const bytes = encodeEventFileStart({ wallTime: 0, step: 0 });
  expect(new TextDecoder().decode(bytes)).toContain('brain.Event:2');
});
