import { closeSync, openSync, readSync } from 'node:fs';
import { McapStreamReader } from '@mcap/core';
import { RecordingError } from '../errors.ts';
import { CHANNELS } from './channels.ts';
import { decodeFrame, type Frame } from './frame.ts';
import { findMessages, type MessagePosition } from './message-positions.ts';
import { type RecordedMessages, readMessage } from './recorded-messages.ts';
import { RECORDING_PROFILE } from './recording-writer.ts';
import type { EpisodeMessage, SceneMessage, ScoreMessage } from './wire.ts';

/** Bytes read at a time. */
const PIECE_BYTES = 1024 * 1024;
/** Most bytes of scores and episodes that are held; a recording with more is refused rather than filling the memory. */
const MAX_HELD_BYTES = 512 * 1024 * 1024;
/** Most frames: each takes some memory for its place in the file. */
const MAX_FRAMES = 4_000_000;

/** A message and when it was sent, seconds since the first frame. */
interface Timed<T> {
  readonly timeSeconds: number;
  readonly value: T;
}

/** Where a frame lies in the file of a recording. */
interface FramePlace {
  /** Seconds since the first frame. */
  readonly timeSeconds: number;
  readonly position: number;
  readonly byteLength: number;
}

/** What a recording holds; made by {@link readRecording}. Its frames stay in the file until they are wanted. */
export interface Recording {
  readonly path: string;
  /** The open file. */
  readonly file: number;
  /** False when whoever wrote it was cut off: it ends with the last whole chunk. */
  readonly complete: boolean;
  readonly scene: SceneMessage;
  readonly policy: string;
  /** By time, ascending; never empty. */
  readonly frames: readonly FramePlace[];
  readonly scores: readonly Timed<ScoreMessage>[];
  readonly episodes: readonly EpisodeMessage[];
  readonly durationSeconds: number;
  /** Closes the file. */
  close(): void;
}

/**
 * Reads a frame of a recording; its time is that since the beginning of the recording.
 *
 * @throws RecordingError when the file is no longer what it was.
 */
export function frameAt({ file, frames, path }: Recording, index: number): Frame {
  const place = frames[index];
  if (place === undefined) throw new RangeError(`${index} is not a frame of the recording`);
  const bytes = new Uint8Array(place.byteLength);
  try {
    readSync(file, bytes, 0, bytes.byteLength, place.position);
    return { ...decodeFrame(bytes), timeSeconds: place.timeSeconds };
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new RecordingError(
      { what: 'The recording has been changed since it was opened', where: `${path}, frame ${index}`, found },
      { cause },
    );
  }
}

/**
 * Opens a recording that `--record` made, and checks all of it. To be closed by the caller.
 *
 * @throws RecordingError when it is missing, not MCAP, not ours, damaged, or holds no frame.
 */
export function readRecording(path: string): Recording {
  const reader = new McapStreamReader();
  const content = new Content(path);
  let isOpen = false;
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new RecordingError({ what: 'The recording cannot be opened', where: path, found }, { cause });
  }
  try {
    const piece = new Uint8Array(PIECE_BYTES);
    for (;;) {
      const bytes = readSync(file, piece);
      if (bytes === 0 || reader.done()) break;
      reader.append(piece.slice(0, bytes));
      for (let record = reader.nextRecord(); record !== undefined; record = reader.nextRecord()) {
        if (record.type === 'Header') content.checkProfile(record.profile);
        else if (record.type === 'Channel') content.topics.set(record.id, record.topic);
        else if (record.type === 'Message') content.take(record.channelId, record.logTime, record.data);
      }
    }
    const recording = content.finish(file, reader.done());
    isOpen = true;
    return recording;
  } catch (cause) {
    if (cause instanceof RecordingError) throw cause;
    const found = cause instanceof Error ? cause.message : String(cause);
    throw new RecordingError(
      { what: 'The file is damaged, or no MCAP file', where: path, found, expected: 'a file of --record' },
      { cause },
    );
  } finally {
    if (!isOpen) closeSync(file);
  }
}

/** What has been read of a file so far. */
class Content {
  readonly topics = new Map<number, string>();
  readonly #path: string;
  readonly #scores: { readonly logTime: bigint; readonly value: ScoreMessage }[] = [];
  readonly #episodes: EpisodeMessage[] = [];
  /** The numbers of moving parts that frames have. */
  readonly #movingParts = new Set<number>();
  #scene: SceneMessage | null = null;
  #policy = '';
  #frames = 0;
  #heldBytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  checkProfile(profile: string): void {
    if (profile === RECORDING_PROFILE) return;
    throw new RecordingError({
      what: 'The file is not a recording of modewise',
      where: this.#path,
      found: `an MCAP file of profile '${profile}'`,
      expected: `profile '${RECORDING_PROFILE}'`,
    });
  }

  take(channelId: number, logTime: bigint, data: Uint8Array): void {
    const topic = this.topics.get(channelId);
    const json = <K extends keyof RecordedMessages>(kind: K) => {
      this.#hold(data);
      const read = readMessage(kind, data);
      if ('message' in read) return read.message;
      throw new RecordingError({
        what: 'The recording holds a message that is not one of ours',
        where: `${this.#path}, ${topic} at ${(Number(logTime) / 1e9).toFixed(3)} s`,
        found: read.fault,
        expected: 'what --record wrote',
      });
    };
    switch (topic) {
      case CHANNELS.frame.topic:
        // said now, with the place, rather than in the middle of a replay
        this.#movingParts.add(decodeFrame(data).movingParts);
        this.#frames++;
        return;
      case CHANNELS.scene.topic:
        this.#scene = json('scene');
        return;
      case CHANNELS.status.topic:
        this.#policy = json('status').policy;
        return;
      case CHANNELS.score.topic:
        this.#scores.push({ logTime, value: json('score') });
        return;
      case CHANNELS.episode.topic:
        this.#episodes.push(json('episode'));
        return;
      default:
    }
  }

  finish(file: number, complete: boolean): Recording {
    const frameChannels = [...this.topics].filter(([, topic]) => topic === CHANNELS.frame.topic);
    const places = findMessages(file, new Set(frameChannels.map(([id]) => id)));
    if (places.length !== this.#frames || places.length > MAX_FRAMES) {
      throw new RecordingError({
        what: 'The frames of the recording cannot be found in the file',
        where: this.#path,
        found: `${places.length} of ${this.#frames}`,
        expected: `chunks without compression, as --record writes them, and at most ${MAX_FRAMES} frames`,
      });
    }
    // the format lets messages come in any order
    for (const messages of [places, this.#scores] as { readonly logTime: bigint }[][]) {
      messages.sort((a, b) => (a.logTime < b.logTime ? -1 : a.logTime > b.logTime ? 1 : 0));
    }
    const first = places[0];
    if (this.#scene === null || first === undefined) {
      throw new RecordingError({
        what: 'The recording holds no frame',
        where: this.#path,
        ...(complete ? {} : { found: 'a file that ends before its first whole chunk' }),
        remedy: 'record again',
      });
    }
    const { movingParts } = this.#scene.scene;
    const others = [...this.#movingParts].filter((parts) => parts !== movingParts);
    if (others.length > 0) {
      throw new RecordingError({
        what: 'The recording holds frames that do not fit its scene',
        where: this.#path,
        found: `${others.join(', ')} moving parts`,
        expected: `${movingParts}`,
      });
    }
    const secondsOf = (logTime: bigint) => Number(logTime - first.logTime) / 1e9;
    const frames = places.map(({ byteLength, logTime, position }: MessagePosition) => ({
      timeSeconds: secondsOf(logTime),
      position,
      byteLength,
    }));
    return {
      path: this.#path,
      file,
      complete,
      scene: this.#scene,
      policy: this.#policy,
      frames,
      scores: this.#scores.map(({ logTime, value }) => ({ timeSeconds: secondsOf(logTime), value })),
      episodes: this.#episodes,
      durationSeconds: frames.at(-1)?.timeSeconds ?? 0,
      close: () => closeSync(file),
    };
  }

  #hold(data: Uint8Array): void {
    this.#heldBytes += data.byteLength;
    if (this.#heldBytes <= MAX_HELD_BYTES) return;
    throw new RecordingError({
      what: 'The recording is too long to be replayed here',
      where: this.#path,
      expected: `at most ${MAX_HELD_BYTES / 2 ** 20} MiB of scores and episodes`,
      remedy: 'open it in Foxglove',
    });
  }
}
