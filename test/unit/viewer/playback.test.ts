import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFrame, encodeFrame, type Frame } from '../../../src/stream/frame.ts';
import { FrameHistory } from '../../../src/stream/history.ts';
import type { ControlChange, StatusMessage } from '../../../src/stream/wire.ts';
import type { Connection, ConnectionState } from '../../../viewer/src/connection.ts';
import { Feed } from '../../../viewer/src/feed.ts';
import { FrameStore } from '../../../viewer/src/frame-store.ts';
import { Playback } from '../../../viewer/src/playback.ts';
import { Signal } from '../../../viewer/src/signal.ts';

const DT = 0.05;
const live: StatusMessage = { policy: 'imc', paused: false, speed: 1, rollouts: 2, maxRollouts: 480 };

/** What {@link Playback} needs of a connection, without one. */
class FakeConnection {
  readonly state = new Signal<ConnectionState>();
  readonly asked: ControlChange[] = [];
  readonly #handlers = new Map<string, (bytes: Uint8Array) => void>();
  #index = 0;

  on<T>(topic: string, decode: (bytes: Uint8Array) => T, handler: (value: T) => void): void {
    this.#handlers.set(topic, (bytes) => handler(decode(bytes)));
  }

  control(change: ControlChange): void {
    this.asked.push(change);
  }

  send(topic: string, bytes: Uint8Array): void {
    this.#handlers.get(topic)?.(bytes);
  }

  status(status: StatusMessage): void {
    this.send('/status', new TextEncoder().encode(JSON.stringify(status)));
  }

  /** Sends a frame in which both rollouts are at x = seconds. */
  frame(seconds: number, rollouts = 2): void {
    this.send('/frame', this.#encoded(seconds, rollouts));
  }

  history(seconds: readonly number[]): void {
    const history = new FrameHistory(1e6);
    for (const s of seconds) history.push(this.#encoded(s, 2));
    this.send('/history', history.encode());
  }

  #encoded(seconds: number, rollouts: number): Uint8Array {
    const frame = createFrame(rollouts, 1);
    frame.index = this.#index++;
    frame.timeSeconds = seconds;
    frame.poses[0] = seconds;
    frame.episode.fill(Math.floor(seconds));
    return encodeFrame(frame);
  }
}

let connection: FakeConnection;
let playback: Playback;
/** Times of the frames that a view has since the last fresh ones, seconds. */
let drawn: number[];

beforeEach(() => {
  vi.useFakeTimers();
  connection = new FakeConnection();
  const real = connection as unknown as Connection;
  playback = new Playback(real, new Feed(real));
  drawn = [];
  playback.shown.subscribe(({ fresh, frames }) => {
    if (fresh) drawn = [];
    drawn.push(...frames.map(({ timeSeconds }) => timeSeconds));
  });
  connection.state.set('open');
});
afterEach(() => vi.useRealTimers());

/** A live loop that has run for some steps. */
function run(steps: number): void {
  connection.status(live);
  for (let step = 0; step < steps; step++) connection.frame(DT * step);
}

const shown = () => playback.frame?.timeSeconds;

describe('a live loop in the page', () => {
  it('is followed until somebody scrubs back, and then plays on from there at a speed of its own', () => {
    run(100);
    expect(playback.state.value).toMatchObject({ kind: 'live', begin: 0, position: 99 * DT });
    playback.seek(1);
    expect(playback.state.value).toMatchObject({ kind: 'past', paused: false, speed: 1 });
    expect(shown()).toBeCloseTo(1, 9);
    expect(drawn[0]).toBe(0);
    playback.control({ speed: 2 });
    vi.advanceTimersByTime(500);
    expect(shown()).toBeGreaterThan(1.85);
    expect(shown()).toBeLessThanOrEqual(2.05);
    // what comes is kept, not shown, and nobody else is asked for anything
    connection.frame(DT * 100);
    expect(playback.state.value?.end).toBeCloseTo(5, 9);
    expect(shown()).toBeLessThan(2.1);
    expect(connection.asked).toEqual([]);
    // every frame on the way has been drawn, once and in order
    expect(drawn).toEqual(drawn.map((_, i) => drawn[0]! + DT * i).map((t) => expect.closeTo(t, 6)));
  });

  it('becomes live again by hand, at the end of the line, and when the past has caught up', () => {
    run(100);
    playback.seek(1);
    playback.follow();
    expect(playback.state.value?.kind).toBe('live');
    expect(shown()).toBeCloseTo(99 * DT, 9);
    playback.seek(2);
    playback.seek(1000);
    expect(playback.state.value?.kind).toBe('live');
    playback.seek(4.5);
    playback.control({ speed: 8 });
    vi.advanceTimersByTime(300);
    expect(playback.state.value?.kind).toBe('live');
  });

  it('steps frame by frame, standing still', () => {
    run(100);
    playback.step(-1);
    expect(playback.state.value).toMatchObject({ kind: 'past', paused: true });
    expect(shown()).toBeCloseTo(98 * DT, 9);
    playback.step(-1);
    playback.step(1);
    expect(shown()).toBeCloseTo(98 * DT, 9);
    vi.advanceTimersByTime(1000);
    expect(shown()).toBeCloseTo(98 * DT, 9);
  });

  it('loops through the past', () => {
    run(20);
    playback.seek(0.5);
    playback.toggleLoop();
    playback.control({ speed: 8 });
    const seen = new Set<number>();
    playback.shown.subscribe(({ frames }) => seen.add(frames.at(-1)?.timeSeconds ?? -1));
    vi.advanceTimersByTime(1000);
    expect(playback.state.value?.kind).toBe('past');
    expect(seen.has(0)).toBe(true);
  });

  it('hands pause and speed to the server while it is followed', () => {
    run(3);
    playback.togglePause();
    playback.control({ speed: 4 });
    expect(connection.asked).toEqual([{ paused: true }, { speed: 4 }]);
    playback.seek(0);
    playback.togglePause();
    expect(connection.asked).toHaveLength(2);
    playback.control({ rollouts: 7 });
    expect(connection.asked.at(-1)).toEqual({ rollouts: 7 });
  });

  it('is followed anew when another loop begins: other rollouts, earlier times, another server', () => {
    run(50);
    playback.seek(1);
    connection.frame(0.05, 3);
    expect(playback.state.value).toMatchObject({ kind: 'live', begin: 0.05 });
    connection.frame(0.1, 3);
    connection.frame(0, 3);
    expect(drawn).toEqual([0]);
    connection.state.set('closed');
    playback.seek(0);
    connection.state.set('open');
    expect(playback.frame).toBeUndefined();
  });

  it('gives the frames of an episode up to the one that is shown', () => {
    run(100);
    playback.seek(2.5);
    playback.control({ paused: true });
    const times = playback.episode(0).map(({ timeSeconds }) => timeSeconds);
    expect(times[0]).toBeCloseTo(2, 9);
    expect(times.at(-1)).toBeCloseTo(2.5, 9);
    expect(times).toHaveLength(11);
  });
});

describe('a recording in the page', () => {
  const timeline = { durationSeconds: 10, position: 3, loop: false };

  it('is moved by the server, as this page asks', () => {
    connection.status({ ...live, timeline });
    connection.history([2.9, 2.95, 3]);
    expect(playback.state.value).toMatchObject({ kind: 'recording', begin: 0, end: 10, position: 3 });
    playback.seek(99);
    playback.togglePause();
    playback.toggleLoop();
    expect(connection.asked).toEqual([{ position: 10 }, { paused: true }, { loop: true }]);
    connection.history([6.9, 7]);
    expect(drawn).toEqual([6.9, 7]);
    expect(shown()).toBe(7);
  });
});

describe('the store of frames', () => {
  const frameAt = (timeSeconds: number, rollouts = 1): Frame => ({
    ...createFrame(rollouts, 1),
    timeSeconds,
  });

  it('keeps the newest within its budget, under numbers that go on', () => {
    const store = new FrameStore();
    for (let i = 0; i < 30_000; i++) store.push(frameAt(i));
    expect(store.last).toBe(29_999);
    expect(store.last - store.first + 1).toBe(20_000);
    expect(store.at(store.first)?.timeSeconds).toBe(store.first);
    expect(store.at(store.first - 1)).toBeUndefined();
    expect(store.range(0, store.first + 1).map(({ timeSeconds }) => timeSeconds)).toEqual([
      store.first,
      store.first + 1,
    ]);
    expect(store.numberAt(25_000.5)).toBe(25_000);
    expect(store.numberAt(-1)).toBe(store.first);
    store.clear();
    expect(store.at(29_999)).toBeUndefined();
    store.push(frameAt(0));
    expect(store.first).toBe(30_000);
  });

  it('keeps fewer frames of many rollouts', () => {
    const store = new FrameStore();
    for (let i = 0; i < 4000; i++) store.push(frameAt(i, 1000));
    const kept = store.last - store.first + 1;
    expect(kept).toBeGreaterThan(1000);
    expect(kept).toBeLessThan(2000);
  });
});
