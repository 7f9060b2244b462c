import { parentPort, workerData } from 'node:worker_threads';
import '../envs/index.ts';
import { makeTask } from '../envs/task.ts';
import { packError } from '../src/gym/vector/worker-error.ts';
import { importOwnModule } from '../src/own-module.ts';
import { demonstrate } from './demonstration.ts';
import type {
  DemonstrationWorkerData,
  DemonstrationWorkerMessage,
  DemonstrationWorkerRequest,
} from './demonstration-pool.ts';
import { demonstratorFor } from './demonstrator.ts';

const port = parentPort;
if (port === null) throw new Error('demonstration-worker runs in a worker thread only');
const { envId, module } = workerData as DemonstrationWorkerData;

const prepare = async () => {
  await importOwnModule(module);
  const demonstrator = await demonstratorFor(envId);
  return { demonstrator, simulator: await makeTask(envId, { kwargs: demonstrator.envKwargs }) };
};
const prepared = prepare();

port.on('message', async ({ at, order }: DemonstrationWorkerRequest) => {
  const send = (message: DemonstrationWorkerMessage) => port.postMessage(message);
  try {
    const { demonstrator, simulator } = await prepared;
    send({ at, made: await demonstrate(demonstrator, simulator, order) });
  } catch (error) {
    send({ at, failed: packError(error) });
  }
});
