import '../../../envs/index.ts';
import { recordingInfo } from '../../../demos/episode-recorder.ts';
import { makeTask } from '../../../envs/task.ts';
import type { Episode } from '../../../src/data/episode.ts';
import { TeleoperationSession } from '../../../src/teleoperation/session.ts';
import { MemoryDataset } from '../demos/memory-dataset.ts';

/** Where to point next to pass the middle of Reach-v0 on one side: beside it, then at the goal. */
export function reachPoint(commandedY: number, side: 'left' | 'right'): readonly [number, number] {
  return commandedY < 0.02 ? [side === 'left' ? 0.42 : 0.58, 0.03] : [0.5, 0.2];
}

/** Drives the running episode of Reach-v0 to its end, by points. */
export async function driveReach(session: TeleoperationSession, side: 'left' | 'right'): Promise<void> {
  while (session.phase === 'recording') {
    session.steer({ kind: 'point', point: reachPoint(session.state.commanded[1] ?? 0, side) }, 'mouse');
    await session.advance();
  }
}

/** A session that records into memory. */
export async function memorySession(
  envId = 'Reach-v0',
  options: {
    readonly keepsFailures?: boolean;
    readonly seed?: number;
    readonly dataset?: MemoryDataset;
  } = {},
  episodes: readonly Episode[] = [],
): Promise<{ readonly session: TeleoperationSession; readonly dataset: MemoryDataset }> {
  const { keepsFailures = false, seed = 0 } = options;
  const { env, task } = await makeTask(envId);
  env.close();
  const dataset = options.dataset ?? new MemoryDataset(recordingInfo(envId, task), episodes);
  const session = await TeleoperationSession.create({
    envId,
    dataset,
    operatorName: 'anna',
    seed,
    keepsFailures,
  });
  return { session, dataset };
}
