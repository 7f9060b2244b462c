import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type {
  TrainingCurriculaMessage,
  TrainingCurvesMessage,
  TrainingDemonstrationsMessage,
  TrainingProgressMessage,
} from '../../src/stream/training-wire.ts';
import type { ScoreMessage } from '../../src/stream/wire.ts';
import { Peer } from '../unit/stream/peer.ts';
import { modewise, modewiseJson, type Running, startModewise, TINY_TRAINING } from './modewise.ts';

let folder: string;
let data: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'modewise-watch-training-'));
  data = join(folder, 'data');
  await modewiseJson('collect', 'Reach-v0', '--per-mode', '3', '--out', data);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const cleanups: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

const args = (out: string, ...more: readonly string[]) => [
  'train',
  'imc',
  '--data',
  data,
  '--out',
  join(folder, out),
  '--backend',
  'js',
  ...TINY_TRAINING,
  ...more,
  '--json',
];

const ADDRESS = /shown at (http\S+)/;

/** Starts a watched training, and a client that reads all of its channels. */
async function watch(
  ...given: readonly string[]
): Promise<{ readonly running: Running; readonly peer: Peer }> {
  const running = startModewise([...given, '--watch', '--port', '0']);
  cleanups.push(() => running.process.kill('SIGKILL'));
  await running.until(() => ADDRESS.test(running.stderr()));
  const peer = new Peer(ADDRESS.exec(running.stderr())?.[1] ?? '');
  cleanups.push(() => peer.close());
  await peer.ready();
  for (const kind of ['demonstrations', 'progress', 'curves', 'curricula'])
    peer.subscribe(`/training/${kind}`);
  peer.subscribe('/scene');
  peer.subscribe('/score');
  return { running, peer };
}

const progress = (peer: Peer) => peer.json<TrainingProgressMessage>('/training/progress');
const weights = (out: string) => readFileSync(join(folder, out, 'policy.safetensors'));

describe('modewise train --watch', () => {
  it('shows curves, curricula and scores, learns the same bits, and stays until Ctrl-C', async () => {
    await modewiseJson(...args('plain').slice(0, -1));
    const { peer, running } = await watch(...args('watched', '--watch-rollouts', '8'));
    await vi.waitFor(() => expect(progress(peer).state).toBe('done'), { timeout: 120_000 });
    // one object on stdout, as without the page; the process goes on
    await running.until(() => running.stdout().includes('\n'));
    expect(JSON.parse(running.stdout())).toMatchObject({ run: join(folder, 'watched'), complete: true });
    expect(running.stderr()).toContain('until Ctrl-C');
    expect(weights('watched').equals(weights('plain'))).toBe(true);

    expect(peer.json('/scene')).toMatchObject({ env: 'Reach-v0', modes: ['left', 'right'] });
    expect(peer.json<TrainingDemonstrationsMessage>('/training/demonstrations')).toMatchObject({
      ...{ episodes: 6, position: 'measured', drawn: [0, 1, 2, 3, 4, 5] },
    });
    await vi.waitFor(() => expect(peer.json<ScoreMessage>('/score').rollouts).toBe(8), { timeout: 60_000 });
    const find = (phase: string, name: string) =>
      peer
        .json<TrainingCurvesMessage>('/training/curves')
        .curves.find((curve) => curve.phase === phase && curve.name === name);
    await vi.waitFor(() => expect(find('evaluation', 'success')?.values.length).toBeGreaterThan(0));
    expect(find('select', 'bound')?.values).toHaveLength(2);
    expect(find('gate', 'loss')?.values).toHaveLength(1);
    const { grid, iterations } = peer.json<TrainingCurriculaMessage>('/training/curricula');
    expect(iterations.map(({ iteration }) => iteration)).toEqual([0, 1, 2]);
    expect(iterations.map(({ names }) => names)).toEqual(new Array(3).fill([0, 1, 2, 3]));
    expect(iterations.map(({ map }) => map?.source)).toEqual(['demonstrations', 'demonstrations', 'gate']);
    const cells = (grid?.columns ?? 0) * (grid?.rows ?? 0);
    expect(Buffer.from(iterations[2]?.map?.experts ?? '', 'base64')).toHaveLength(2 * cells);

    // whoever joins now sees all of it
    const late = new Peer(ADDRESS.exec(running.stderr())?.[1] ?? '');
    cleanups.push(() => late.close());
    await late.ready();
    late.subscribe('/training/curricula');
    await late.received('/training/curricula');
    expect(late.json<TrainingCurriculaMessage>('/training/curricula').iterations).toEqual(iterations);

    running.process.kill('SIGINT');
    const { code, stdout } = await running.ended;
    expect([code, stdout.trim().split('\n').length]).toEqual([0, 1]);
  });

  it('saves at Ctrl-C, as without the page, and ends by itself where asked to', async () => {
    const long = ['--set', 'expert.stepsPerIteration=200000'];
    const stopped = await watch(...args('stopped', ...long, '--watch-rollouts', '0'));
    // the server answers while the experts are trained
    await vi.waitFor(() => expect(progress(stopped.peer).done).toBeGreaterThan(20), { timeout: 60_000 });
    stopped.running.process.kill('SIGINT');
    const { code, stdout } = await stopped.running.ended;
    expect(code).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ complete: false });
    expect(weights('stopped').length).toBeGreaterThan(0);

    const exits = await watch(...args('exits', '--watch-exit'));
    expect((await exits.running.ended).code).toBe(0);
    const refused = await modewise(...args('refused', '--watch-exit'));
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('--watch');
  });
});
