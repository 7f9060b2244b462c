/**
 * What simulating costs, for every registered task.
 *
 * `tasks[id].ratio` is the rate of control steps of `Env.step` (wrappers, command, friction, contacts, observation, judgement)
 * over that of the bare engine, which goes through the same demonstrated episodes in the same process: the same world, restored
 * from a snapshot, told the same impulses, velocities and motor commands between the same sub-steps, down to the same final
 * state (`sameStates`), but asked for nothing. Resets are left out of both. The two take turns, and of every stretch of 25 steps
 * the fastest of 12 rounds counts, for either: that leaves out what else the machine does, and the collector's pauses.
 *
 * `workers2` is the throughput of a vector of 64 in two worker threads over that in one, the median over the tasks; it needs
 * two idle processors. `single`, `vector` and `workers` are environment steps per second: in this thread by demonstrations, and
 * in vectors of 64 by random actions. Higher is better throughout.
 */
import '../envs/index.ts';
import { list } from '../src/gym/registry.ts';
import { loadPhysics } from '../src/physics/planar-world.ts';
import { type Benchmark, median, round3 } from './support/benchmark.ts';
import { replayOnEngine } from './support/engine-trace.ts';
import { demonstratedEpisodes, timeEnv } from './support/sim-episodes.ts';
import { vectorRates } from './support/sim-vectors.ts';

const rounds = 12;
const stepsPerRound = 1500;

/** Takes the faster of two times of each stretch. */
function fastest(known: readonly number[] | undefined, times: readonly number[]): readonly number[] {
  return known === undefined ? times : times.map((time, i) => Math.min(time, known[i] as number));
}

/** Times a task and the bare engine in turns, episode by episode. */
async function taskAgainstEngine(id: string) {
  const { episodes, made, steps } = await demonstratedEpisodes(id, stepsPerRound);
  const engineTimes: (readonly number[])[] = [];
  const envTimes: (readonly number[])[] = [];
  let sameStates = true;
  for (let round = 0; round < rounds; round++) {
    for (const [i, episode] of episodes.entries()) {
      const { microseconds, same } = replayOnEngine(episode.trace);
      sameStates &&= same;
      engineTimes[i] = fastest(engineTimes[i], microseconds);
      envTimes[i] = fastest(envTimes[i], timeEnv(made, episode));
    }
  }
  made.env.close();
  const perStep = (times: readonly (readonly number[])[]) =>
    times.flat().reduce((sum, time) => sum + time, 0) / steps;
  const [engine, env] = [perStep(engineTimes), perStep(envTimes)];
  return {
    ratio: round3(engine / env),
    engineMicroseconds: round3(engine),
    envMicroseconds: round3(env),
    single: round3(1e6 / env),
    sameStates,
  };
}

async function measure(id: string) {
  const single = await taskAgainstEngine(id);
  const { vector, workers, workers2 } = await vectorRates(id);
  return {
    ...single,
    vector: round3(vector),
    workers: round3(workers),
    workers2: round3(workers2),
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
