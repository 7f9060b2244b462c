/**
 * What simulating costs. Per control step of Avoiding-v0 (5 physics sub-steps, contacts, observation, judgement): the whole
 * environment against the bare engine stepping an equal scene in the same run, and with all CPU cores' worth of workers
 * against one thread. Then verified demonstrations per second, and whether every worker saw the same states.
 *
 * `envOverBareEngine.ratio` is the environment's time over the engine's: lower is better, 1 would be free.
 * `workers.ratio` is the throughput of the workers over that of one thread: higher is better.
 */
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import '../envs/index.ts';
import { avoidingDemonstrator } from '../demos/avoiding.ts';
import * as layout from '../envs/avoiding/layout.ts';
import { makeTask } from '../envs/task.ts';
import { loadPhysics, PlanarWorld } from '../src/physics/planar-world.ts';
import { Rng } from '../src/random.ts';
import { spawnWorker } from '../src/spawn-worker.ts';
import { type Benchmark, median, round3 } from './support/benchmark.ts';
import { type SimRun, simulate } from './support/sim-run.ts';

const trials = 9;
const stepsPerTrial = 2000;

/** The scene of Avoiding without its environment: nothing is observed, commanded or judged. */
function bareEngine() {
  const world = new PlanarWorld({
    subStepSeconds: layout.controlSeconds / layout.subSteps,
    lengthUnit: 2 * layout.rodRadius,
  });
  const { x, y } = layout.start;
  const shape = { kind: 'disc', radius: layout.rodRadius } as const;
  const rod = world.add({ name: 'rod', shape, poseInWorld: [x, y, 0], motion: 'sliding' });
  for (const obstacle of layout.obstacles) {
    const { name, radius } = obstacle;
    const poseInWorld = [obstacle.x, obstacle.y, 0] as const;
    world.add({ name, shape: { kind: 'disc', radius }, poseInWorld, motion: 'fixed' });
  }
  return { rod, world };
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
    'control steps and demonstrations per second: Avoiding against the bare engine, workers against one thread',

  async run(say) {
    await loadPhysics();
    const { rod, world } = bareEngine();
    const engine: number[] = [];
    const env: number[] = [];
    say('one thread');
    for (let trial = 0; trial < trials; trial++) {
      const start = performance.now();
      for (let i = 0; i < stepsPerTrial; i++) {
        // to and fro: a body at rest would be cheaper
        rod.rigidBody.setLinvel({ x: 0.3, y: i % 4 < 2 ? 0.3 : -0.3 }, true);
        if (i % 20 === 0) rod.rigidBody.setTranslation(layout.start, true);
        for (let j = 0; j < layout.subSteps; j++) world.step();
      }
      engine.push(((performance.now() - start) * 1000) / stepsPerTrial);
      env.push((await simulate(stepsPerTrial)).microsecondsPerStep);
    }
    world.dispose();
    const cores = availableParallelism();
    say(`${cores} workers`);
    const alone = await simulate(stepsPerTrial);
    const runs = await inWorkers(cores);
    say('demonstrations');
    const demonstrations = round3(await demonstrationsPerSecond());
    const envMicroseconds = median(env);
    const engineMicroseconds = median(engine);
    const together = runs.reduce((sum, { microsecondsPerStep }) => sum + 1e6 / microsecondsPerStep, 0);
    const envOverBareEngine = {
      envMicroseconds: round3(envMicroseconds),
      engineMicroseconds: round3(engineMicroseconds),
      ratio: round3(envMicroseconds / engineMicroseconds),
    };
    const workers = {
      count: cores,
      stepsPerSecond: round3(together),
      ratio: round3((together * envMicroseconds) / 1e6),
      sameStates: runs.every(({ stateHash }) => stateHash === alone.stateHash),
    };
    return {
      json: { envOverBareEngine, workers, demonstrationsPerSecond: demonstrations },
      text: [
        'Avoiding-v0, 5 sub-steps a control step; medians',
        `one thread: ${envOverBareEngine.envMicroseconds} µs a control step, the bare engine ` +
          `${envOverBareEngine.engineMicroseconds} µs (ratio ${envOverBareEngine.ratio})`,
        `${cores} workers: ${workers.stepsPerSecond} steps/s, ${workers.ratio} times one thread; ` +
          `states ${workers.sameStates ? 'equal' : 'DIFFERENT'} in all`,
        `demonstrations, recorded and replayed: ${demonstrations} per second`,
      ].join('\n'),
    };
  },
};
