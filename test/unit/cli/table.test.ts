import { expect, it } from 'vitest';
import { table } from '../../../src/cli/table.ts';

it('pads columns to their widest cell, words to the left and numbers to the right', () => {
  const text = table(
    ['mode', 'episodes'],
    [
      ['left-left-left', '4'],
      ['right', '12'],
    ],
  );
  expect(text).toBe(
    ['mode            episodes', 'left-left-left         4', 'right                 12'].join('\n'),
  );
});
