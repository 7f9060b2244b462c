import { type MadeTask, makeTask, type Task } from '../envs/task.ts';
import type { Episode } from '../src/data/episode.ts';
import { ModewiseError } from '../src/errors.ts';
import { Rng } from '../src/random.ts';
import type { Demonstrator } from './demonstrator.ts';
import { EpisodeRecorder } from './episode-recorder.ts';
import { replayEpisode } from './replay.ts';

/** Attempts at one demonstration before `collect` gives up; a sound demonstrator needs few. */
const maxAttempts = 20;

/** One demonstration to make; it depends on nothing else. */
export interface DemonstrationOrder {
  readonly mode: number;
  /** Number of the demonstration in its mode. */
  readonly index: number;
  /** Seed of the collection. */
  readonly seed: number;
  readonly trunk: number;
}

/** A demonstration that succeeds in its mode and replays. */
export interface Demonstration {
  readonly episode: Episode;
  /** Attempts before it that did not. */
  readonly discarded: number;
}

/**
 * Makes one verified demonstration.
 *
 * @param simulator - the demonstrator's environment, made with its arguments.
 * @throws ModewiseError when no attempt succeeds.
 */
export async function demonstrate(
  demonstrator: Demonstrator,
  simulator: MadeTask,
  order: DemonstrationOrder,
): Promise<Demonstration> {
  const { envId, envKwargs } = demonstrator;
  const root = Rng.fromSeed(order.seed).fork('demonstration').fork(order.mode).fork(order.index);
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const episode = record(demonstrator, simulator, { ...order, attempt, rng: root.fork(attempt) });
    if (!episode.success || episode.mode !== order.mode) continue;
    const fresh = await makeTask(envId, { kwargs: envKwargs });
    const { same } = replayEpisode(fresh, episode);
    fresh.env.close();
    if (same) return { episode, discarded: attempt };
  }
  throw new ModewiseError({
    what: `${demonstrator.name} found no demonstration that succeeds and replays`,
    where: `${envId}, mode '${simulator.task.behavior.modes[order.mode]}', index ${order.index}`,
    found: `${maxAttempts} failed attempts`,
    remedy: 'this is a defect of the demonstrator: report it with the seed',
  });
}

/** Drives one attempt and records it. */
function record(
  demonstrator: Demonstrator,
  { env, task }: MadeTask,
  attempt: DemonstrationOrder & { readonly attempt: number; readonly rng: Rng },
): Episode {
  const { index, mode, rng, seed, trunk } = attempt;
  const envSeed = rng.fork('env').seed();
  const recorder = new EpisodeRecorder();
  let { observation } = env.reset({ seed: envSeed });
  const pilot = demonstrator.begin({ task: task satisfies Task, mode, rng: rng.fork('pilot'), trunk });
  for (let ended = false; !ended; ) {
    const action = pilot.act(observation);
    if (action === null) break;
    const step = env.step(action);
    recorder.push(observation, action, { reward: step.reward, success: task.outcome().success });
    observation = step.observation;
    ended = step.terminated || step.truncated;
  }
  return recorder.finish(task, {
    seed: envSeed,
    resetOptions: {},
    provenance: {
      source: 'scripted',
      author: demonstrator.name,
      settings: { seed, index, attempt: attempt.attempt, trunk, envKwargs: demonstrator.envKwargs },
    },
  });
}
