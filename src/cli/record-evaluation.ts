import { InterruptedError, ModewiseError } from '../errors.ts';
import type { EpisodeRow } from '../eval/rollout.ts';
import { LiveRollouts } from '../live/live-rollouts.ts';
import { loadPolicy } from '../policies/run-directory.ts';
import type { EpisodeMessage } from '../stream/wire.ts';
import { openRecording } from './recording-output.ts';
import type { VerbContext } from './verb.ts';

/** Episodes side by side in the recording of an evaluation. */
const SIDE_BY_SIDE = 100;
/** Steps between two scores in the recording. */
const SCORE_EVERY_STEPS = 15;

/** What {@link recordEvaluation} needs. */
export interface RecordEvaluationOptions {
  readonly directory: string;
  readonly envId: string;
  readonly overrides: Readonly<Record<string, unknown>>;
  /** For people. */
  readonly policyName: string;
  readonly record: string;
  readonly force: boolean;
  readonly rows: readonly EpisodeRow[];
  readonly seed: number;
}

/**
 * Keeps the episodes of an evaluation as a recording. They were run one by one on workers; for the recording they run
 * again, side by side, and must come to the same states. The same evaluation gives the same file.
 *
 * @throws ModewiseError when an episode does not come to the state of its row; InterruptedError when `signal` was
 *   aborted: the recording ends there then, and can be watched.
 */
export async function recordEvaluation(
  options: RecordEvaluationOptions,
  { progress, signal }: Pick<VerbContext<unknown>, 'progress' | 'signal'>,
): Promise<void> {
  const { envId, rows, seed } = options;
  const expected = new Map(rows.map((row) => [`${row.contextName}/${row.seed}`, row.stateHash]));
  const policy = await loadPolicy(options.directory, options.overrides);
  const output = await openRecording(options.record, options);
  const { writer } = output;
  progress.start('recording');
  let finished = 0;
  let live: LiveRollouts | null = null;
  try {
    live = await LiveRollouts.create({
      envId,
      policy,
      seed,
      rollouts: SIDE_BY_SIDE,
      episodes: rows.length,
      onEpisode(episode) {
        requireSame(episode, expected.get(`${episode.context}/${episode.seed}`));
        writer.publishEpisode(episode);
        progress.update(++finished, rows.length);
      },
    });
    const { frame, task } = live;
    const { rollouts } = frame;
    writer.publishScene(task.scene, live.facts);
    writer.publishStatus({
      policy: options.policyName,
      paused: false,
      speed: 1,
      rollouts,
      maxRollouts: rollouts,
    });
    writer.publishFrame(frame);
    for (let step = 1; !live.done; step++) {
      live.step();
      writer.publishFrame(frame);
      if (step % SCORE_EVERY_STEPS === 0 || live.done) writer.publishScore(live.score());
      // the chunks go out, and a Ctrl-C comes in
      if (step % SCORE_EVERY_STEPS === 0) {
        await writer.flush();
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (signal.aborted && !live.done) {
        throw new InterruptedError({
          what: `The recording was stopped after ${finished} of ${rows.length} rollouts`,
          where: options.record,
          remedy: 'the evaluation itself is complete and has been kept',
        });
      }
    }
  } finally {
    live?.close();
    await output.close(live?.done ?? false);
  }
}

function requireSame(episode: EpisodeMessage, expected: string | undefined): void {
  if (episode.stateHash === expected) return;
  throw new ModewiseError({
    what: 'An episode did not come to the same state when it was run again for the recording',
    where: `context ${episode.context}, seed ${episode.seed}`,
    found: `state hash ${episode.stateHash}`,
    expected: expected ?? 'an episode of the evaluation',
  });
}
