/** The server of the stream benchmark: `stream-process.ts modewise|ws`; begins to send at the first line of stdin. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { WebSocketServer } from 'ws';
import { createFrame, encodeFrame, type Frame } from '../../src/stream/frame.ts';
import { startStreamServer } from '../../src/stream/server.ts';
import { FRAME_MS, FRAMES, GATE_ENTRIES, HEADER_BYTES, ROLLOUTS, type ServerFigures } from './stream-load.ts';

/** A way to send a frame to all clients. */
interface Target {
  readonly url: string;
  send(frame: Frame): void;
}

async function ours(): Promise<Target> {
  const server = await startStreamServer({ port: 0 });
  server.publishScene(
    { parts: [], bounds: [0, 0, 1, 1], movingParts: 1 },
    { env: 'Bench-v0', modes: ['a'], components: 8, dtSeconds: FRAME_MS / 1000 },
  );
  return { url: server.url.replace(/^http/, 'ws'), send: (frame) => server.publishFrame(frame) };
}

async function bare(): Promise<Target> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await once(server, 'listening');
  let index = 0;
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    send(frame) {
      const bytes = encodeFrame({ ...frame, index: index++ });
      const message = new Uint8Array(HEADER_BYTES + bytes.byteLength);
      message.set(bytes, HEADER_BYTES);
      for (const client of server.clients) client.send(message);
    },
  };
}

async function send(target: Target): Promise<ServerFigures> {
  const frame = createFrame(ROLLOUTS, 1, GATE_ENTRIES);
  const cpu = process.cpuUsage();
  const start = performance.now();
  let rss = 0;
  for (let i = 0; i < FRAMES; i++) {
    const wait = start + i * FRAME_MS - performance.now();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, wait)));
    frame.timeSeconds = (performance.timeOrigin + performance.now()) / 1000;
    target.send(frame);
    rss = Math.max(rss, process.memoryUsage.rss());
  }
  const { system, user } = process.cpuUsage(cpu);
  const seconds = (performance.now() - start) / 1000;
  return { coreShare: (user + system) / 1e6 / seconds, rssMegabytes: rss / 1e6 };
}

const target = process.argv[2] === 'ws' ? await bare() : await ours();
console.log(JSON.stringify({ url: target.url }));
for await (const _ of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await send(target)));
}
process.exit(0);
