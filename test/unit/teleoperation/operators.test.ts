import { afterEach, describe, expect, it, vi } from 'vitest';
import { Rng } from '../../../src/random.ts';
import { type StreamServer, startStreamServer } from '../../../src/stream/server.ts';
import { CLIENT_TOPICS, type TeleoperationMessage } from '../../../src/stream/wire.ts';
import { Operators } from '../../../src/teleoperation/operators.ts';
import type { TeleoperationSession } from '../../../src/teleoperation/session.ts';
import { driveReach, memorySession } from './drive.ts';
import { Hand } from './hand.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Stage {
  readonly server: StreamServer;
  readonly session: TeleoperationSession;
  readonly operators: Operators;
  connect(): Promise<Hand>;
}

async function stage(): Promise<Stage> {
  const { session } = await memorySession();
  cleanups.push(() => session.close());
  const operators = new Operators(session, () => server?.publishTeleoperation(operators.message));
  let server: StreamServer | null = null;
  const started = await startStreamServer({ port: 0, inbox: operators });
  server = started;
  cleanups.push(() => started.close());
  return {
    server,
    session,
    operators,
    async connect() {
      const hand = new Hand(started.url);
      cleanups.push(() => hand.close());
      await hand.ready();
      return hand.offer();
    },
  };
}

describe('who operates', () => {
  it('is told to clients by the protocol’s own means', async () => {
    const { connect, operators } = await stage();
    const hand = await connect();
    expect(hand.serverInfo?.capabilities).toContain('clientPublish');
    expect(hand.serverInfo?.supportedEncodings).toEqual(['json']);
    await vi.waitFor(() => expect(operators.operator).toBe(hand.id));
    hand.subscribe('/teleoperation');
    await hand.received('/teleoperation');
    expect(hand.json<TeleoperationMessage>('/teleoperation')).toMatchObject({
      operator: hand.id,
      phase: 'ready',
      axes: ['x', 'y'],
      takesPoints: true,
      counts: [0, 0],
    });
  });

  it('is the first that came; the second watches, and is told so once', async () => {
    const { connect, operators, session } = await stage();
    const first = await connect();
    const second = await connect();
    await vi.waitFor(() => expect(operators.operator).toBe(first.id));
    second.do('start');
    for (let i = 0; i < 30; i++) second.point([0.5, 0]);
    await vi.waitFor(() => expect(second.statuses).toHaveLength(1));
    expect(second.statuses[0]).toMatchObject({
      level: 1,
      message: expect.stringMatching(/this one watches/),
    });
    expect(session.phase).toBe('ready');
    first.do('start');
    await vi.waitFor(() => expect(session.phase).toBe('recording'));
    expect(second.statuses).toHaveLength(1);
  });

  it('changes between two episodes only, when another asks for it', async () => {
    const { connect, operators, session } = await stage();
    const first = await connect();
    const second = await connect();
    first.do('start');
    await vi.waitFor(() => expect(session.phase).toBe('recording'));
    second.do('take');
    await vi.waitFor(() => expect(second.statuses.at(-1)?.message).toMatch(/wait for its end/));
    expect(operators.operator).toBe(first.id);
    await driveReach(session, 'left');
    second.do('take');
    await vi.waitFor(() => expect(operators.operator).toBe(second.id));
    second.do('discard');
    await vi.waitFor(() => expect(session.phase).toBe('ready'));
    first.do('start');
    await vi.waitFor(() => expect(first.statuses.at(-1)?.message).toMatch(/this one watches/));
  });

  it('that vanishes costs the running episode only, and the next takes its place', async () => {
    const { connect, operators, session } = await stage();
    const first = await connect();
    const second = await connect();
    first.do('start');
    await vi.waitFor(() => expect(session.phase).toBe('recording'));
    await session.advance();
    first.socket.terminate();
    await vi.waitFor(() => expect(operators.operator).toBe(second.id));
    expect(session.state).toMatchObject({ phase: 'ready', step: 0 });
    expect(session.state.note.text).toMatch(/has gone/);
    second.do('start');
    await vi.waitFor(() => expect(session.phase).toBe('recording'));
    second.close();
    await vi.waitFor(() => expect(operators.operator).toBeNull());
  });

  it('is nobody while clients only watch, as stock ones do', async () => {
    const { operators, server } = await stage();
    const watcher = new Hand(server.url);
    cleanups.push(() => watcher.close());
    await watcher.ready();
    // what Foxglove's 3D panel offers by itself
    watcher.client.advertise({ topic: '/initialpose', encoding: 'json', schemaName: '' });
    await vi.waitFor(() => expect(watcher.statuses).toHaveLength(1));
    expect(watcher.statuses[0]).toMatchObject({
      level: 1,
      message: "nothing listens to '/initialpose'; there are /teleoperation/input, /teleoperation/command",
    });
    expect(operators.operator).toBeNull();
    expect(watcher.closeCode).toBeNull();
  });
});

describe('bad input', () => {
  const input: readonly (readonly [what: string, message: unknown])[] = [
    ['nothing', ''],
    ['no JSON', '{"point": [0.5, NaN]}'],
    ['infinite numbers', '{"point": [0.5, 1e999]}'],
    ['no number', { point: [0.5, '0.2'] }],
    ['null', { point: [null, 0] }],
    ['a place out of range', { point: [0.5, 1e6] }],
    ['a place of three numbers', { point: [0.5, 0.2, 0.1] }],
    ['a speed beyond the greatest', { velocity: [0, 1.01] }],
    ['a velocity of one number', { velocity: [1] }],
    ['a velocity of too many numbers', { velocity: new Array(1000).fill(0) }],
    ['both at once', { point: [0.5, 0], velocity: [0, 0] }],
    ['neither', { device: 'mouse' }],
    ['an unknown device', { point: [0.5, 0], device: 'telepathy' }],
    ['a list', [0.5, 0]],
    ['a prototype', '{"__proto__": {"point": [0, 0]}}'],
  ];
  it.each(input)('is refused with what was expected: %s', async (_, message) => {
    const { connect, session } = await stage();
    const hand = await connect();
    hand.do('start');
    await vi.waitFor(() => expect(session.phase).toBe('recording'));
    hand.publish(CLIENT_TOPICS.input, message);
    await vi.waitFor(() => expect(hand.statuses).toHaveLength(1));
    expect(hand.statuses[0]).toMatchObject({
      level: 2,
      message: expect.stringMatching(/^\/teleoperation\/input: /),
    });
    expect(hand.statuses[0]?.message).toMatch(/expected: \{"point": \[x, y\] in metres\}/);
    const before = session.state.commanded;
    await session.advance();
    expect(session.state.commanded).toEqual(before);
    hand.point([0.6, 0]);
    await vi.waitFor(async () => {
      await session.advance();
      expect(session.state.commanded[0]).toBeGreaterThan(0.5);
    });
  });

  it('of commands and channels is refused as well', async () => {
    const { connect, server } = await stage();
    const hand = await connect();
    hand.do('launch');
    hand.client.sendMessage(99, Uint8Array.of(1));
    hand.client.unadvertise(99);
    hand.socket.send(Uint8Array.of(2, 0, 0, 0, 0));
    hand.socket.send(Uint8Array.of(1, 0));
    hand.client.advertise({ topic: CLIENT_TOPICS.input, encoding: 'cdr', schemaName: '' });
    hand.socket.send('{"op":"advertise","channels":[{"id":1,"topic":"/x","encoding":"json"}]}');
    await vi.waitFor(() => expect(hand.statuses).toHaveLength(7));
    expect(hand.statuses.map(({ level }) => level)).toEqual(new Array(7).fill(2));
    expect(hand.statuses.map(({ message }) => message)).toEqual([
      expect.stringMatching(/one of start, save, discard, redo, take/),
      'client channel 99 does not exist',
      'client channel 99 does not exist',
      expect.stringMatching(/no message data/),
      expect.stringMatching(/no message data/),
      expect.stringMatching(/must be json, not 'cdr'/),
      'client channel 1 exists already',
    ]);
    expect(server.statistics().clients).toBe(1);
    for (let i = 0; i < 100; i++) hand.do('launch');
    await vi.waitFor(() => expect(hand.closeCode).toBe(1008));
  });

  it('as a flood neither stops the episode nor fills the memory', async () => {
    const { connect, operators, session } = await stage();
    const hand = await connect();
    hand.do('start');
    await vi.waitFor(() => expect(session.phase).toBe('recording'));
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 100_000; i++) {
      hand.point([0.42 + (i % 100) / 1e5, 0.03]);
      if (i % 5000 === 0) {
        await new Promise((resolve) => setImmediate(resolve));
        await session.advance();
      }
    }
    hand.point([0.42, 0.03]);
    await vi.waitFor(() => expect(hand.socket.bufferedAmount).toBe(0), { timeout: 30_000 });
    await driveReach(session, 'left');
    expect(session.state).toMatchObject({ phase: 'ended', success: true, mode: 0 });
    expect(operators.operator).toBe(hand.id);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(150e6);
  });

  it('at random never does more than end the connection', async () => {
    const { connect, operators, server, session } = await stage();
    const rng = Rng.fromSeed('teleoperation');
    const pieces = [
      '{"point":[',
      '0.5',
      ',',
      ']}',
      'null',
      '-1e9',
      '"',
      '{"action":"',
      'start',
      'save',
      '}',
      '\u0000',
    ];
    for (let sent = 0; sent < 4000; ) {
      const hand = await connect();
      for (let i = 0; i < 200 && hand.closeCode === null; i++, sent++) {
        const text = Array.from({ length: rng.integer(8) }, () => pieces[rng.integer(pieces.length)]).join(
          '',
        );
        hand.publish(rng.uniform() < 0.5 ? CLIENT_TOPICS.input : CLIENT_TOPICS.command, text);
      }
      hand.close();
    }
    await vi.waitFor(() => expect(server.statistics().clients).toBe(0));
    expect(operators.operator).toBeNull();
    expect(session.phase).toBe('ready');
    const hand = await connect();
    hand.do('start');
    await vi.waitFor(() => expect(session.phase).toBe('recording'));
  });
});

describe('a server without an operator', () => {
  it('takes nothing from clients, and offers no way to', async () => {
    const server = await startStreamServer({ port: 0 });
    cleanups.push(() => server.close());
    const hand = new Hand(server.url);
    cleanups.push(() => hand.close());
    await hand.ready();
    expect(hand.serverInfo?.capabilities).not.toContain('clientPublish');
    expect(hand.channels.map(({ topic }) => topic)).not.toContain('/teleoperation');
    hand.offer().do('start');
    await vi.waitFor(() => expect(hand.statuses.length).toBeGreaterThan(0));
    expect(hand.statuses[0]?.message).toMatch(/this server only shows/);
  });
});
