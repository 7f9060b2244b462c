import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { Rng } from '../../../src/random.ts';
import { decodeFrame } from '../../../src/stream/frame.ts';
import { Peer } from './peer.ts';
import { randomMessage } from './random-message.ts';

const MESSAGES = 100_000;
const PER_CONNECTION = 250;
/** Connections that flood at the same time. */
const AT_ONCE = 8;
/** Size of the messages that are too long, bytes. */
const TOO_LONG = 70_000;

interface Figures {
  readonly rss: number;
  readonly clients: number;
  readonly bufferedBytes: number;
}

let child: ChildProcessWithoutNullStreams;
let lines: AsyncIterator<string>;
let url: string;

beforeAll(async () => {
  const script = new URL('./flooded-server.ts', import.meta.url).pathname;
  child = spawn(process.execPath, ['--import', 'tsx', script]);
  child.stderr.pipe(process.stderr);
  lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  ({ url } = JSON.parse((await lines.next()).value as string) as { url: string });
});
afterAll(() => child.kill());

async function figures(): Promise<Figures> {
  child.stdin.write('\n');
  return JSON.parse((await lines.next()).value as string) as Figures;
}

/** What a connection that flooded was told. */
interface Answer {
  readonly statuses: number;
  /** Null when the server left the connection open: it was closed from here. */
  readonly closeCode: number | null;
}

/** Sends random messages, each of which may be wrong in any way, and waits until they have been dealt with. */
function flood(rng: Rng, count: number): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url.replace('http', 'ws'), ['foxglove.websocket.v1']);
    let statuses = 0;
    let isOver = false;
    socket.on('error', () => undefined);
    socket.on('message', (data, isBinary) => {
      if (!isBinary && String(data).includes('"op":"status"')) statuses++;
      // the answer to the last message: what was sent before it has been read
      if (!isBinary && String(data).includes('"id":"last"')) {
        isOver = true;
        socket.close();
      }
    });
    socket.on('close', (code) => resolve({ statuses, closeCode: isOver ? null : code }));
    socket.on('open', () => {
      for (let i = 0; i < count; i++) {
        socket.send(rng.integer(2000) === 0 ? 'x'.repeat(TOO_LONG) : randomMessage(rng));
      }
      socket.send('{"op":"getParameters","parameterNames":[],"id":"last"}');
    });
  });
}

describe('a server that is flooded', () => {
  it('answers 100 000 random messages by a status or a close code, within its memory, and serves on', async () => {
    const watcher = new Peer(url);
    await watcher.ready();
    watcher.subscribe('/frame');
    await watcher.received('/frame');
    const rng = Rng.fromSeed('flood');
    const answers: Answer[] = [];
    let settled = 0;
    let most = 0;
    for (let sent = 0; sent < MESSAGES; sent += AT_ONCE * PER_CONNECTION) {
      const floods = Array.from({ length: AT_ONCE }, (_, i) => flood(rng.fork(sent + i), PER_CONNECTION));
      answers.push(...(await Promise.all(floods)));
      const { rss } = await figures();
      // the heap has grown to its size by the first tenth
      if (sent < MESSAGES / 10) settled = Math.max(settled, rss);
      most = Math.max(most, rss);
    }
    expect(answers).toHaveLength(MESSAGES / PER_CONNECTION);
    const codes = new Set(answers.map(({ closeCode }) => closeCode));
    // too many malformed ones, too long, invalid text: all of them are the rules of RFC 6455
    for (const code of codes) expect([null, 1003, 1006, 1007, 1008, 1009]).toContain(code);
    expect(codes).toContain(1008);
    for (const { closeCode, statuses } of answers) expect(closeCode !== null || statuses > 0).toBe(true);
    expect(most).toBeLessThan(200e6);
    expect(most - settled).toBeLessThan(64e6);

    const seen = decodeFrame(watcher.of('/frame').at(-1) as Uint8Array).index;
    await vi.waitFor(() => {
      expect(decodeFrame(watcher.of('/frame').at(-1) as Uint8Array).index).toBeGreaterThan(seen + 3);
    });
    await vi.waitFor(async () => expect((await figures()).clients).toBe(1));
    watcher.close();
  }, 240_000);
});
