import { afterEach, describe, expect, it } from 'vitest';
import { StreamError } from '../../../src/errors.ts';
import { encodeJson } from '../../../src/stream/json.ts';
import { startStreamServer } from '../../../src/stream/server.ts';
import { TRAINING_CHANNELS } from '../../../src/stream/training-channels.ts';
import { TRAINING_TOPICS } from '../../../src/stream/training-wire.ts';
import { Peer } from './peer.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(channels = Object.values(TRAINING_CHANNELS)) {
  const server = await startStreamServer({ port: 0, channels });
  cleanups.push(() => server.close());
  const connect = async () => {
    const peer = new Peer(server.url);
    cleanups.push(() => peer.close());
    return peer.ready();
  };
  return { server, connect };
}

describe('the channels of a training', () => {
  it('are offered with their schemas, beside those of every stream', async () => {
    const peer = await (await start()).connect();
    for (const topic of Object.values(TRAINING_TOPICS)) {
      const channel = peer.channels.find((candidate) => candidate.topic === topic);
      expect(channel).toMatchObject({ encoding: 'json', schemaEncoding: 'jsonschema' });
      expect(JSON.parse(channel?.schema ?? '')).toMatchObject({ title: channel?.schemaName, type: 'object' });
    }
    expect(peer.channels.map(({ topic }) => topic)).toContain('/scene');
  });

  it('give who joins late the newest message, made only when somebody reads', async () => {
    const { server, connect } = await start();
    let made = 0;
    for (const done of [1, 2, 3]) {
      server.publishOn(TRAINING_TOPICS.progress, () => {
        made++;
        return encodeJson({ done });
      });
    }
    expect(made).toBe(0);
    const peer = await connect();
    peer.subscribe(TRAINING_TOPICS.progress);
    await peer.received(TRAINING_TOPICS.progress);
    expect(peer.json(TRAINING_TOPICS.progress)).toEqual({ done: 3 });
    expect(made).toBe(1);
  });

  it('are not there on other servers', async () => {
    const { server } = await start([]);
    expect(() => server.publishOn(TRAINING_TOPICS.curves, encodeJson({}))).toThrow(StreamError);
  });
});
