import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openDataset } from '../../src/data/store.ts';
import { reachPoint } from '../unit/teleoperation/drive.ts';
import { Hand } from '../unit/teleoperation/hand.ts';
import { modewise, modewiseJson, type Running, startModewise, TINY_TRAINING } from './modewise.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'modewise-record-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const cleanups: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

/** Starts `record` and waits until it serves. */
async function record(
  ...args: readonly string[]
): Promise<{ readonly running: Running; readonly url: string }> {
  const running = startModewise(['record', ...args, '--port', '0', '--json']);
  cleanups.push(() => running.process.kill('SIGKILL'));
  await running.until(() => running.stdout().includes('\n'));
  const { url } = JSON.parse(running.stdout().split('\n')[0] ?? '') as { url: string };
  return { running, url };
}

async function connect(url: string): Promise<Hand> {
  const hand = new Hand(url);
  cleanups.push(() => hand.close());
  await hand.ready();
  hand.offer().subscribe('/teleoperation');
  await hand.received('/teleoperation');
  await vi.waitFor(() => expect(hand.state.operator).not.toBeNull());
  return hand;
}

/** Solves Reach-v0 on one side by sending points as the state comes, and saves it. */
async function solve(hand: Hand, side: 'left' | 'right'): Promise<void> {
  const { saved } = hand.state;
  hand.do('start');
  await vi.waitFor(() => expect(hand.state.phase).toBe('recording'));
  await vi.waitFor(
    () => {
      hand.point(reachPoint(hand.state.commanded[1] ?? 0, side));
      expect(hand.state.phase).toBe('ended');
    },
    { timeout: 20_000, interval: 30 },
  );
  expect(hand.state).toMatchObject({ success: true, mode: side === 'left' ? 0 : 1 });
  hand.do('save');
  await vi.waitFor(() => expect(hand.state.saved).toBe(saved + 1), { timeout: 10_000 });
}

async function end(running: Running) {
  running.process.kill('SIGINT');
  const { code, stderr, stdout } = await running.ended;
  const [, summary = '{}'] = stdout.trim().split('\n');
  return { code, stderr, summary: JSON.parse(summary) as Record<string, unknown> };
}

interface Summary {
  readonly episodes: number;
  readonly provenance: readonly Record<string, unknown>[];
  readonly episode: { readonly provenance: { readonly settings: Record<string, unknown> } };
}

describe('modewise record', () => {
  it('records by a client of the protocol what validates, replays, mixes with collect, and trains', async () => {
    const out = join(folder, 'reach');
    const { running, url } = await record('Reach-v0', '--out', out, '--operator', 'anna');
    const hand = await connect(url);
    await solve(hand, 'right');
    expect(hand.state.counts).toEqual([0, 1]);
    // durable at once: another process sees it before the recording is closed
    const early = await openDataset(out, { access: 'read' });
    expect(early.length).toBe(1);
    await solve(hand, 'left');
    const { code, summary } = await end(running);
    expect(code).toBe(0);
    expect(summary).toMatchObject({
      env: 'Reach-v0',
      operator: 'anna',
      saved: 2,
      episodes: 2,
      modes: { covered: 2, total: 2, counts: { left: 1, right: 1 } },
    });
    const valid = { valid: true, finished: true, problems: [] };
    expect(await modewiseJson('data', 'validate', out)).toMatchObject({ ...valid, replayed: 2 });

    // scripted and by hand, in either order
    await modewiseJson('collect', 'Reach-v0', '--per-mode', '2', '--out', out, '--resume');
    const again = await record('Reach-v0', '--out', out, '--resume', '--operator', 'ben', '--episodes', '1');
    const other = await connect(again.url);
    expect(other.state).toMatchObject({ counts: [3, 3], episodes: 6, saved: 0 });
    await solve(other, 'left').catch(() => undefined);
    // it ends by itself after one
    expect((await again.running.ended).code).toBe(0);
    expect(await modewiseJson('data', 'validate', out)).toMatchObject({ ...valid, replayed: 7 });
    const inspected = await modewiseJson<Summary>('data', 'inspect', out, '--episode', '0');
    expect(inspected.provenance).toEqual([
      { source: 'teleoperated', author: 'anna', device: 'mouse', episodes: 2 },
      { source: 'scripted', author: 'reacher', device: null, episodes: 4 },
      { source: 'teleoperated', author: 'ben', device: 'mouse', episodes: 1 },
    ]);
    expect(inspected.episode.provenance.settings).toMatchObject({ device: 'mouse', seed: 0, index: 0 });
    expect((await modewise('data', 'inspect', out)).stdout).toContain('2 teleoperated by anna with mouse');
    const run = join(folder, 'run');
    const trained = await modewiseJson(
      ...['train', 'imc', '--data', out, '--out', run, '--backend', 'js', ...TINY_TRAINING],
    );
    expect(trained).toMatchObject({ complete: true });
  });

  it('goes on when its client vanishes, without the episode that ran', async () => {
    const out = join(folder, 'vanish');
    const { running, url } = await record('Reach-v0', '--out', out);
    const hand = await connect(url);
    await solve(hand, 'left');
    hand.do('start');
    await vi.waitFor(() => expect(hand.state.step).toBeGreaterThan(3));
    hand.socket.terminate();
    const next = await connect(url);
    await vi.waitFor(() => expect(next.state).toMatchObject({ operator: next.id, phase: 'ready', step: 0 }));
    await solve(next, 'right');
    next.do('start');
    await vi.waitFor(() => expect(next.state.phase).toBe('recording'));
    expect(await end(running)).toMatchObject({ code: 0, summary: { saved: 2, episodes: 2 } });
    expect(await modewiseJson('data', 'validate', out)).toMatchObject({ valid: true, replayed: 2 });
  });

  it('keeps what was saved when it is killed', async () => {
    const out = join(folder, 'killed');
    const { running, url } = await record('Reach-v0', '--out', out);
    const hand = await connect(url);
    await solve(hand, 'left');
    running.process.kill('SIGKILL');
    await running.ended;
    expect(await modewiseJson('data', 'validate', out)).toMatchObject({
      valid: true,
      episodes: 1,
      replayed: 1,
    });
    await modewiseJson('data', 'repair', out);
    const again = await record('Reach-v0', '--out', out, '--resume');
    const other = await connect(again.url);
    expect(other.state).toMatchObject({ counts: [1, 0], episodes: 1 });
    await end(again.running);
  });

  it('takes a task of one’s own by path, and a failure where it is told to', async () => {
    const { code, stderr } = await startModewise(['env', 'new', 'MyTask'], { cwd: folder }).ended;
    expect(code, stderr).toBe(0);
    const task = `${join(folder, 'my-task.ts')}#MyTask-v0`;
    const out = join(folder, 'mine');
    const { running, url } = await record('--env', task, '--out', out, '--keep-failures');
    const hand = await connect(url);
    expect(hand.state).toMatchObject({ axes: ['x', 'y'], takesPoints: true, counts: [0, 0] });
    hand.do('start');
    await vi.waitFor(() => expect(hand.state.phase).toBe('recording'));
    hand.point([0.45, -0.2], 'touch');
    await vi.waitFor(() => expect(hand.state.step).toBeGreaterThan(5), { timeout: 10_000 });
    hand.do('save');
    await vi.waitFor(() => expect(hand.state.saved).toBe(1), { timeout: 10_000 });
    await end(running);
    const { episode } = await modewiseJson<Summary>('data', 'inspect', out);
    expect(episode).toMatchObject({ success: false, provenance: { settings: { device: 'touch' } } });
  });

  it('handles an output that exists as collect does, and leaves none where nothing was saved', async () => {
    const out = join(folder, 'old');
    await modewiseJson('collect', 'Reach-v0', '--per-mode', '1', '--out', out);
    expect((await modewise('record', 'Reach-v0', '--out', out)).stderr).toMatch(/exists already/);
    expect((await modewise('record', 'Pushing-v0', '--out', out, '--resume')).stderr).toMatch(
      /belongs to another environment/,
    );
    const forced = await record('Reach-v0', '--out', out, '--force');
    await connect(forced.url);
    expect(await end(forced.running)).toMatchObject({ code: 0, summary: { saved: 0, episodes: 0 } });
    // nothing was recorded: what was to be replaced is back
    expect(await modewiseJson('data', 'inspect', out)).toMatchObject({ episodes: 2 });
    const nothing = join(folder, 'nothing');
    const empty = await record('Reach-v0', '--out', nothing);
    await end(empty.running);
    expect(existsSync(nothing)).toBe(false);
  });

  it.each([
    [['Reachh-v0'], /did you mean 'Reach-v0'/],
    [[], /Name the environment once/],
    [['Reach-v0', '--operator', ' '], /name of the operator cannot be used/],
    [['Reach-v0', '--operator', 'a\nb'], /name of the operator cannot be used/],
    [['Reach-v0', '--episodes', '0'], /whole number/],
  ])('refuses %j before it touches the output', async (args, message) => {
    const out = join(folder, 'refused');
    const { code, stderr } = await modewise('record', ...args, '--out', out);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(existsSync(out)).toBe(false);
  });
});
