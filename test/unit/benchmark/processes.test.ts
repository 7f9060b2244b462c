import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { CellSpec } from '../../../src/benchmark/plan.ts';
import { type CellJob, type ProcessOptions, runOnProcesses } from '../../../src/benchmark/processes.ts';

const folder = mkdtempSync(join(tmpdir(), 'modewise-processes-'));
const entry = join(folder, 'entry.mjs');
// seed 0 is done at once; others run until they are asked to stop, and leave a file then
writeFileSync(
  entry,
  `import { writeFileSync } from 'node:fs';
let job;
process.on('message', (message) => {
  if (message.job !== undefined) job = message.job;
  if (message.job?.spec.seed === 0) process.send({ ended: 'done' }, () => process.disconnect());
  if (message.stop) {
    writeFileSync(job.cell, 'saved');
    process.send({ ended: 'stopped' }, () => process.disconnect());
  }
});
`,
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function jobs(...seeds: readonly number[]): CellJob[] {
  return seeds.map((seed) => ({
    spec: { seed } as CellSpec,
    ...{ reference: '', data: '', backend: 'js', threads: 1, cell: join(folder, `cell-${seed}`) },
  }));
}

const options: Omit<ProcessOptions, 'onEnd'> = {
  ...{ count: 2, entry: pathToFileURL(entry), onProgress: () => {} },
  signal: new AbortController().signal,
};

describe('runOnProcesses', () => {
  it('runs every cell once', async () => {
    const ended: string[] = [];
    const onEnd: ProcessOptions['onEnd'] = (_, { status }) => void ended.push(status);
    await runOnProcesses(jobs(0, 0, 0), { ...options, onEnd });
    expect(ended).toEqual(['done', 'done', 'done']);
  });

  it('lets the other processes save and end before it fails, and begins nothing more', async () => {
    const begun: number[] = [];
    const onEnd: ProcessOptions['onEnd'] = ({ spec }, { status }) => {
      begun.push(spec.seed);
      if (status === 'done') throw new Error('no space left on device');
    };
    await expect(runOnProcesses(jobs(1, 0, 2), { ...options, onEnd })).rejects.toThrow('no space left');
    expect(begun.sort()).toEqual([0, 1]);
    expect(readdirSync(folder).filter((name) => name.startsWith('cell'))).toEqual(['cell-1']);
  });
});
