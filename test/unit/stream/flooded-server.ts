/** A stream server in a process of its own, whose memory can be asked for: a line in, its figures out. */
import { createInterface } from 'node:readline';
import { createFrame } from '../../../src/stream/frame.ts';
import { startStreamServer } from '../../../src/stream/server.ts';
import { avoidingFacts, avoidingScene } from './fixtures.ts';

const server = await startStreamServer({ port: 0 });
server.publishScene(avoidingScene, avoidingFacts);
const frame = createFrame(100, 1, 4);
setInterval(() => {
  frame.timeSeconds += 0.035;
  server.publishFrame(frame);
}, 35);
process.stdout.write(`${JSON.stringify({ url: server.url })}\n`);
for await (const _ of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify({ rss: process.memoryUsage.rss(), ...server.statistics() })}\n`);
}
process.exit(0);
