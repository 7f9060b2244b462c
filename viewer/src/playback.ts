import type { Frame } from '../../src/stream/frame.ts';
import type { ControlChange } from '../../src/stream/wire.ts';
import type { Source } from './connection.ts';
import type { Feed, NewFrames } from './feed.ts';
import { FrameStore } from './frame-store.ts';
import { Signal } from './signal.ts';

/** How often the next frames of the past are looked for, milliseconds. */
const TICK_MS = 16;
/** A page that is later than this does not catch up, milliseconds. */
const MAX_LAG_MS = 250;
/** Rollouts times frames that are drawn again after a jump: as many stretches as the trails have room for. */
const TRAIL_STRETCHES = 48_000;
const MOST_TRAIL_FRAMES = 600;
/** Whoever drags to within this of the end means the end, seconds. */
const NEAR_END_SECONDS = 1e-3;

/**
 * How what is shown moves on. `live`: with the loop of the server, whose pause and speed hold for all who watch. `past`: by
 * itself, through what this page has kept of a live loop. `recording`: as this client has asked the server.
 */
export interface PlaybackState {
  readonly kind: 'live' | 'past' | 'recording';
  readonly paused: boolean;
  /** Simulated seconds per second. */
  readonly speed: number;
  readonly loop: boolean;
  /** Simulated times of the first and last moment that can be shown, and of the one that is, seconds. */
  readonly begin: number;
  readonly end: number;
  readonly position: number;
}

/** The part of the state that is this page's own while it shows the past. */
interface Past {
  paused: boolean;
  speed: number;
  loop: boolean;
  position: number;
}

/** What the views draw, and the one place through which it is paused, sped up and scrubbed. */
export class Playback {
  readonly shown = new Signal<NewFrames>();
  /** Null while there is no server. */
  readonly state = new Signal<PlaybackState | null>();
  readonly #connection: Source;
  readonly #feed: Feed;
  readonly #store = new FrameStore();
  /** Number of the frame that is shown. */
  #number = -1;
  #past: Past | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;
  #tickedAt = 0;

  constructor(connection: Source, feed: Feed) {
    this.#connection = connection;
    this.#feed = feed;
    feed.frames.subscribe((news) => this.#take(news));
    feed.status.subscribe(() => this.#tell());
  }

  /** The frame that is shown. */
  get frame(): Frame | undefined {
    return this.#store.at(this.#number);
  }

  /** The frames of the episode that a rollout is in, as far as they are kept, up to the one that is shown. */
  episode(rollout: number): Frame[] {
    const episode = this.frame?.episode[rollout];
    let first = this.#number;
    while (this.#store.at(first - 1)?.episode[rollout] === episode && first > this.#store.first) first--;
    return this.#store.range(first, this.#number);
  }

  /** Changes pause, speed, position or loop, of whatever moves what is shown. */
  control(change: ControlChange): void {
    const past = this.#past;
    const { position, rollouts, ...others } = change;
    if (past === null) {
      if (this.state.value?.kind !== 'live' || position === undefined) this.#connection.control(change);
      else this.seek(position);
      return;
    }
    if (rollouts !== undefined) this.#connection.control({ rollouts });
    Object.assign(past, others);
    if (position !== undefined) this.#show(position);
    else if (change.paused === false && this.#number === this.#store.last) {
      // what comes after the end of the past is the present
      this.#connection.control({ paused: false });
      this.follow();
      return;
    }
    this.#run();
    this.#tell();
  }

  /** Shows the moment at a simulated time; in a live loop the last one means to follow it again. */
  seek(seconds: number): void {
    const state = this.state.value ?? null;
    if (state === null) return;
    const position = Math.min(Math.max(seconds, state.begin), state.end);
    if (state.kind === 'recording') this.#connection.control({ position });
    else if (position >= state.end - NEAR_END_SECONDS) this.follow();
    else {
      this.#past ??= { paused: state.paused, speed: 1, loop: false, position };
      this.#show(position);
      this.#run();
      this.#tell();
    }
  }

  /** Pauses and shows the next or the previous frame. */
  step(direction: 1 | -1): void {
    const state = this.state.value ?? null;
    if (state === null) return;
    if (state.kind === 'recording') {
      const dt = this.#feed.scene.value?.dtSeconds ?? 0.05;
      const position = Math.min(Math.max(state.position + direction * dt, state.begin), state.end);
      this.#connection.control({ paused: true, position });
      return;
    }
    const number = Math.min(Math.max(this.#number + direction, this.#store.first), this.#store.last);
    const position = this.#store.at(number)?.timeSeconds ?? state.position;
    this.#past ??= { paused: true, speed: 1, loop: false, position };
    this.#past.paused = true;
    this.#show(position);
    this.#run();
    this.#tell();
  }

  /** Pauses, or goes on. */
  togglePause(): void {
    const state = this.state.value ?? null;
    if (state !== null) this.control({ paused: !state.paused });
  }

  /** Turns the repetition on or off; a live loop has none. */
  toggleLoop(): void {
    const state = this.state.value ?? null;
    if (state !== null && state.kind !== 'live') this.control({ loop: !state.loop });
  }

  /** Shows the newest frame of a live loop, and all that come. */
  follow(): void {
    if (this.#past === null) return;
    this.#past = null;
    this.#run();
    this.#jump(this.#store.last);
    this.#tell();
  }

  #take({ fresh, frames }: NewFrames): void {
    let anew = fresh;
    for (const frame of frames) {
      const before = this.#store.at(this.#store.last);
      const isOther =
        before !== undefined &&
        (frame.rollouts !== before.rollouts || frame.timeSeconds < before.timeSeconds);
      // another number of rollouts, or time that starts again: another loop
      if (isOther) anew = true;
    }
    if (anew) {
      this.#store.clear();
      this.#past = null;
      this.#run();
    }
    for (const frame of frames) this.#store.push(frame);
    if (this.#past === null) {
      this.#number = this.#store.last;
      this.shown.set({ fresh: anew, frames });
    } else if (this.#number < this.#store.first) this.#show(this.#begin());
    this.#tell();
  }

  #begin(): number {
    return this.#store.at(this.#store.first)?.timeSeconds ?? 0;
  }

  /** Moves what is shown of the past to a time. */
  #show(seconds: number): void {
    if (this.#past !== null) this.#past.position = seconds;
    const number = this.#store.numberAt(seconds);
    if (number === this.#number + 1) {
      this.#number = number;
      this.shown.set({ fresh: false, frames: this.#store.range(number, number) });
    } else if (number !== this.#number) this.#jump(number);
  }

  /** Shows a frame with the ones before it, for the trails. */
  #jump(number: number): void {
    this.#number = number;
    const rollouts = Math.max(1, this.#store.at(number)?.rollouts ?? 1);
    const count = Math.min(MOST_TRAIL_FRAMES, Math.ceil(TRAIL_STRETCHES / rollouts));
    this.shown.set({ fresh: true, frames: this.#store.range(number - count + 1, number) });
  }

  /** Starts or ends the clock of the past. */
  #run(): void {
    const runs = this.#past !== null && !this.#past.paused;
    if (runs === (this.#timer !== null)) return;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#tickedAt = performance.now();
    this.#timer = runs ? setInterval(() => this.#tick(), TICK_MS) : null;
  }

  #tick(): void {
    const past = this.#past;
    if (past === null) return;
    const now = performance.now();
    const position = past.position + (Math.min(now - this.#tickedAt, MAX_LAG_MS) / 1000) * past.speed;
    this.#tickedAt = now;
    past.position = Math.max(position, this.#begin());
    const number = this.#store.numberAt(past.position);
    if (number > this.#number) {
      const frames = this.#store.range(this.#number + 1, number);
      this.#number = number;
      this.shown.set({ fresh: false, frames });
    }
    if (number === this.#store.last) this.#atEnd(past);
    this.#tell();
  }

  /** The past has come to the present: it begins again, becomes it, or stops where that stands still. */
  #atEnd(past: Past): void {
    if (past.loop) this.#show(this.#begin());
    else if (this.#feed.status.value?.paused === false) this.follow();
    else past.paused = true;
    this.#run();
  }

  #tell(): void {
    const status = this.#feed.status.value ?? null;
    if (status === null) {
      this.state.set(null);
      return;
    }
    const { paused, speed, timeline } = status;
    const shown = this.frame?.timeSeconds ?? 0;
    if (timeline !== undefined) {
      const { durationSeconds, loop } = timeline;
      this.state.set({
        kind: 'recording',
        paused,
        speed,
        loop,
        begin: 0,
        end: durationSeconds,
        position: shown,
      });
      return;
    }
    const range = { begin: this.#begin(), end: this.#store.at(this.#store.last)?.timeSeconds ?? 0 };
    if (this.#past === null) {
      this.state.set({ kind: 'live', paused, speed, loop: false, ...range, position: shown });
    } else this.state.set({ kind: 'past', ...this.#past, ...range, position: shown });
  }
}
