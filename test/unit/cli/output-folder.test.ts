import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimOutput, fillOutput } from '../../../src/cli/output-folder.ts';
import { OutputExistsError, UsageError } from '../../../src/errors.ts';

const kind = { name: 'run', recognize: (folder: string) => existsSync(join(folder, 'run.json')) };
const none = { force: false, resume: false };
const force = { force: true, resume: false };
const resume = { force: false, resume: true };

let parent: string;
let out: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'modewise-out-'));
  out = join(parent, 'run');
});
afterEach(() => rmSync(parent, { recursive: true }));

function writeRun(content: string, marker = 'run.json'): void {
  mkdirSync(out);
  writeFileSync(join(out, marker), content);
}
const content = () => readFileSync(join(out, 'run.json'), 'utf8');
const ending = (isComplete: boolean, isUseful: boolean, onKept: (path: string) => void = () => {}) => ({
  isComplete: () => isComplete,
  isUseful: () => isUseful,
  onKept,
});

describe('claimOutput', () => {
  it('takes a folder that is absent or empty', () => {
    expect(claimOutput(out, kind, none).resuming).toBe(false);
    mkdirSync(out);
    expect(claimOutput(out, kind, none).resuming).toBe(false);
  });

  it('leaves an empty folder in its place, which may be a mount point, and empties it where nothing came of it', () => {
    mkdirSync(out);
    const { ino } = statSync(out);
    const claim = claimOutput(out, kind, none);
    expect(statSync(out).ino).toBe(ino);
    writeFileSync(join(out, 'run.json'), 'begun');
    claim.abandon();
    expect(statSync(out).ino).toBe(ino);
    expect(readdirSync(out)).toEqual([]);
  });

  it('refuses an existing one without a flag, and leaves it as it is', () => {
    writeRun('old');
    expect(() => claimOutput(out, kind, none)).toThrow(OutputExistsError);
    expect(content()).toBe('old');
  });

  it.each([none, force, resume])('never touches what is not its own: %o', (flags) => {
    writeRun('thesis', 'thesis.tex');
    expect(() => claimOutput(out, kind, flags)).toThrow(OutputExistsError);
    expect(readdirSync(out)).toEqual(['thesis.tex']);
  });

  it.each([force, resume])('never takes a file for a folder: %o', (flags) => {
    writeFileSync(out, 'a file');
    expect(() => claimOutput(out, kind, flags)).toThrow(OutputExistsError);
    expect(readFileSync(out, 'utf8')).toBe('a file');
  });

  it('refuses to resume nothing, and to resume and replace at once', () => {
    expect(() => claimOutput(out, kind, resume)).toThrow(UsageError);
    expect(() => claimOutput(out, kind, { force: true, resume: true })).toThrow(UsageError);
  });

  it('resumes what is there', () => {
    writeRun('old');
    const output = claimOutput(out, kind, resume);
    expect(output.resuming).toBe(true);
    output.abandon();
    expect(content()).toBe('old');
  });
});

describe('--force', () => {
  it('replaces the old folder once the new one is complete', async () => {
    writeRun('old');
    await fillOutput(claimOutput(out, kind, force), async () => writeRun('new'), ending(true, true));
    expect(content()).toBe('new');
    expect(readdirSync(parent)).toEqual(['run']);
  });

  it('puts the old folder back when the work fails with nothing to keep', async () => {
    writeRun('old');
    const work = async () => {
      writeRun('half');
      throw new Error('disk full');
    };
    await expect(fillOutput(claimOutput(out, kind, force), work, ending(true, false))).rejects.toThrow(
      'disk full',
    );
    expect(content()).toBe('old');
    expect(readdirSync(parent)).toEqual(['run']);
  });

  it.each(['is stopped', 'fails'])('keeps both when the work %s with something to keep', async (how) => {
    writeRun('old');
    const kept: string[] = [];
    const work = async () => {
      writeRun('half');
      if (how === 'fails') throw new Error('disk full');
    };
    const run = fillOutput(
      claimOutput(out, kind, force),
      work,
      ending(false, true, (path) => kept.push(path)),
    );
    if (how === 'fails') await expect(run).rejects.toThrow('disk full');
    else await run;
    expect(content()).toBe('half');
    expect(readFileSync(join(kept[0] as string, 'run.json'), 'utf8')).toBe('old');
  });

  it('puts the old folder back when the work was stopped before there was anything', async () => {
    writeRun('old');
    await fillOutput(claimOutput(out, kind, force), async () => undefined, ending(false, false));
    expect(content()).toBe('old');
  });
});
