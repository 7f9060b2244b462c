import { describe, expect, it } from 'vitest';
import { formatDuration, Progress } from '../../../src/cli/progress.ts';

function recorder(isTTY: boolean) {
  const written: string[] = [];
  let now = 0;
  const stream = { isTTY, columns: 80, write: (text: string) => written.push(text) };
  const progress = (quiet = false) => new Progress({ stream, quiet, clock: () => now, lineEveryMs: 1000 });
  return { written, progress, wait: (ms: number) => (now += ms) };
}

describe('Progress', () => {
  it('writes whole lines, and seldom, when nobody watches a terminal', () => {
    const { written, progress, wait } = recorder(false);
    const shown = progress();
    shown.start('collect');
    for (let done = 1; done <= 40; done++) {
      wait(100);
      shown.update(done, 40, `mode ${done}`);
    }
    shown.finish();
    expect(written).toEqual([
      'collect 10/40 · mode 10 · 3 s left\n',
      'collect 20/40 · mode 20 · 2 s left\n',
      'collect 30/40 · mode 30 · 1 s left\n',
      'collect 40/40 · mode 40\n',
    ]);
  });

  it('redraws a bar on a terminal and takes it away in the end', () => {
    const { written, progress, wait } = recorder(true);
    const shown = progress();
    shown.start('train');
    shown.update(0, 2);
    wait(100);
    shown.update(1, 2);
    shown.finish();
    expect(written[1]).toContain('train ████████████░░░░░░░░░░░░ 1/2');
    expect(written.every((text) => text.startsWith('\r') && !text.includes('\n'))).toBe(true);
    expect(written.at(-1)).toBe('\r\x1b[2K');
  });

  it('estimates the time left from what this run has done, not from what was resumed', () => {
    const { written, progress, wait } = recorder(false);
    const shown = progress();
    shown.start('train', 90);
    wait(5000);
    shown.update(95, 100);
    expect(written).toEqual(['train 95/100 · 5 s left\n']);
  });

  it('is silent when asked to be', () => {
    const { written, progress, wait } = recorder(true);
    const shown = progress(true);
    shown.start('eval');
    wait(9000);
    shown.update(3, 4);
    shown.log('a line');
    shown.finish();
    expect(written).toEqual([]);
  });
});

it.each([
  [0.4, '0 s'],
  [59, '59 s'],
  [80, '1 min 20 s'],
  [3720, '1 h 2 min'],
])('formats %f s as %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});
