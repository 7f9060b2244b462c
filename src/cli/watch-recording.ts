import { once } from 'node:events';
import { join } from 'node:path';
import { projectRoot } from './project.ts';
import { checkEpisodes } from './recorded-episodes.ts';
import type { VerbContext, VerbResult } from './verb.ts';

/** What {@link watchRecording} needs. */
export interface WatchRecordingOptions {
  readonly path: string;
  readonly port: number;
  readonly host: string;
}

/** Serves the viewer with a recording, each client at its own position, until the signal is aborted. */
export async function watchRecording(
  { host, path, port }: WatchRecordingOptions,
  { clock, print, say, signal, warn }: VerbContext<unknown>,
): Promise<void> {
  const { readRecording } = await import('../stream/recording.ts');
  const { Player } = await import('../stream/player.ts');
  const { startStreamServer } = await import('../stream/server.ts');
  const recording = readRecording(path);
  if (!recording.complete) warn(endsEarly(path));
  const { complete, durationSeconds, episodes, frames, scene } = recording;
  const server = await startStreamServer({
    port,
    host,
    page: join(projectRoot(), 'dist', 'viewer'),
    clock: Date.now,
    perClient(channels) {
      const player = new Player(recording, channels, clock);
      return () => player.stop();
    },
  });
  try {
    const facts = {
      env: scene.env,
      frames: frames.length,
      episodes: episodes.length,
      durationSeconds,
      complete,
    };
    print({ json: { recording: path, url: server.url, port: server.port, ...facts }, text: server.url });
    say(`replaying ${durationSeconds.toFixed(1)} s of ${scene.env}; Ctrl-C ends it`);
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    await server.close();
    recording.close();
  }
}

/** Runs the episodes of a recording again and says whether they come to the same. */
export async function verifyRecording(
  path: string,
  { progress, signal, warn }: VerbContext<unknown>,
): Promise<VerbResult> {
  const { readRecording } = await import('../stream/recording.ts');
  const recording = readRecording(path);
  if (!recording.complete) warn(endsEarly(path));
  progress.start('running the episodes again');
  recording.close();
  const { checked, problems } = await checkEpisodes(recording.episodes, {
    signal,
    onEpisode: (done, total) => progress.update(done, total),
  });
  const same = checked - problems.length;
  return {
    json: { recording: path, complete: recording.complete, episodes: checked, same, problems },
    text: [`${same} of ${checked} episodes come to the same state again, bit for bit`, ...problems].join(
      '\n',
    ),
    ...(problems.length === 0
      ? {}
      : { exitCode: 1, warning: `${problems.length} episodes of ${path} do not come to the same again` }),
  };
}

function endsEarly(path: string): string {
  return `${path} ends early: whoever wrote it was cut off; what is before its last whole chunk is used`;
}
