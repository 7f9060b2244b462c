import { afterEach, describe, expect, it, vi } from 'vitest';
import { StreamError } from '../../../src/errors.ts';
import { createFrame, decodeFrame, ROLLOUT_STATUS, setGate } from '../../../src/stream/frame.ts';
import { splitHistory } from '../../../src/stream/history.ts';
import {
  type StreamServer,
  type StreamServerOptions,
  startStreamServer,
} from '../../../src/stream/server.ts';
import type { ControlChange, SceneMessage, ScoreMessage, StatusMessage } from '../../../src/stream/wire.ts';
import { avoidingFacts, avoidingScene } from './fixtures.ts';
import { Peer } from './peer.ts';

const score: ScoreMessage = {
  rollouts: 480,
  success: { rate: 0.95, low: 0.927, high: 0.966 },
  entropy: { value: 0.94, ceiling: 0.992 },
  modes: { covered: 24, total: 24, counts: new Array<number>(24).fill(19) },
};
const status: StatusMessage = { policy: 'imc', paused: false, speed: 1, rollouts: 3, maxRollouts: 480 };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: Partial<StreamServerOptions> = {}): Promise<StreamServer> {
  const server = await startStreamServer({ port: 0, ...options });
  cleanups.push(() => server.close());
  return server;
}

async function connect(server: StreamServer): Promise<Peer> {
  const peer = new Peer(server.url);
  cleanups.push(() => peer.close());
  return peer.ready();
}

/** A server that has been publishing for a while. */
async function running(): Promise<StreamServer> {
  const server = await start();
  server.publishScene(avoidingScene, avoidingFacts);
  server.publishStatus(status);
  server.publishScore(score);
  const frame = createFrame(3, 1);
  for (let step = 1; step <= 5; step++) {
    frame.timeSeconds = 0.035 * step;
    frame.poses.set([0.525, -0.28 + 0.01 * step, 0], 3);
    server.publishFrame(frame);
  }
  return server;
}

describe('the stream server', () => {
  it('introduces itself as the protocol asks for', async () => {
    const peer = await connect(await running());
    expect(peer.socket.protocol).toBe('foxglove.websocket.v1');
    expect(peer.serverInfo).toMatchObject({ name: 'modewise', sessionId: expect.stringMatching(/\S/) });
    expect(peer.serverInfo?.capabilities).toEqual(['parameters', 'parametersSubscribe']);
    const topics = peer.channels.map((channel) => channel.topic);
    expect(topics).toEqual(
      expect.arrayContaining([
        '/scene',
        '/history',
        '/frame',
        '/score',
        '/status',
        '/markers/scene',
        '/markers/rollouts',
      ]),
    );
    for (const { encoding, schema } of peer.channels) {
      if (encoding === 'json') expect(JSON.parse(schema)).toMatchObject({ type: 'object' });
    }
  });

  it('gives a late joiner the whole state', async () => {
    const peer = await connect(await running());
    for (const topic of ['/scene', '/history', '/frame', '/score', '/status']) peer.subscribe(topic);
    await peer.received('/frame');
    await peer.received('/status');
    expect(peer.json<SceneMessage>('/scene')).toEqual({ ...avoidingFacts, scene: avoidingScene });
    expect(peer.json('/score')).toEqual(score);
    expect(peer.json('/status')).toEqual(status);
    const history = splitHistory(peer.of('/history')[0] as Uint8Array).map((bytes) => decodeFrame(bytes));
    expect(history.map((frame) => frame.index)).toEqual([0, 1, 2, 3, 4]);
    const newest = decodeFrame(peer.of('/frame')[0] as Uint8Array);
    expect(newest).toEqual(history.at(-1));
    expect(newest.poses[4]).toBeCloseTo(-0.23, 6);
  });

  it('sends every further frame to subscribers only, until they unsubscribe', async () => {
    const server = await running();
    const [reader, other] = [await connect(server), await connect(server)];
    const subscription = reader.subscribe('/frame');
    other.subscribe('/score');
    await reader.received('/frame');
    await other.received('/score');
    server.publishFrame(createFrame(3, 1));
    await reader.received('/frame', 2);
    reader.client.unsubscribe(subscription);
    reader.client.getParameters([], 'done');
    await vi.waitFor(() => expect(reader.parameterValues).toHaveLength(1));
    server.publishFrame(createFrame(3, 1));
    server.publishScore(score);
    await other.received('/score', 2);
    expect(reader.of('/frame')).toHaveLength(2);
    expect(other.of('/frame')).toHaveLength(0);
  });

  it('lists the rollouts as plain numbers for plots, seldom, and only while one is looking', async () => {
    const server = await running();
    const peer = await connect(server);
    peer.subscribe('/rollouts');
    peer.client.getParameters([], 'done');
    await vi.waitFor(() => expect(peer.parameterValues).toHaveLength(1));
    const frame = createFrame(3, 1, 2);
    for (let step = 1; step <= 20; step++) {
      frame.timeSeconds = 100 + 0.02 * step;
      frame.step.fill(step);
      frame.seed[2] = 4_000_000_000;
      frame.context.fill(0);
      setGate(frame, 1, Float32Array.of(0.2, 0, 0.8));
      server.publishFrame(frame);
    }
    await peer.received('/rollouts', 4);
    expect(peer.of('/rollouts').length).toBeLessThan(7);
    expect(peer.json('/rollouts')).toMatchObject({
      seed: [0, 0, 4_000_000_000],
      context: [0, 0, 0],
      gateComponent: [
        [-1, -1],
        [2, 0],
        [-1, -1],
      ],
      gateProbability: [
        [0, 0],
        [0.8, 0.2],
        [0, 0],
      ],
    });
  });

  it('forgets frames and score with the scene they belong to', async () => {
    const server = await running();
    server.publishScene({ ...avoidingScene, movingParts: 2 }, avoidingFacts);
    const peer = await connect(server);
    for (const topic of ['/scene', '/history', '/frame', '/score', '/status']) peer.subscribe(topic);
    await peer.received('/status');
    expect(peer.of('/scene')).toHaveLength(1);
    for (const topic of ['/history', '/frame', '/score']) expect(peer.of(topic)).toHaveLength(0);
  });

  it('refuses a frame that does not fit the scene', async () => {
    const server = await start();
    expect(() => server.publishFrame(createFrame(1, 1))).toThrow(StreamError);
    server.publishScene(avoidingScene, avoidingFacts);
    expect(() => server.publishFrame(createFrame(1, 2))).toThrow(/does not fit the published scene/);
  });

  it('draws scene and rollouts for a stock client with the standard schema', async () => {
    const server = await running();
    const peer = await connect(server);
    const markers = peer.channels.filter((channel) => channel.schemaName === 'foxglove.SceneUpdate');
    expect(markers.map((channel) => channel.topic)).toEqual(['/markers/scene', '/markers/rollouts']);
    peer.subscribe('/markers/scene');
    peer.subscribe('/markers/rollouts');
    await peer.received('/markers/scene');
    interface Update {
      entities: {
        frame_id: string;
        cylinders: { pose: { position: object }; size: object }[];
        cubes: object[];
      }[];
    }
    const [scene] = peer.json<Update>('/markers/scene').entities;
    expect(scene?.cylinders).toHaveLength(6);
    expect(scene?.cylinders[0]).toMatchObject({
      pose: { position: { x: 0.5, y: -0.1, z: 0.05 } },
      size: { x: 0.06, y: 0.06, z: 0.1 },
    });
    expect(scene?.cubes).toHaveLength(2);

    const frame = createFrame(3, 1);
    frame.timeSeconds = 9;
    frame.poses.set([0.1, 0.2, 0]);
    frame.status[0] = ROLLOUT_STATUS.failure;
    server.publishFrame(frame);
    await peer.received('/markers/rollouts');
    const [rollouts] = peer.json<Update>('/markers/rollouts').entities;
    expect(rollouts?.cylinders).toHaveLength(3);
    expect(rollouts?.cylinders[0]).toMatchObject({
      pose: { position: { x: expect.closeTo(0.1), y: expect.closeTo(0.2) } },
    });
    // much less often than frames
    for (let step = 1; step <= 10; step++) {
      frame.timeSeconds = 9 + 0.035 * step;
      server.publishFrame(frame);
    }
    server.publishScore(score);
    peer.subscribe('/score');
    await peer.received('/score');
    expect(peer.of('/markers/rollouts').length).toBeLessThanOrEqual(5);
  });

  it('stamps messages with the given clock', async () => {
    const server = await start({ clock: () => 1_700_000_000_123 });
    server.publishScore(score);
    const peer = await connect(server);
    let timestamp = 0n;
    peer.client.on('message', (message) => {
      timestamp = message.timestamp;
    });
    peer.subscribe('/score');
    await peer.received('/score');
    expect(timestamp).toBe(1_700_000_000_123_000_000n);
  });

  it('has another session id after a restart on the same port', async () => {
    const first = await startStreamServer({ port: 0 });
    const before = await connect(first);
    await first.close();
    await vi.waitFor(() => expect(before.closeCode).toBe(1001));
    const second = await start({ port: first.port });
    const after = await connect(second);
    expect(after.serverInfo?.sessionId).not.toBe(before.serverInfo?.sessionId);
  });

  it('says that a port is taken', async () => {
    const server = await start();
    const attempt = startStreamServer({ port: server.port });
    await expect(attempt).rejects.toThrow(StreamError);
    await expect(attempt).rejects.toThrow(new RegExp(`port ${server.port} is taken`));
  });

  it('closes twice, and with clients that never answer', async () => {
    const server = await running();
    const peer = await connect(server);
    peer.socket.pause();
    await server.close();
    await server.close();
    await vi.waitFor(() => expect(server.statistics().clients).toBe(0));
  });
});

describe('control by viewers', () => {
  it('reads the settings of the loop as parameters', async () => {
    const peer = await connect(await running());
    peer.client.getParameters([], 'all');
    peer.client.getParameters(['speed', 'nonsense'], 'one');
    await vi.waitFor(() => expect(peer.parameterValues).toHaveLength(2));
    expect(peer.parameterValues[0]).toEqual({ id: 'all', values: { paused: false, speed: 1, rollouts: 3 } });
    expect(peer.parameterValues[1]).toEqual({ id: 'one', values: { speed: 1 } });
  });

  it('passes changes on to the loop, and its new state to all who watch', async () => {
    const server = await running();
    const changes: ControlChange[] = [];
    let current = status;
    const stop = server.onControl((change) => {
      changes.push(change);
      current = { ...current, ...change };
      server.publishStatus(current);
    });
    const [asking, watching] = [await connect(server), await connect(server)];
    watching.client.subscribeParameterUpdates(['paused']);
    watching.subscribe('/status');
    await watching.received('/status');
    asking.client.setParameters(
      [
        { name: 'paused', value: true },
        { name: 'rollouts', value: 48 },
      ],
      'set',
    );
    await vi.waitFor(() => expect(asking.parameterValues).toHaveLength(1));
    expect(asking.parameterValues[0]).toEqual({ id: 'set', values: { paused: true, rollouts: 48 } });
    expect(changes).toEqual([{ paused: true }, { rollouts: 48 }]);
    await vi.waitFor(() => expect(watching.parameterValues.at(-1)?.values).toEqual({ paused: true }));
    expect(watching.json<StatusMessage>('/status')).toMatchObject({ paused: true, rollouts: 48 });

    stop();
    asking.client.setParameters([{ name: 'paused', value: false }]);
    await vi.waitFor(() => expect(asking.statuses).toHaveLength(1));
    expect(changes).toHaveLength(2);
  });

  it.each([
    ['paused', 1, /paused: must be true or false/],
    ['speed', 0, /speed: must be from 0.1 to 8/],
    ['speed', Number.NaN, /speed: must be from/],
    ['speed', '2', /speed: must be from/],
    ['rollouts', 0, /whole number from 1 to 480/],
    ['rollouts', 481, /whole number from 1 to 480/],
    ['rollouts', 1.5, /whole number from 1 to 480/],
    ['seed', 1, /'seed' is no parameter; there are paused, speed, rollouts/],
  ])('says what is wrong with %s = %s, and changes nothing', async (name, value, complaint) => {
    const server = await running();
    const changes: ControlChange[] = [];
    server.onControl((change) => changes.push(change));
    const peer = await connect(server);
    peer.client.setParameters([{ name, value }]);
    await vi.waitFor(() => expect(peer.statuses).toHaveLength(1));
    expect(peer.statuses[0]).toMatchObject({ level: 2, message: expect.stringMatching(complaint) });
    expect(changes).toEqual([]);
  });
});
