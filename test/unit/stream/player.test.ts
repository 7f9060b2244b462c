import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFrame, decodeFrame } from '../../../src/stream/frame.ts';
import { splitHistory } from '../../../src/stream/history.ts';
import { Player } from '../../../src/stream/player.ts';
import { type Recording, readRecording } from '../../../src/stream/recording.ts';
import { RecordingWriter } from '../../../src/stream/recording-writer.ts';
import { type StreamServer, startStreamServer } from '../../../src/stream/server.ts';
import type { StatusMessage } from '../../../src/stream/wire.ts';
import { avoidingFacts, avoidingScene } from './fixtures.ts';
import { Peer } from './peer.ts';

const FRAMES = 200;
let folder: string;
let recording: Recording;
let server: StreamServer;
const peers: Peer[] = [];
/** Time of the players, milliseconds: it passes only when a test says so. */
let now = 0;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'player-'));
  const path = join(folder, 'a.mcap');
  const writer = new RecordingWriter({ path });
  writer.publishScene(avoidingScene, avoidingFacts);
  writer.publishStatus({ policy: 'imc', paused: false, speed: 1, rollouts: 2, maxRollouts: 480 });
  const frame = createFrame(2, 1);
  for (let i = 0; i < FRAMES; i++) {
    frame.poses[0] = i;
    frame.timeSeconds = 0.05 * i;
    writer.publishFrame(frame);
  }
  await writer.close();
  recording = readRecording(path);
  now = 0;
  server = await startStreamServer({
    port: 0,
    perClient(channels) {
      const player = new Player(recording, channels, () => now);
      return () => player.stop();
    },
  });
});
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.close();
  await server.close();
  recording.close();
  rmSync(folder, { recursive: true });
});

async function watcher(): Promise<Peer> {
  const peer = new Peer(server.url);
  peers.push(peer);
  await peer.ready();
  for (const topic of ['/scene', '/history', '/frame', '/score', '/status']) peer.subscribe(topic);
  await peer.received('/status');
  await peer.received('/frame');
  return peer;
}

/** The x of the first rollout in the newest frame: the number of the frame in the recording. */
const shown = (peer: Peer) => decodeFrame(peer.of('/frame').at(-1) as Uint8Array).poses[0];
const status = (peer: Peer) => peer.json<StatusMessage>('/status');
const set = (peer: Peer, name: string, value: number | boolean) =>
  peer.client.setParameters([{ name, value }]);
const until = (check: () => void) => vi.waitFor(check, { timeout: 5000 });

/** Lets time pass for the players. */
async function pass(milliseconds: number): Promise<void> {
  for (let done = 0; done < milliseconds; done += 100) {
    now += 100;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('playback of a recording', () => {
  it('runs at the speed that was asked for, stops at the end, and begins again', async () => {
    const peer = await watcher();
    expect(status(peer)).toMatchObject({ policy: 'imc', timeline: { position: 0, loop: false } });
    expect(status(peer).timeline?.durationSeconds).toBeCloseTo(9.95, 6);
    await pass(1000);
    await until(() => expect(shown(peer)).toBe(20));
    set(peer, 'speed', 8);
    await until(() => expect(status(peer).speed).toBe(8));
    await pass(1500);
    await until(() => expect(shown(peer)).toBe(FRAMES - 1));
    await until(() => expect(status(peer).paused).toBe(true));
    set(peer, 'paused', false);
    await until(() => expect(shown(peer)).toBe(0));
  });

  it('is every client’s own', async () => {
    const [a, b] = [await watcher(), await watcher()];
    set(a, 'paused', true);
    await until(() => expect(status(a).paused).toBe(true));
    await pass(500);
    await until(() => expect(shown(b)).toBe(10));
    expect(shown(a)).toBe(0);
    expect(status(b).paused).toBe(false);
  });

  it('jumps to a position, with the frames before it', async () => {
    const peer = await watcher();
    set(peer, 'paused', true);
    set(peer, 'position', 5);
    await until(() => expect(shown(peer)).toBe(100));
    const past = splitHistory(peer.of('/history').at(-1) as Uint8Array).map((bytes) => decodeFrame(bytes));
    expect(past.map(({ poses }) => poses[0])).toEqual(Array.from({ length: 101 }, (_, i) => i));
    set(peer, 'position', 1);
    await until(() => expect(shown(peer)).toBe(20));
    expect(status(peer).timeline?.position).toBe(1);
    // the numbers go on, so that nobody takes a frame of the past for one that was seen
    const indices = peer.of('/frame').map((bytes) => decodeFrame(bytes).index);
    expect(indices).toEqual(indices.toSorted((x, y) => x - y));
  });

  it('begins again at the end when it loops', async () => {
    const peer = await watcher();
    set(peer, 'loop', true);
    set(peer, 'position', 9.9);
    await until(() => expect(shown(peer)).toBe(198));
    await pass(300);
    await until(() => expect(shown(peer)).toBeLessThan(10));
    expect(status(peer)).toMatchObject({ paused: false, timeline: { loop: true } });
  });

  it('ends with the reason, for all who watch, when the file is cut short meanwhile', async () => {
    const peer = await watcher();
    truncateSync(recording.path, 100);
    await pass(500);
    await until(() => expect(peer.statuses).toHaveLength(1));
    expect(peer.statuses[0]?.message).toMatch(/has been changed since it was opened/);
    const late = new Peer(server.url);
    peers.push(late);
    await late.ready();
    await until(() => expect(late.statuses).toHaveLength(1));
    expect(peer.closeCode).toBeNull();
  });

  it('says what is wrong with a request', async () => {
    const peer = await watcher();
    for (const [name, value] of [
      ['position', 11],
      ['position', Number.NaN],
      ['loop', 1],
      ['rollouts', 3],
    ] as const) {
      set(peer, name, value);
    }
    await until(() => expect(peer.statuses).toHaveLength(4));
    expect(peer.statuses.map(({ message }) => message)).toEqual([
      'position: must be from 0 to 9.95 seconds',
      'position: must be from 0 to 9.95 seconds',
      'loop: must be true or false',
      "'rollouts' is no parameter; there are paused, speed, position, loop",
    ]);
  });
});
