import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { McapWriter } from '@mcap/core';
import { RecordingError } from '../errors.ts';
import type { Scene } from '../physics/scene.ts';
import type { ChannelDescription } from './channel.ts';
import { CHANNELS, MARKER_PERIOD_SECONDS } from './channels.ts';
import { encodeFrame, type Frame } from './frame.ts';
import { encodeJson } from './json.ts';
import type { Publisher } from './publisher.ts';
import { rolloutStates } from './rollout-states.ts';
import { rolloutEntities, sceneEntities } from './scene-update.ts';
import type { EpisodeMessage, SceneFacts, SceneMessage, ScoreMessage, StatusMessage } from './wire.ts';

/** Profile in the header of our files. */
export const RECORDING_PROFILE = 'modewise';
/** Uncompressed bytes of a chunk: what a killed program may lose; about 2 s of 24 rollouts. */
const CHUNK_BYTES = 128 * 1024;

/** A file of which every chunk is on the disk once it has been written. */
class ChunkFile {
  readonly #file: number;
  #position = 0n;

  constructor(path: string) {
    this.#file = openSync(path, 'wx');
  }

  position(): bigint {
    return this.#position;
  }

  async write(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.byteLength) written += writeSync(this.#file, bytes, written);
    this.#position += BigInt(bytes.byteLength);
    fsyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** How to begin a recording. */
export interface RecordingOptions {
  /** Must not exist. */
  readonly path: string;
  /** Time of the first frame, milliseconds since the epoch; 0 makes equal runs give equal files. */
  readonly startMs?: number;
}

/**
 * Keeps what is published as MCAP (https://mcap.dev/spec): the channels of the stream but for `/history`, which the
 * frames themselves replace. Message times are simulated, so that pauses leave no holes. Chunks go to the disk as they
 * fill; a file whose writer was killed can be read up to its last one.
 */
export class RecordingWriter implements Publisher {
  readonly path: string;
  readonly #writer: McapWriter;
  readonly #file: ChunkFile;
  readonly #startNs: bigint;
  readonly #channelIds = new Map<string, number>();
  #queue: Promise<unknown>;
  #failure: unknown = null;
  #scene: Scene | null = null;
  #frames = 0;
  #timeSeconds = 0;
  #lastTimeSeconds = 0;
  #lastMarkersSeconds = Number.NEGATIVE_INFINITY;
  #closed = false;

  /** @throws RecordingError when the file cannot be made. */
  constructor(options: RecordingOptions) {
    this.path = options.path;
    this.#startNs = BigInt(Math.round(options.startMs ?? 0)) * 1_000_000n;
    try {
      this.#file = new ChunkFile(options.path);
    } catch (error) {
      throw this.#error(error);
    }
    this.#writer = new McapWriter({ writable: this.#file, chunkSize: CHUNK_BYTES });
    this.#queue = this.#begin();
  }

  publishScene(scene: Scene, facts: SceneFacts): void {
    this.#scene = scene;
    this.#write(CHANNELS.scene, encodeJson({ ...facts, scene } satisfies SceneMessage));
    this.#write(CHANNELS.sceneMarkers, encodeJson(sceneEntities(scene, this.#nowNs())));
  }

  publishFrame(frame: Frame): void {
    const scene = this.#scene;
    if (scene === null || scene.movingParts !== frame.movingParts) {
      throw new RecordingError({
        what: 'a frame does not fit the recorded scene',
        found: `${frame.movingParts} moving parts`,
        expected: scene === null ? 'publishScene before the first frame' : `${scene.movingParts}`,
      });
    }
    // a loop that begins anew, with another number of rollouts, begins its time anew
    const passed = frame.timeSeconds - this.#lastTimeSeconds;
    this.#lastTimeSeconds = frame.timeSeconds;
    this.#timeSeconds += passed >= 0 ? passed : frame.timeSeconds;
    this.#write(CHANNELS.frame, encodeFrame({ ...frame, index: this.#frames++ }));
    if (this.#timeSeconds - this.#lastMarkersSeconds < MARKER_PERIOD_SECONDS) return;
    this.#lastMarkersSeconds = this.#timeSeconds;
    this.#write(CHANNELS.rolloutMarkers, encodeJson(rolloutEntities(scene, frame, this.#nowNs())));
    this.#write(CHANNELS.rollouts, encodeJson(rolloutStates(frame)));
  }

  publishScore(score: ScoreMessage): void {
    this.#write(CHANNELS.score, encodeJson(score));
  }

  publishStatus(status: StatusMessage): void {
    this.#write(CHANNELS.status, encodeJson(status));
  }

  publishEpisode(episode: EpisodeMessage): void {
    this.#write(CHANNELS.episode, encodeJson(episode));
  }

  /** Waits until what has been published is with the disk. @throws RecordingError when it could not be written. */
  async flush(): Promise<void> {
    await this.#queue;
    if (this.#failure !== null) throw this.#error(this.#failure);
  }

  /** Writes the index and closes the file; may be called twice. @throws RecordingError when that failed. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#enqueue(() => this.#writer.end());
    await this.#queue;
    this.#file.close();
    if (this.#failure !== null) throw this.#error(this.#failure);
  }

  async #begin(): Promise<void> {
    await this.#attempt(async () => {
      await this.#writer.start({ profile: RECORDING_PROFILE, library: 'modewise' });
      for (const description of Object.values(CHANNELS)) {
        if (description === CHANNELS.history) continue;
        const { encoding, schema, schemaEncoding = '', schemaName, topic } = description;
        const schemaId =
          schema === ''
            ? 0
            : await this.#writer.registerSchema({
                name: schemaName,
                encoding: schemaEncoding,
                data: new TextEncoder().encode(schema),
              });
        const id = await this.#writer.registerChannel({
          schemaId,
          topic,
          messageEncoding: encoding,
          metadata: new Map(),
        });
        this.#channelIds.set(topic, id);
      }
    });
  }

  #write({ topic }: ChannelDescription, data: Uint8Array): void {
    if (this.#failure !== null) throw this.#error(this.#failure);
    const logTime = this.#nowNs();
    const sequence = topic === CHANNELS.frame.topic ? this.#frames : 0;
    this.#enqueue(() => {
      const channelId = this.#channelIds.get(topic) ?? 0;
      return this.#writer.addMessage({ channelId, sequence, logTime, publishTime: logTime, data });
    });
  }

  /** The writer takes one call at a time. */
  #enqueue(work: () => Promise<unknown>): void {
    this.#queue = this.#queue.then(() => this.#attempt(work));
  }

  async #attempt(work: () => Promise<unknown>): Promise<void> {
    if (this.#failure !== null) return;
    try {
      await work();
    } catch (error) {
      this.#failure = error;
    }
  }

  #nowNs(): bigint {
    return this.#startNs + BigInt(Math.round(this.#timeSeconds * 1e6)) * 1000n;
  }

  #error(cause: unknown): RecordingError {
    const found = cause instanceof Error ? cause.message : String(cause);
    return new RecordingError(
      { what: 'The recording cannot be written', where: this.path, found },
      { cause },
    );
  }
}
