import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDataset, repairDataset, validateDataset } from '../../src/data/index.ts';
import { episodeOfSeed } from '../unit/data/helpers.ts';

/** Starts a recording, kills it with SIGKILL once it has said `episodes` of them, and returns how many it said. */
async function recordAndKill(path: string, episodes: number): Promise<number> {
  const script = join(import.meta.dirname, 'record-until-killed.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (said.split('\n').length > episodes) child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.on('close', resolve));
  return said.split('\n').length - 1;
}

it.each([1, 7, 40])(
  'a recording killed after %i episodes keeps every one that it had said',
  async (episodes) => {
    const path = join(mkdtempSync(join(tmpdir(), 'modewise-kill-')), 'set');
    const said = await recordAndKill(path, episodes);
    expect(said).toBeGreaterThanOrEqual(episodes);
    const crashed = await openDataset(path, { access: 'read' });
    // The episode in progress may have become durable just before it could be said.
    expect([said, said + 1]).toContain(crashed.length);
    let seed = 0;
    for await (const episode of crashed) expect(episode).toEqual(episodeOfSeed(seed++));
    const resumed = await openDataset(path, { access: 'append' });
    await resumed.append(episodeOfSeed(seed));
    await resumed.close();
    expect(await validateDataset(path)).toMatchObject({ valid: true, finished: true, episodes: seed + 1 });
    expect(readdirSync(join(path, 'data/chunk-000'))).toEqual(['file-000.parquet']);
    expect(await repairDataset(path)).toMatchObject({ episodes: seed + 1 });
  },
);
