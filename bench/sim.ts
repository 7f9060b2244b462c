/**
 * What simulating costs, for every registered task.
 *
 * `tasks[id].ratio` is the rate of control steps of `Env.step` (wrappers, command, friction, contacts, observation, judgement)
 * over that of the bare engine, which goes through the same demonstrated episodes in the same process: the same world, restored
 * from a snapshot, told the same impulses, velocities and motor commands between the same sub-steps, down to the same final
 * state (`sameStates`), but asked for nothing. Resets are left out of both; the two take turns, and the ratio is the median of
 * the rounds.
 *
 * `workers2` is the throughput of a vector of 64 in two worker threads over that in one, the median over the tasks; it needs
 * two idle processors. `single`, `vector` and `workers` are environment steps per second: in this thread by demonstrations, and
 * in vectors of 64 by random actions with autoreset. Higher is better throughout.
 */
import '../envs/index.ts';
import { list } from '../src/gym/registry.ts';
import { loadPhysics } from '../src/physics/planar-world.ts';
import { type Benchmark, median, round3 } from './support/benchmark.ts';
import { replayOnEngine } from './support/engine-trace.ts';
import { demonstratedEpisodes, timeEnv } from './support/sim-episodes.ts';
import { vectorRates } from './support/sim-vectors.ts';

const rounds = 9;
const stepsPerRound = 1500;

/** Times a task and the bare engine in turns. */
async function taskAgainstEngine(id: string) {
  const work = await demonstratedEpisodes(id, stepsPerRound);
  const envTimes: number[] = [];
  const engineTimes: number[] = [];
  let sameStates = true;
  for (let round = 0; round <= rounds; round++) {
    const replays = work.episodes.map(({ trace }) => replayOnEngine(trace));
    const engine = replays.reduce((sum, { microseconds }) => sum + microseconds, 0) / work.steps;
    const env = timeEnv(work);
    sameStates &&= replays.every(({ same }) => same);
    // the first round only lets the compiler see everything
    if (round === 0) continue;
    engineTimes.push(engine);
    envTimes.push(env);
  }
  work.made.env.close();
  // neighbours in time share what else the machine is doing
  const ratio = median(engineTimes.map((engine, i) => engine / (envTimes[i] as number)));
  return {
    ratio: round3(ratio),
    engineMicroseconds: round3(median(engineTimes)),
    envMicroseconds: round3(median(envTimes)),
    single: round3(1e6 / median(envTimes)),
    sameStates,
  };
}

async function measure(id: string) {
  const single = await taskAgainstEngine(id);
  const { vector, workers, workers2, workers2Paired } = await vectorRates(id);
  return {
    ...single,
    vector: round3(vector),
    workers: round3(workers),
    workers2: round3(workers2),
    workers2Paired: round3(median(workers2Paired)),
  };
}

export const benchmark: Benchmark = {
  description: 'control steps per second: every task against the bare engine, two workers against one',

  async run(say) {
    await loadPhysics();
    const tasks: Record<string, Awaited<ReturnType<typeof measure>>> = {};
    for (const { id } of list()) {
      say(id);
      tasks[id] = await measure(id);
    }
    const all = Object.values(tasks);
    const workers2 = round3(median(all.map((task) => task.workers2)));
    const sameStates = all.every((task) => task.sameStates);
    const lines = Object.entries(tasks).map(([id, task]) =>
      [
        id.padEnd(14),
        `${task.envMicroseconds} µs a step, the engine ${task.engineMicroseconds}: ratio ${task.ratio};`,
        `per second ${task.single} single, ${task.vector} in a vector of 64,`,
        `${task.workers} in two workers (${task.workers2} times one)`,
      ].join(' '),
    );
    return {
      json: { tasks, workers2, sameStates },
      text: [
        ...lines,
        `two workers: ${workers2} times one, the median over the tasks`,
        `the bare engine came to ${sameStates ? 'the same states' : 'OTHER STATES'}`,
      ].join('\n'),
    };
  },
};
