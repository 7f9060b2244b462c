/**
 * What simulating costs. Per task, the rate of control steps of the whole environment (command, friction, contacts,
 * observation, judgement, resets, under random actions) over that of the bare engine stepping the bodies of the same scene in the
 * same run; then Avoiding-v0 in two workers against one thread, verified demonstrations per second, and whether every worker saw
 * the same states.
 *
 * `tasks[id].ratio` is the environment's rate over the engine's, `workers2` the throughput of two workers over that of one
 * thread: higher is better.
 */
import { once } from 'node:events';
import '../envs/index.ts';
import { avoidingDemonstrator } from '../demos/avoiding.ts';
import { makeTask } from '../envs/task.ts';
import { loadPhysics } from '../src/physics/planar-world.ts';
import { Rng } from '../src/random.ts';
import { spawnWorker } from '../src/spawn-worker.ts';
import { bareScene } from './support/bare-scene.ts';
import { type Benchmark, median, round3 } from './support/benchmark.ts';
import { type SimRun, simulate } from './support/sim-run.ts';

const trials = 9;
const stepsPerTrial = 1500;

/** Engine steps in a control step, by task. */
const subSteps: Readonly<Record<string, number>> = {
  'Avoiding-v0': 5,
  'BlockPush-v0': 20,
  'Pushing-v0': 7,
  'Reach-v0': 7,
  'Sorting2-v0': 7,
  'Sorting4-v0': 7,
  'Sorting6-v0': 7,
};

/** Times a task and its bare scene in turns. */
async function taskAgainstEngine(id: string, steps: number) {
  const { env, task } = await makeTask(id);
  env.reset({ seed: 0 });
  const bare = bareScene(task, steps);
  env.close();
  const envTimes: number[] = [];
  const engineTimes: number[] = [];
  for (let trial = 0; trial < trials; trial++) {
    engineTimes.push(bare.time(stepsPerTrial));
    envTimes.push((await simulate(stepsPerTrial, id)).microsecondsPerStep);
  }
  bare.dispose();
  const [envMicroseconds, engineMicroseconds] = [median(envTimes), median(engineTimes)];
  // neighbours in time share what else the machine is doing
  const ratio = median(engineTimes.map((engine, i) => engine / (envTimes[i] as number)));
  return {
    ratio: round3(ratio),
    envMicroseconds: round3(envMicroseconds),
    engineMicroseconds: round3(engineMicroseconds),
    envStepsPerSecond: round3(1e6 / envMicroseconds),
  };
}

async function inWorkers(count: number): Promise<SimRun[]> {
  const workers = Array.from({ length: count }, () => spawnWorker('./support/sim-worker', import.meta.url));
  // loading is not what is measured: each worker says when it is ready, and all start together
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const results = workers.map(async (worker) => ((await once(worker, 'message')) as [SimRun])[0]);
  for (const worker of workers) worker.postMessage(stepsPerTrial);
  const runs = await Promise.all(results);
  await Promise.all(workers.map((worker) => worker.terminate()));
  return runs;
}

async function demonstrationsPerSecond(): Promise<number> {
  const { env, task } = await makeTask('Avoiding-v0', { kwargs: avoidingDemonstrator.envKwargs });
  const rates: number[] = [];
  for (let trial = 0; trial < trials; trial++) {
    const start = performance.now();
    for (let mode = 0; mode < 24; mode++) {
      let { observation } = env.reset({ seed: mode });
      const rng = Rng.fromSeed(trial).fork(mode);
      const pilot = avoidingDemonstrator.begin({ task, mode, rng, trunk: 1 });
      const actions: Float32Array[] = [];
      for (let action = pilot.act(observation); action !== null; action = pilot.act(observation)) {
        actions.push(action);
        observation = env.step(action).observation;
      }
      const recorded = task.stateHash();
      env.reset({ seed: mode });
      for (const action of actions) env.step(action);
      if (task.stateHash() !== recorded) throw new Error('a replay ended in another state');
    }
    rates.push((24 * 1000) / (performance.now() - start));
  }
  env.close();
  return median(rates);
}

export const benchmark: Benchmark = {
  description:
    'control steps and demonstrations per second: every task against the bare engine, two workers against one thread',

  async run(say) {
    await loadPhysics();
    const tasks: Record<string, Awaited<ReturnType<typeof taskAgainstEngine>>> = {};
    for (const [id, steps] of Object.entries(subSteps)) {
      say(id);
      tasks[id] = await taskAgainstEngine(id, steps);
    }
    say('two workers');
    const speedups: number[] = [];
    let sameStates = true;
    for (let trial = 0; trial < 3; trial++) {
      const one = await simulate(stepsPerTrial);
      const runs = await inWorkers(2);
      speedups.push(runs.reduce((sum, run) => sum + one.microsecondsPerStep / run.microsecondsPerStep, 0));
      sameStates &&= runs.every(({ stateHash }) => stateHash === one.stateHash);
    }
    const workers2 = round3(median(speedups));
    say('demonstrations');
    const demonstrations = round3(await demonstrationsPerSecond());
    const lines = Object.entries(tasks).map(
      ([id, { engineMicroseconds, envMicroseconds, ratio }]) =>
        `${id.padEnd(12)} ${envMicroseconds} µs a control step, the bare engine ${engineMicroseconds} µs: ` +
        `${ratio} of its rate`,
    );
    return {
      json: { tasks, workers2, sameStates, demonstrationsPerSecond: demonstrations },
      text: [
        'medians, one thread',
        ...lines,
        `two workers: ${workers2} times one thread; states ${sameStates ? 'equal' : 'DIFFERENT'} in all`,
        `demonstrations of Avoiding-v0, recorded and replayed: ${demonstrations} per second`,
      ].join('\n'),
    };
  },
};
