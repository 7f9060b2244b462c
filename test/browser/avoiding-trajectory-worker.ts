import { parentPort } from 'node:worker_threads';
import { trajectories } from './avoiding-trajectory.ts';

parentPort?.postMessage(await trajectories());
