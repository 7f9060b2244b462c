import { parentPort } from 'node:worker_threads';
import { simulate } from './sim-run.ts';

await simulate(500);
parentPort?.once('message', async (steps: number) => {
  parentPort?.postMessage(await simulate(steps));
});
parentPort?.postMessage('ready');
