import { StatusLevel } from '@foxglove/ws-protocol';
import { RecordingError } from '../errors.ts';
import type { ChannelSet } from './channel-set.ts';
import { frameAt, type Recording } from './recording.ts';
import type { ControlChange, ScoreMessage, StatusMessage } from './wire.ts';

/** How often the next frames are looked for, milliseconds. */
const TICK_MS = 15;
/** How often a viewer is told where the playback stands, milliseconds. */
const STATUS_EVERY_MS = 500;
/** Frames before the position that a jump sends along for the trails, bytes. */
const TRAIL_BYTES = 2 * 1024 * 1024;
/** Positions that differ by less are the same: times are rounded on their way through a page, seconds. */
const SAME_SECONDS = 5e-4;
/** A player that is later than this does not catch up, milliseconds. */
const MAX_LAG_MS = 250;

/** Plays a recording to one client: it has its own pause, speed, position and loop. */
export class Player {
  readonly #recording: Recording;
  readonly #channels: ChannelSet;
  readonly #clock: () => number;
  readonly #timer: NodeJS.Timeout;
  readonly #stopListening: () => void;
  #paused = false;
  #speed = 1;
  #loop = false;
  /** Seconds since the first frame. */
  #position = 0;
  /** The frame that was sent last. */
  #index = 0;
  #score: ScoreMessage | null = null;
  #tickedAt: number;
  #statusAt: number;

  /** @param clock - monotonic time, milliseconds. */
  constructor(recording: Recording, channels: ChannelSet, clock: () => number) {
    this.#recording = recording;
    this.#channels = channels;
    this.#clock = clock;
    this.#tickedAt = clock();
    this.#statusAt = this.#tickedAt;
    const { scene, ...facts } = recording.scene;
    channels.publishScene(scene, facts);
    this.#stopListening = channels.onControl((change) => this.#guard(() => this.#control(change)));
    this.#timer = setInterval(() => this.#guard(() => this.#tick()), TICK_MS);
    this.#guard(() => {
      this.#seek(0);
      this.#publishStatus();
    });
  }

  /** Ends the playback. */
  stop(): void {
    clearInterval(this.#timer);
    this.#stopListening();
  }

  /** Ends the playback of this client, and says why, when the file is no longer what it was. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof RecordingError)) throw error;
      this.stop();
      const status = { op: 'status', level: StatusLevel.ERROR, message: error.message } as const;
      for (const session of this.#channels.sessions) session.send(status);
    }
  }

  #control(change: ControlChange): void {
    this.#paused = change.paused ?? this.#paused;
    this.#speed = change.speed ?? this.#speed;
    this.#loop = change.loop ?? this.#loop;
    if (change.position !== undefined) this.#seek(change.position);
    // to go on at the end means to begin again
    else if (change.paused === false && this.#atEnd()) this.#seek(0);
    this.#publishStatus();
  }

  #tick(): void {
    const now = this.#clock();
    const passed = Math.min(now - this.#tickedAt, MAX_LAG_MS);
    this.#tickedAt = now;
    if (this.#paused) return;
    this.#position += (passed / 1000) * this.#speed;
    this.#advance();
    if (this.#atEnd()) {
      if (this.#loop) this.#seek(0);
      else {
        this.#paused = true;
        this.#position = this.#recording.durationSeconds;
        this.#publishStatus();
        return;
      }
    }
    if (now - this.#statusAt >= STATUS_EVERY_MS) this.#publishStatus();
  }

  #atEnd(): boolean {
    return this.#index === this.#recording.frames.length - 1;
  }

  /** Sends the frames between the one sent last and the position. */
  #advance(): void {
    const target = this.#indexAt(this.#position);
    while (this.#index < target) this.#channels.publishFrame(frameAt(this.#recording, ++this.#index));
    this.#publishScore();
  }

  #seek(position: number): void {
    const { frames } = this.#recording;
    this.#index = this.#indexAt(position);
    this.#position = position;
    let first = this.#index;
    let bytes = frames[first]?.byteLength ?? 0;
    while (first > 0) {
      bytes += frames[first - 1]?.byteLength ?? 0;
      if (bytes > TRAIL_BYTES) break;
      first--;
    }
    const past = [];
    for (let index = first; index <= this.#index; index++) past.push(frameAt(this.#recording, index));
    this.#channels.publishHistory(past);
    this.#publishScore();
  }

  /** Finds the last frame that is not later than a position, by bisection. */
  #indexAt(position: number): number {
    const { frames } = this.#recording;
    let low = 0;
    let high = frames.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((frames[middle]?.timeSeconds ?? 0) <= position + SAME_SECONDS) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #publishScore(): void {
    const { scene, scores } = this.#recording;
    const until = this.#recording.frames[this.#index]?.timeSeconds ?? 0;
    const score = scores.findLast(({ timeSeconds }) => timeSeconds <= until + SAME_SECONDS)?.value ?? {
      rollouts: 0,
      success: null,
      entropy: null,
      modes: { covered: 0, total: scene.modes.length, counts: scene.modes.map(() => 0) },
    };
    if (score === this.#score) return;
    this.#score = score;
    this.#channels.publishScore(score);
  }

  #publishStatus(): void {
    this.#statusAt = this.#clock();
    const { durationSeconds, policy, scene } = this.#recording;
    const rollouts = frameAt(this.#recording, this.#index).rollouts / (scene.policies?.length ?? 1);
    const position = Math.min(this.#position, durationSeconds);
    this.#channels.publishStatus({
      policy,
      paused: this.#paused,
      speed: this.#speed,
      rollouts,
      maxRollouts: rollouts,
      timeline: { durationSeconds, position, loop: this.#loop },
    } satisfies StatusMessage);
  }
}
