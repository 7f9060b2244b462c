import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CheckpointError, InterruptedError, UsageError } from '../../../src/errors.ts';
import { type RunIdentity, Units } from '../../../src/reproduce/units.ts';

const identity = { name: 'toy', quick: true, seed: 0 };

describe('units of work', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'modewise-units-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const open = (changes: Partial<RunIdentity> = {}, signal = new AbortController().signal) =>
    new Units(folder, { ...identity, ...changes }, { signal });

  it('are done once, and not again after a restart', async () => {
    let calls = 0;
    const work = () => ({ value: ++calls });
    expect(await open().do('a', work)).toEqual({ value: 1 });
    expect(await open().do('a', work)).toEqual({ value: 1 });
    expect(await open().do('b', work)).toEqual({ value: 2 });
  });

  it('survive a kill in the middle of a line', async () => {
    await open().do('a', () => 1);
    appendFileSync(join(folder, 'units.jsonl'), '{"key":"b","res');
    const units = open();
    expect(await units.do('a', () => 9)).toBe(1);
    expect(await units.do('b', () => 2)).toBe(2);
    expect(await open().do('b', () => 9)).toBe(2);
    expect(readFileSync(join(folder, 'units.jsonl'), 'utf8').trim().split('\n')).toHaveLength(2);
  });

  it('name the line that is damaged', async () => {
    appendFileSync(join(folder, 'units.jsonl'), 'nonsense\n');
    expect(() => open()).toThrow(CheckpointError);
    expect(() => open()).toThrow('units.jsonl:1');
  });

  it.each([{ seed: 1 }, { quick: false }, { name: 'other' }])(
    'of another run are not mixed in: %o',
    (changes) => {
      open();
      expect(() => open(changes)).toThrow(UsageError);
    },
  );

  it('stop before the next one when that was asked for, and keep what is done', async () => {
    const controller = new AbortController();
    const units = open({}, controller.signal);
    await units.do('a', () => 1);
    controller.abort();
    await expect(units.do('b', () => 2)).rejects.toThrow(InterruptedError);
    expect(await units.do('a', () => 9)).toBe(1);
  });
});
