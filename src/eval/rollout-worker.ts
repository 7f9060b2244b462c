import { parentPort, workerData } from 'node:worker_threads';
import '../../envs/index.ts';
import { makeTask } from '../../envs/task.ts';
import { ModewiseError } from '../errors.ts';
import { importOwnModule } from '../own-module.ts';
import { loadPolicy } from '../policies/run-directory.ts';
import { runEpisode } from './rollout.ts';
import type { RolloutWorkerData, RolloutWorkerMessage, RolloutWorkerRequest } from './worker-pool.ts';

const port = parentPort;
if (port === null) throw new Error('rollout-worker runs in a worker thread only');

const send = (message: RolloutWorkerMessage) => port.postMessage(message);

try {
  const { runDirectory, envId, envKwargs, module, seed, overrides } = workerData as RolloutWorkerData;
  if (module !== null) await importOwnModule(module);
  const [made, policy] = await Promise.all([
    makeTask(envId, { kwargs: envKwargs }),
    loadPolicy(runDirectory, overrides),
  ]);
  port.on('message', ({ id }: RolloutWorkerRequest) => {
    try {
      send({ row: runEpisode(made, policy, id, seed) });
    } catch (error) {
      send(failure(error));
    }
  });
} catch (error) {
  send(failure(error));
}

function failure(error: unknown): RolloutWorkerMessage {
  if (error instanceof ModewiseError) return { failure: { report: error.report } };
  return { failure: { stack: error instanceof Error ? (error.stack ?? error.message) : String(error) } };
}
