import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeDurably } from '../../src/durable-file.ts';

describe('writeDurably', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'modewise-durable-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('makes the folders that are missing, and leaves nothing but the file', () => {
    writeDurably(join(folder, 'a', 'b', 'c.txt'), 'whole');
    expect(readFileSync(join(folder, 'a', 'b', 'c.txt'), 'utf8')).toBe('whole');
    expect(readdirSync(join(folder, 'a', 'b'))).toEqual(['c.txt']);
  });

  it('keeps what was there when it cannot write', () => {
    writeFileSync(join(folder, 'file'), 'old');
    expect(() => writeDurably(join(folder, 'file', 'below'), 'new')).toThrow(/ENOTDIR|EEXIST/);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('old');
  });

  it('fails at once where no folder can ever be made', (context) => {
    if (!existsSync('/proc/self')) context.skip('this system has no /proc');
    expect(() => writeDurably('/proc/no-such-folder/below/file', 'new')).toThrow(/ENOENT|EACCES|EPERM/);
  });
});
