import { type EpisodeOutcome, type MadeTask, makeTask } from '../envs/task.ts';
import type { Episode } from '../src/data/episode.ts';
import type { EnvKwargs } from '../src/gym/registry.ts';

/** What a replay came to, beside what was recorded. */
export interface ReplayResult {
  /** Whether outcome, state hash and every observation are those of the recording, bit for bit. */
  readonly same: boolean;
  readonly outcome: EpisodeOutcome;
  readonly stateHash: string;
  /** First control step whose observation differs from the recorded one; null when none does. */
  readonly firstDifference: number | null;
}

/**
 * Runs the recorded actions of an episode again from its seed and reset options.
 *
 * @param made - the environment, made with the arguments under which the episode was recorded.
 * @throws InvalidActionError when a recorded action is not a member of the action space.
 */
export function replayEpisode({ env, task }: MadeTask, episode: Episode): ReplayResult {
  const observations = episode.columns['observation.state'] ?? new Float32Array();
  const actions = episode.columns.action ?? new Float32Array();
  const observationSize = observations.length / episode.length;
  const actionSize = actions.length / episode.length;
  let { observation } = env.reset({ seed: episode.seed, options: episode.resetOptions });
  let firstDifference: number | null = null;
  for (let t = 0; t < episode.length; t++) {
    const recorded = observations.subarray(t * observationSize, (t + 1) * observationSize);
    if (firstDifference === null && !observation.every((value, i) => Object.is(value, recorded[i]))) {
      firstDifference = t;
    }
    const step = env.step(actions.slice(t * actionSize, (t + 1) * actionSize));
    observation = step.observation;
    if ((step.terminated || step.truncated) && t + 1 < episode.length) {
      firstDifference ??= t + 1;
      break;
    }
  }
  const outcome = task.outcome();
  const stateHash = task.stateHash();
  const same =
    firstDifference === null &&
    outcome.success === episode.success &&
    outcome.mode === episode.mode &&
    stateHash === episode.finalStateHash;
  return { same, outcome, stateHash, firstDifference };
}

/**
 * Runs an episode again in an environment of its own, made with the arguments that its provenance names.
 *
 * @throws what `makeTask` and {@link replayEpisode} throw.
 */
export async function replayAfresh(envId: string, episode: Episode): Promise<ReplayResult> {
  const { envKwargs } = episode.provenance.settings as { readonly envKwargs?: EnvKwargs };
  const fresh = await makeTask(envId, envKwargs === undefined ? {} : { kwargs: envKwargs });
  try {
    return replayEpisode(fresh, episode);
  } finally {
    fresh.env.close();
  }
}
