import { replayEpisode } from '../../demos/replay.ts';
import { makeTask } from '../../envs/task.ts';
import { InterruptedError } from '../errors.ts';
import { decodeFloats } from '../stream/floats.ts';
import type { EpisodeMessage } from '../stream/wire.ts';

/** What a check of recorded episodes found. */
export interface EpisodesCheck {
  readonly checked: number;
  /** One sentence per episode that does not come to the same: which, from which step on, and what came instead. */
  readonly problems: readonly string[];
}

/**
 * Runs recorded episodes again from their seeds and actions.
 *
 * @throws UnregisteredEnvError when the environment is not known here; InterruptedError when `signal` was aborted.
 */
export async function checkEpisodes(
  episodes: readonly EpisodeMessage[],
  options: { readonly signal?: AbortSignal; onEpisode?(done: number, total: number): void } = {},
): Promise<EpisodesCheck> {
  await import('../../envs/index.ts');
  const problems: string[] = [];
  const [first] = episodes;
  if (first === undefined) return { checked: 0, problems };
  const made = await makeTask(first.env);
  try {
    for (const [i, episode] of episodes.entries()) {
      if (options.signal?.aborted === true) {
        throw new InterruptedError({
          what: `The check was stopped after ${i} of ${episodes.length} episodes`,
        });
      }
      const problem = difference(episode, made);
      if (problem !== null) problems.push(problem);
      options.onEpisode?.(i + 1, episodes.length);
      // lets signals through between episodes
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    made.env.close();
  }
  return { checked: episodes.length, problems };
}

function difference(episode: EpisodeMessage, made: Awaited<ReturnType<typeof makeTask>>): string | null {
  const name = `episode ${episode.episode} (context ${episode.context}, seed ${episode.seed})`;
  const { actionNames, observationNames } = made.task;
  const columns = {
    'observation.state': decodeFloats(episode.observations),
    action: decodeFloats(episode.actions),
  };
  const fits =
    columns.action.length === episode.steps * actionNames.length &&
    columns['observation.state'].length === episode.steps * observationNames.length;
  if (!fits) return `${name}: its actions and observations are not those of ${episode.steps} steps`;
  const replay = replayEpisode(made, {
    length: episode.steps,
    columns,
    seed: episode.seed,
    resetOptions: episode.options,
    mode: episode.mode,
    success: episode.success,
    finalStateHash: episode.stateHash,
    provenance: { source: 'rollout', author: '', settings: {} },
  });
  if (replay.same) return null;
  const where =
    replay.firstDifference === null ? 'after the last step' : `from step ${replay.firstDifference} on`;
  return `${name} differs ${where}: state hash ${replay.stateHash}, recorded ${episode.stateHash}`;
}
