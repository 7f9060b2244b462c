import { parentPort } from 'node:worker_threads';
import { trajectories } from './task-trajectories.ts';

parentPort?.postMessage(await trajectories());
