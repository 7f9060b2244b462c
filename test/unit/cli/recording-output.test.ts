import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkRecordingPath, openRecording } from '../../../src/cli/recording-output.ts';
import { OutputExistsError, UsageError } from '../../../src/errors.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recording-output-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('--record', () => {
  it('makes the folders on the way, and replaces a recording under --force only', async () => {
    const path = join(folder, 'new', 'a.mcap');
    await (await openRecording(path, { force: false })).close(true);
    expect(() => checkRecordingPath(path, false)).toThrow(OutputExistsError);
    await (await openRecording(path, { force: true })).close(true);
    expect(readdirSync(join(folder, 'new'))).toEqual(['a.mcap']);
  });

  it('keeps what was to be replaced when the new recording is not whole', async () => {
    const path = join(folder, 'a.mcap');
    await (await openRecording(path, { force: false })).close(true);
    const before = readFileSync(path);
    await (await openRecording(path, { force: true, startMs: 5 })).close(false);
    const aside = readdirSync(folder).find((name) => name !== 'a.mcap') ?? '';
    expect(readFileSync(join(folder, aside)).equals(before)).toBe(true);
  });

  it('leaves alone what is no recording, and asks for the ending .mcap', () => {
    const path = join(folder, 'notes.mcap');
    writeFileSync(path, 'notes');
    expect(() => checkRecordingPath(path, true)).toThrow(/is not an MCAP file/);
    expect(() => checkRecordingPath(folder, true)).toThrow(UsageError);
    expect(() => checkRecordingPath(join(folder, 'a.bin'), false)).toThrow(/ends in \.mcap/);
  });
});
