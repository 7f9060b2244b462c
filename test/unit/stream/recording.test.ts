import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { McapIndexedReader, McapWriter } from '@mcap/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecordingError } from '../../../src/errors.ts';
import { createFrame, decodeFrame, encodeFrame } from '../../../src/stream/frame.ts';
import { frameAt, readRecording } from '../../../src/stream/recording.ts';
import { RecordingWriter } from '../../../src/stream/recording-writer.ts';
import { avoidingFacts, avoidingScene } from './fixtures.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recording-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const score = (rollouts: number) => ({
  rollouts,
  success: { rate: 1, low: 0.5, high: 1 },
  entropy: { value: 0.5, ceiling: 0.9 },
  modes: { covered: 1, total: 24, counts: [rollouts, ...new Array<number>(23).fill(0)] },
});

/** Publishes frames of R rollouts, one every 35 ms, the first rollout at x = number of the frame. */
async function record(path: string, frames: number, rollouts = 3): Promise<RecordingWriter> {
  const writer = new RecordingWriter({ path });
  writer.publishScene(avoidingScene, avoidingFacts);
  writer.publishStatus({ policy: 'imc', paused: false, speed: 1, rollouts, maxRollouts: 480 });
  const frame = createFrame(rollouts, 1);
  for (let i = 0; i < frames; i++) {
    frame.poses[0] = i;
    frame.timeSeconds = 0.035 * i;
    writer.publishFrame(frame);
    if (i % 10 === 9) writer.publishScore(score(i));
  }
  await writer.flush();
  return writer;
}

const facts = { ...avoidingFacts, scene: avoidingScene };

type Message = readonly [topic: string, data: Uint8Array, logTime: bigint];

/** Writes an MCAP file of our profile with any messages whatever. */
async function mcap(messages: readonly Message[]): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = 0n;
  const writer = new McapWriter({
    writable: {
      position: () => size,
      async write(part) {
        parts.push(part.slice());
        size += BigInt(part.byteLength);
      },
    },
  });
  await writer.start({ profile: 'modewise', library: '' });
  const ids = new Map<string, number>();
  for (const [topic, data, logTime] of messages) {
    const channelId =
      ids.get(topic) ??
      (await writer.registerChannel({ topic, schemaId: 0, messageEncoding: 'json', metadata: new Map() }));
    ids.set(topic, channelId);
    await writer.addMessage({ channelId, sequence: 0, logTime, publishTime: logTime, data });
  }
  await writer.end();
  return Buffer.concat(parts);
}

/** A recording that is right but for one message. */
function forged(topic: string, data: Uint8Array): Promise<Buffer> {
  const frame = ['/frame', encodeFrame(createFrame(1, 1)), 0n] as const;
  const scene = ['/scene', Buffer.from(JSON.stringify(facts)), 0n] as const;
  return mcap([scene, frame, [topic, data, 1_000_000_000n]]);
}

function failureOf(path: string): Error {
  try {
    readRecording(path);
  } catch (error) {
    expect(error).toBeInstanceOf(RecordingError);
    return error as Error;
  }
  throw new Error('it was read');
}

describe('a recording', () => {
  it('gives back every frame, at its time, and the scores', async () => {
    const path = join(folder, 'a.mcap');
    await (await record(path, 50)).close();
    const recording = readRecording(path);
    expect(recording).toMatchObject({ complete: true, policy: 'imc', scene: { env: 'Avoiding-v0' } });
    expect(recording.frames).toHaveLength(50);
    expect(recording.durationSeconds).toBeCloseTo(49 * 0.035, 6);
    const frame = frameAt(recording, 20);
    expect(frame.poses[0]).toBe(20);
    expect(frame.timeSeconds).toBeCloseTo(0.7, 6);
    expect(recording.scores.map(({ value }) => value.rollouts)).toEqual([9, 19, 29, 39, 49]);
  });

  it('is opened by the reader of @mcap/core, by its index, with the channels of the stream', async () => {
    const path = join(folder, 'a.mcap');
    await (await record(path, 40)).close();
    const file = await open(path);
    const readable = {
      size: async () => BigInt((await file.stat()).size),
      read: async (offset: bigint, size: bigint) => {
        const bytes = new Uint8Array(Number(size));
        await file.read(bytes, 0, Number(size), Number(offset));
        return bytes;
      },
    };
    const reader = await McapIndexedReader.Initialize({ readable });
    expect([...reader.channelsById.values()].map(({ topic }) => topic).sort()).toEqual([
      '/episode',
      '/frame',
      '/markers/rollouts',
      '/markers/scene',
      '/rollouts',
      '/scene',
      '/score',
      '/status',
    ]);
    const times: bigint[] = [];
    const xs: number[] = [];
    for await (const { data, logTime } of reader.readMessages({ topics: ['/frame'] })) {
      times.push(logTime);
      xs.push(decodeFrame(data).poses[0] ?? -1);
    }
    await file.close();
    expect(xs).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(times[10]).toBe(350_000_000n);
    const markers = [...reader.channelsById.values()].find(({ topic }) => topic === '/markers/rollouts');
    expect(reader.schemasById.get(markers?.schemaId ?? 0)?.name).toBe('foxglove.SceneUpdate');
  });

  it('is the same file for the same frames', async () => {
    const [a, b] = [join(folder, 'a.mcap'), join(folder, 'b.mcap')];
    await (await record(a, 20)).close();
    await (await record(b, 20)).close();
    expect(readFileSync(a).equals(readFileSync(b))).toBe(true);
  });

  it('goes on in time when a loop begins anew with another number of rollouts', async () => {
    const path = join(folder, 'a.mcap');
    const writer = await record(path, 10);
    const frame = createFrame(5, 1);
    frame.timeSeconds = 0.035;
    writer.publishFrame(frame);
    await writer.close();
    const { durationSeconds, frames } = readRecording(path);
    expect(frames).toHaveLength(11);
    expect(durationSeconds).toBeCloseTo(10 * 0.035, 6);
  });

  it('is read up to its last chunk when its writer was killed, wherever that was', async () => {
    const path = join(folder, 'a.mcap');
    const writer = await record(path, 1500, 24);
    const written = readFileSync(path); // not closed: this is what a kill leaves
    await writer.close();
    const cut = join(folder, 'cut.mcap');
    let before = 0;
    for (const share of [0.3, 0.55, 0.8, 1]) {
      writeFileSync(cut, written.subarray(0, Math.floor(share * written.byteLength)));
      const recording = readRecording(cut);
      expect(recording.complete).toBe(false);
      expect(recording.frames.length).toBeGreaterThan(before);
      expect(frameAt(recording, recording.frames.length - 1).poses[0]).toBe(recording.frames.length - 1);
      before = recording.frames.length;
    }
    expect(before).toBeGreaterThan(1200);
  });

  it('is refused with the reason when it is damaged, foreign, empty or missing', async () => {
    const path = join(folder, 'a.mcap');
    await (await record(path, 600)).close();
    const bytes = readFileSync(path);
    bytes[Math.floor(bytes.byteLength / 3)]! ^= 0x10;
    writeFileSync(path, bytes);
    expect(failureOf(path).message).toMatch(/damaged/);

    writeFileSync(path, 'this is no recording at all, only some text');
    expect(failureOf(path).message).toMatch(/no MCAP file/);

    writeFileSync(path, '');
    expect(failureOf(path).message).toMatch(/holds no frame/);

    expect(failureOf(join(folder, 'nowhere.mcap')).message).toMatch(/cannot be opened/);

    const parts: Uint8Array[] = [];
    let size = 0n;
    const writer = new McapWriter({
      writable: {
        position: () => size,
        async write(part) {
          parts.push(part.slice());
          size += BigInt(part.byteLength);
        },
      },
    });
    await writer.start({ profile: 'ros2', library: '' });
    await writer.end();
    writeFileSync(path, Buffer.concat(parts));
    expect(failureOf(path).message).toMatch(/not a recording of modewise[\s\S]*ros2/);
  });

  it.each([
    ['/scene', { env: 'X-v0' }, /modes/],
    ['/scene', 'not an object', /message/],
    ['/scene', { ...facts, dtSeconds: -1 }, /dtSeconds/],
    ['/scene', { ...facts, scene: { ...avoidingScene, parts: [{ name: 'x' }] } }, /scene\.parts\.0\.role/],
    ['/scene', { ...facts, scene: { ...avoidingScene, movingParts: 1e9 } }, /scene\.movingParts/],
    ['/scene', { ...facts, scene: { ...avoidingScene, movingParts: 7 } }, /1 moving parts[\s\S]*7/],
    ['/status', { policy: ['a'] }, /policy/],
    ['/score', { rollouts: -1 }, /rollouts/],
    ['/score', { rollouts: 1, success: { rate: 1e9 } }, /success\.rate/],
    ['/episode', { episode: 0, env: 'Avoiding-v0', seed: 'x' }, /context/],
    ['/episode', null, /message/],
    ['/episode', Buffer.from('{"episode": 1'), /JSON/],
    ['/episode', Buffer.of(0xff, 0xfe, 0x00), /utf-8/i],
    ['/frame', Buffer.from('MWF2 and then nothing'), /too short for its header|sizes out of range/],
  ])('is refused by name when %s holds something forged: %j', async (topic, value, reason) => {
    const path = join(folder, 'forged.mcap');
    writeFileSync(
      path,
      await forged(topic, value instanceof Buffer ? value : Buffer.from(JSON.stringify(value))),
    );
    const failure = failureOf(path);
    expect(failure.message).toMatch(reason);
    expect(failure.message).toContain('forged.mcap');
  });

  it('is replayed in the order of its times, whatever the order in the file', async () => {
    const path = join(folder, 'a.mcap');
    const frames = [3, 1, 2].map((second) => {
      const frame = createFrame(1, 1);
      frame.poses[0] = second;
      return ['/frame', Buffer.from(encodeFrame(frame)), BigInt(second) * 1_000_000_000n] as const;
    });
    writeFileSync(path, await mcap([['/scene', Buffer.from(JSON.stringify(facts)), 0n], ...frames]));
    const recording = readRecording(path);
    expect(recording.frames.map((_, i) => frameAt(recording, i).poses[0])).toEqual([1, 2, 3]);
    expect(recording.durationSeconds).toBe(2);
  });

  it('stays in its file until a frame is wanted, and says so when that file changes', async () => {
    const path = join(folder, 'a.mcap');
    await (await record(path, 800, 400)).close();
    const size = readFileSync(path).byteLength;
    expect(size).toBeGreaterThan(20e6);
    // what has been read and let go of is not held
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    collectGarbage();
    const before = process.memoryUsage().arrayBuffers;
    const recording = readRecording(path);
    // buffers are given back by a thread of its own, some time after the collection
    await vi.waitFor(() => {
      collectGarbage();
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(size / 8);
    });
    expect(frameAt(recording, 799).poses[0]).toBe(799);
    expect(frameAt(recording, 17).rollouts).toBe(400);
    truncateSync(path, 1000);
    expect(() => frameAt(recording, 799)).toThrow(RecordingError);
    recording.close();
  });

  it('does not replace a file', async () => {
    const path = join(folder, 'a.mcap');
    writeFileSync(path, 'mine');
    expect(() => new RecordingWriter({ path })).toThrow(RecordingError);
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });
});
