import { connect as connectTcp } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Rng } from '../../../src/random.ts';
import { HIGH_WATER_BYTES } from '../../../src/stream/client-session.ts';
import { createFrame, decodeFrame, frameBytes } from '../../../src/stream/frame.ts';
import { type StreamServer, startStreamServer } from '../../../src/stream/server.ts';
import { avoidingFacts, avoidingScene } from './fixtures.ts';
import { Peer } from './peer.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(): Promise<StreamServer> {
  const server = await startStreamServer({ port: 0 });
  cleanups.push(() => server.close());
  server.publishScene(avoidingScene, avoidingFacts);
  server.publishFrame(createFrame(10, 1));
  return server;
}

async function connect(server: StreamServer): Promise<Peer> {
  const peer = new Peer(server.url);
  cleanups.push(() => peer.close());
  return peer.ready();
}

/** The server still serves: a fresh client gets the scene. */
async function expectAlive(server: StreamServer): Promise<void> {
  const peer = await connect(server);
  peer.subscribe('/scene');
  await peer.received('/scene');
}

describe('a client that reads slowly', () => {
  it('does not make the server keep frames for it, and gets the newest one when it reads again', async () => {
    const server = await start();
    const slow = await connect(server);
    slow.subscribe('/frame');
    await slow.received('/frame');
    slow.socket.pause();
    const rollouts = 480;
    const frame = createFrame(rollouts, 1);
    const frames = 2000;
    let most = 0;
    for (let i = 1; i <= frames; i++) {
      frame.timeSeconds = i;
      server.publishFrame(frame);
      most = Math.max(most, server.statistics().bufferedBytes);
      if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    // 25 MB were published
    expect(most).toBeLessThanOrEqual(HIGH_WATER_BYTES + frameBytes(rollouts, 1) + 32);
    expect(server.statistics().skipped).toBeGreaterThan(frames / 2);
    slow.socket.resume();
    await vi.waitFor(
      () => expect(decodeFrame(slow.of('/frame').at(-1) as Uint8Array).timeSeconds).toBe(frames),
      { timeout: 20_000 },
    );
    const times = slow.of('/frame').map((bytes) => decodeFrame(bytes).timeSeconds);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times.length).toBeLessThan(frames);
  });

  it('does not slow down the others', async () => {
    const server = await start();
    const [slow, fast] = [await connect(server), await connect(server)];
    for (const peer of [slow, fast]) peer.subscribe('/frame');
    await slow.received('/frame');
    slow.socket.pause();
    const frame = createFrame(480, 1);
    for (let i = 1; i <= 200; i++) {
      frame.timeSeconds = i;
      server.publishFrame(frame);
      await vi.waitFor(
        () => expect(decodeFrame(fast.of('/frame').at(-1) as Uint8Array).timeSeconds).toBe(i),
        {
          interval: 1,
        },
      );
    }
    expect(fast.of('/frame')).toHaveLength(201);
  });

  it('cannot make the server pile up answers to requests and pings', async () => {
    const server = await start();
    const peer = await connect(server);
    peer.socket.pause();
    for (let i = 0; i < 3000; i++) {
      peer.socket.send('{"op":"getParameters","parameterNames":[],"id":"'.concat('x'.repeat(200), '"}'));
      peer.socket.ping('y'.repeat(100));
      const id = 2 * i;
      peer.socket.send(JSON.stringify({ op: 'subscribe', subscriptions: [{ id, channelId: 1 }] }));
      peer.socket.send(JSON.stringify({ op: 'unsubscribe', subscriptionIds: [id] }));
      if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await expectAlive(server);
    expect(server.statistics().bufferedBytes).toBeLessThan(2 * HIGH_WATER_BYTES);
  });
});

describe('a client that sends nonsense', () => {
  it('is told what is wrong, and is sent away when it goes on', async () => {
    const server = await start();
    const peer = await connect(server);
    const wrong: readonly (string | Buffer)[] = [
      'hello',
      '[]',
      'null',
      '{"op":"launch"}',
      '{"op":"subscribe"}',
      '{"op":"subscribe","subscriptions":[{"id":-1,"channelId":1}]}',
      '{"op":"subscribe","subscriptions":[{"id":1,"channelId":999}]}',
      '{"op":"getParameters","parameterNames":[3]}',
      Buffer.of(1, 0, 0, 0, 0, 1, 2, 3),
    ];
    for (const message of wrong) peer.socket.send(message);
    await vi.waitFor(() => expect(peer.statuses).toHaveLength(wrong.length));
    for (const status of peer.statuses) expect(status.level).toBe(2);
    expect(peer.closeCode).toBeNull();
    for (let i = 0; i < 100; i++) peer.socket.send('hello');
    await vi.waitFor(() => expect(peer.closeCode).toBe(1008));
    await expectAlive(server);
  });

  it('may subscribe neither twice under one id nor without end', async () => {
    const server = await start();
    const peer = await connect(server);
    const many = (from: number) => ({
      op: 'subscribe',
      subscriptions: Array.from({ length: 200 }, (_, i) => ({ id: from + i, channelId: 1 })),
    });
    peer.socket.send(
      JSON.stringify({
        op: 'subscribe',
        subscriptions: [
          { id: 0, channelId: 1 },
          { id: 0, channelId: 3 },
        ],
      }),
    );
    peer.socket.send(JSON.stringify(many(1)));
    peer.socket.send(JSON.stringify(many(201)));
    await vi.waitFor(() => expect(peer.closeCode).toBe(1008));
    expect(peer.statuses[0]?.message).toMatch(/subscription 0 exists already/);
    expect(peer.statuses[1]?.message).toMatch(/a client may hold 256 subscriptions/);
  });

  it('cannot send messages beyond the limit', async () => {
    const server = await start();
    const peer = await connect(server);
    peer.socket.send('x'.repeat(100_000));
    await vi.waitFor(() => expect(peer.closeCode).toBe(1009));
    await expectAlive(server);
  });

  it('survives bytes that are no HTTP and no websocket frames', async () => {
    const server = await start();
    const rng = Rng.fromSeed('bytes');
    for (let i = 0; i < 40; i++) {
      await new Promise<void>((resolve) => {
        const socket = connectTcp(server.port, '127.0.0.1');
        socket.on('error', () => undefined);
        socket.on('close', () => resolve());
        if (i % 2 === 1) {
          socket.write(
            'GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n' +
              'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: foxglove.websocket.v1\r\n\r\n',
          );
        }
        socket.write(Buffer.from(Array.from({ length: 300 }, () => rng.integer(256))), () =>
          socket.destroy(),
        );
      });
    }
    await expectAlive(server);
    await vi.waitFor(() => expect(server.statistics().clients).toBe(1));
  });
});
