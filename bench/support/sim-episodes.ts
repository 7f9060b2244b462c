import { demonstratorFor } from '../../demos/demonstrator.ts';
import { type MadeTask, makeTask } from '../../envs/task.ts';
import { Rng } from '../../src/random.ts';
import { EngineRecorder, type EngineTrace } from './engine-trace.ts';

/** Control steps that are timed together: so few that some round gets through them undisturbed. */
const stretch = 25;

/** A demonstrated episode: what the task was told, and what the engine was told by the task. */
export interface SimEpisode {
  readonly seed: number;
  readonly actions: readonly Float32Array[];
  readonly trace: EngineTrace;
}

/** A task with episodes to run it through. */
export interface SimWork {
  readonly made: MadeTask;
  readonly episodes: readonly SimEpisode[];
  /** Control steps in all episodes. */
  readonly steps: number;
}

/** Lets the demonstrator of a task solve it, in all modes in turn, until there are enough control steps. */
export async function demonstratedEpisodes(id: string, enoughSteps: number): Promise<SimWork> {
  const demonstrator = await demonstratorFor(id);
  const made = await makeTask(id, { kwargs: demonstrator.envKwargs });
  const { env, task } = made;
  const recorder = new EngineRecorder();
  const episodes: SimEpisode[] = [];
  let steps = 0;
  try {
    for (let seed = 0; steps < enoughSteps; seed++) {
      const mode = seed % task.behavior.modes.length;
      const actions = rehearse(made, demonstrator.begin, { seed, mode });
      env.reset({ seed });
      recorder.begin();
      for (const [i, action] of actions.entries()) {
        if (i % stretch === 0) recorder.mark();
        env.step(action);
      }
      episodes.push({ seed, actions, trace: recorder.end() });
      steps += actions.length;
    }
  } finally {
    recorder.stop();
  }
  return { made, episodes, steps };
}

/** Finds the actions; a demonstrator may try others out in a world of its own, which is not to be recorded. */
function rehearse(
  { env, task }: MadeTask,
  begin: Awaited<ReturnType<typeof demonstratorFor>>['begin'],
  { mode, seed }: { readonly mode: number; readonly seed: number },
): readonly Float32Array[] {
  let { observation } = env.reset({ seed });
  const pilot = begin({ task, mode, rng: Rng.fromSeed(seed), trunk: 1 });
  const actions: Float32Array[] = [];
  for (let ended = false; !ended; ) {
    const action = pilot.act(observation);
    if (action === null) break;
    actions.push(action);
    const step = env.step(action);
    observation = step.observation;
    ended = step.terminated || step.truncated;
  }
  return actions;
}

/** Runs an episode through `Env.step`; the times of its stretches, microseconds. The reset is left out. */
export function timeEnv({ env }: MadeTask, { actions, seed }: SimEpisode): readonly number[] {
  const microseconds: number[] = [];
  env.reset({ seed });
  let start = performance.now();
  for (let i = 0; i < actions.length; i++) {
    if (i > 0 && i % stretch === 0) {
      const now = performance.now();
      microseconds.push((now - start) * 1000);
      start = now;
    }
    env.step(actions[i] as Float32Array);
  }
  microseconds.push((performance.now() - start) * 1000);
  return microseconds;
}
