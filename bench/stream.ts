/**
 * What live watching costs: 16 clients, each shown 100 rollouts at 28.6 frames a second, served by a process of its own,
 * against a bare `ws` server that sends the same bytes at the same rate.
 *
 * `droppedNewest` counts frames that were published and that a client saw neither itself nor a newer one of; it is to be
 * 0. `p99Milliseconds` is from before `publishFrame` to the client's callback and is to stay below 25; `rssMegabytes`
 * below 200; `coreShare` is CPU time over wall time. `latencyRatio` and `cpuRatio` are ours over bare ws: lower is better.
 */
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { decodeFrame } from '../src/stream/frame.ts';
import { type Benchmark, round3 } from './support/benchmark.ts';
import { LineProcess } from './support/line-process.ts';
import {
  CLIENTS,
  FRAMES,
  HEADER_BYTES,
  ROLLOUTS,
  SECONDS,
  type ServerFigures,
} from './support/stream-load.ts';

/** What the clients of one server saw. */
interface Seen {
  /** Milliseconds from before publishing to the callback, over all clients and frames. */
  readonly latencies: number[];
  /** Newest frame of each client. */
  readonly newest: number[];
  messages: number;
}

/** What the server advertises of a channel, as far as it matters here. */
interface Topic {
  readonly id: number;
  readonly topic: string;
}

const server = fileURLToPath(new URL('./support/stream-process.ts', import.meta.url));
const nowMs = (): number => performance.timeOrigin + performance.now();

async function measure(kind: 'modewise' | 'ws', say: (line: string) => void) {
  say(`${kind}: ${CLIENTS} clients, ${ROLLOUTS} rollouts, ${SECONDS} s`);
  const started = await LineProcess.start<{ readonly url: string }>(process.execPath, [
    ...process.execArgv,
    '--import',
    'tsx',
    server,
    kind,
  ]);
  if (started === undefined) throw new Error('the server of the benchmark did not start');
  const sockets: WebSocket[] = [];
  try {
    const seen: Seen = { latencies: [], newest: new Array<number>(CLIENTS).fill(-1), messages: 0 };
    const take = (client: number, bytes: Uint8Array): void => {
      const { index, timeSeconds } = decodeFrame(bytes);
      seen.messages++;
      // the time of a frame is the moment it was published, on the clock that both processes share
      seen.latencies.push(nowMs() - timeSeconds * 1000);
      seen.newest[client] = index;
    };
    await Promise.all(
      Array.from({ length: CLIENTS }, (_, client) =>
        connect(kind, started.hello.url, sockets, (bytes) => take(client, bytes)),
      ),
    );
    const figures = await started.process.ask<ServerFigures>('go');
    // the last frames are on their way
    await new Promise((resolve) => setTimeout(resolve, 500));
    const sorted = seen.latencies.toSorted((a, b) => a - b);
    return {
      p50Milliseconds: round3(sorted[sorted.length >> 1] ?? Number.NaN),
      p99Milliseconds: round3(sorted[Math.floor(0.99 * sorted.length)] ?? Number.NaN),
      coreShare: round3(figures.coreShare),
      rssMegabytes: round3(figures.rssMegabytes),
      skipped: CLIENTS * FRAMES - seen.messages,
      droppedNewest: seen.newest.filter((index) => index !== FRAMES - 1).length,
    };
  } finally {
    for (const socket of sockets) socket.terminate();
    started.process.stop();
  }
}

/** Connects one client; resolves once it is ready for frames. */
function connect(
  kind: 'modewise' | 'ws',
  url: string,
  sockets: WebSocket[],
  onFrame: (bytes: Uint8Array) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, kind === 'ws' ? [] : ['foxglove.websocket.v1']);
    sockets.push(socket);
    socket.on('error', reject);
    if (kind === 'ws') socket.on('open', () => resolve());
    socket.on('message', (data, isBinary) => {
      if (isBinary) {
        onFrame((data as Buffer).subarray(HEADER_BYTES));
        return;
      }
      const message = JSON.parse(String(data)) as {
        readonly op: string;
        readonly channels?: readonly Topic[];
      };
      const channel = message.channels?.find(({ topic }) => topic === '/frame');
      if (message.op !== 'advertise' || channel === undefined) return;
      const subscriptions = [{ id: 0, channelId: channel.id }];
      socket.send(JSON.stringify({ op: 'subscribe', subscriptions }), () => resolve());
    });
  });
}

export const benchmark: Benchmark = {
  description:
    '16 clients watching 100 rollouts: latency, memory and CPU against bare ws sending the same bytes',

  async run(say) {
    const ours = await measure('modewise', say);
    const bare = await measure('ws', say);
    const latencyRatio = round3(ours.p99Milliseconds / bare.p99Milliseconds);
    const cpuRatio = round3(ours.coreShare / bare.coreShare);
    const line = (name: string, of: typeof ours) =>
      `${name.padEnd(9)} p50 ${of.p50Milliseconds} ms, p99 ${of.p99Milliseconds} ms, ${of.coreShare} of a core, ` +
      `${of.rssMegabytes} MB, ${of.skipped} frames skipped, ${of.droppedNewest} clients without the newest`;
    return {
      json: { clients: CLIENTS, rollouts: ROLLOUTS, seconds: SECONDS, latencyRatio, cpuRatio, ours, bare },
      text: [
        line('modewise:', ours),
        line('bare ws:', bare),
        `ratios: latency p99 ${latencyRatio}, CPU ${cpuRatio}`,
      ].join('\n'),
    };
  },
};
