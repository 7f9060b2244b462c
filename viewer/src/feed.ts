import { decodeFrame, type Frame } from '../../src/stream/frame.ts';
import { splitHistory } from '../../src/stream/history.ts';
import { type SceneMessage, type ScoreMessage, type StatusMessage, TOPICS } from '../../src/stream/wire.ts';
import { decodeJson, type Source } from './connection.ts';
import { Signal } from './signal.ts';

/** Frames as they come. */
export interface NewFrames {
  /** All frames before are void: these replace them. */
  readonly fresh: boolean;
  /** Oldest first; empty only when fresh. */
  readonly frames: readonly Frame[];
}

/** What a server says of its rollouts, each part by itself. */
export class Feed {
  /** Null while there is no server. */
  readonly scene = new Signal<SceneMessage | null>();
  readonly status = new Signal<StatusMessage | null>();
  readonly score = new Signal<ScoreMessage | null>();
  readonly frames = new Signal<NewFrames>();
  #lastFrame = -1;

  constructor(connection: Source) {
    connection.on(TOPICS.scene, decodeJson<SceneMessage>, (scene) => {
      this.#forget();
      this.scene.set(scene);
    });
    // before the frames: what is subscribed to first comes first
    connection.on(TOPICS.history, splitHistory, (messages) => this.#take(messages, true));
    connection.on(
      TOPICS.frame,
      (bytes) => bytes,
      (bytes) => this.#take([bytes], false),
    );
    connection.on(TOPICS.score, decodeJson<ScoreMessage>, (score) => this.score.set(score));
    connection.on(TOPICS.status, decodeJson<StatusMessage>, (status) => this.status.set(status));
    connection.state.subscribe((state) => {
      if (state === 'closed') this.status.set(null);
      if (state !== 'open') return;
      this.#lastFrame = -1;
      this.#forget();
    });
  }

  #forget(): void {
    this.score.set(null);
    this.frames.set({ fresh: true, frames: [] });
  }

  /** Hands on the frames that are new: the newest one comes twice, in the history and by itself. */
  #take(messages: readonly Uint8Array[], fresh: boolean): void {
    const frames = messages
      .map((bytes) => decodeFrame(bytes))
      .filter((frame) => frame.index > this.#lastFrame);
    const newest = frames.at(-1);
    if (newest === undefined) return;
    this.#lastFrame = newest.index;
    this.frames.set({ fresh, frames });
  }
}
