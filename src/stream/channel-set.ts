import type { Parameter } from '@foxglove/ws-protocol';
import { StreamError } from '../errors.ts';
import type { Scene } from '../physics/scene.ts';
import { Channel, type ChannelDescription } from './channel.ts';
import { CHANNELS, MARKER_PERIOD_SECONDS, TELEOPERATION_CHANNEL } from './channels.ts';
import type { ClientSession, SessionHost } from './client-session.ts';
import { encodeFrame, type Frame } from './frame.ts';
import { FrameHistory } from './history.ts';
import { encodeJson } from './json.ts';
import { controlChange, parameterValues } from './parameters.ts';
import type { Publisher } from './publisher.ts';
import { rolloutStates } from './rollout-states.ts';
import { rolloutEntities, sceneEntities } from './scene-update.ts';
import type {
  ControlChange,
  EpisodeMessage,
  SceneFacts,
  SceneMessage,
  ScoreMessage,
  StatusMessage,
  TeleoperationMessage,
} from './wire.ts';

/** Frames kept for those who join later, bytes: about 12 s of 480 rollouts. */
const HISTORY_BYTES = 4 * 1024 * 1024;

/**
 * The channels with their newest messages and those who read them: one for all clients of a live loop, one for
 * each client of a recording.
 */
export class ChannelSet implements Publisher, SessionHost {
  readonly sessions = new Set<ClientSession>();
  readonly #clock: (() => number) | null;
  readonly #channels = new Map<number, Channel>();
  readonly #scene = this.#open(CHANNELS.scene);
  readonly #historyChannel = this.#open(CHANNELS.history);
  readonly #frame = this.#open(CHANNELS.frame);
  readonly #score = this.#open(CHANNELS.score);
  readonly #status = this.#open(CHANNELS.status);
  readonly #episode = this.#open(CHANNELS.episode);
  readonly #sceneMarkers = this.#open(CHANNELS.sceneMarkers);
  readonly #rolloutMarkers = this.#open(CHANNELS.rolloutMarkers);
  readonly #rollouts = this.#open(CHANNELS.rollouts);

  /** Where episodes are driven by hand only. */
  readonly #teleoperation: Channel | null;
  readonly #others = new Map<string, Channel>();
  readonly #history = new FrameHistory(HISTORY_BYTES);
  readonly #controlListeners = new Set<(change: ControlChange) => void>();
  #currentScene: Scene | null = null;
  #currentStatus: StatusMessage = { policy: '', paused: false, speed: 1, rollouts: 1, maxRollouts: 1 };
  #frames = 0;
  #timeSeconds = 0;
  #lastMarkersSeconds = Number.NEGATIVE_INFINITY;

  /**
   * @param clock - wall clock for message times, milliseconds since the epoch; null for the simulated time.
   * @param isTeleoperated - whether there is a channel for {@link publishTeleoperation}.
   * @param others - further channels, for {@link publishOn}.
   */
  constructor(
    clock: (() => number) | null,
    isTeleoperated = false,
    others: readonly ChannelDescription[] = [],
  ) {
    this.#clock = clock;
    this.#teleoperation = isTeleoperated ? this.#open(TELEOPERATION_CHANNEL) : null;
    for (const description of others) this.#others.set(description.topic, this.#open(description));
  }

  /** What clients are told about the channels. */
  get advertisements() {
    return [...this.#channels.values()].map((channel) => channel.advertisement);
  }

  publishScene(scene: Scene, facts: SceneFacts): void {
    this.#currentScene = scene;
    this.#history.clear();
    for (const channel of [
      this.#frame,
      this.#historyChannel,
      this.#score,
      this.#episode,
      this.#rolloutMarkers,
      this.#rollouts,
    ])
      channel.clear();
    this.#lastMarkersSeconds = Number.NEGATIVE_INFINITY;
    this.#publish(this.#scene, encodeJson({ ...facts, scene } satisfies SceneMessage));
    const timestampNs = this.#timestampNs();
    this.#publish(this.#sceneMarkers, () => encodeJson(sceneEntities(scene, timestampNs)));
  }

  publishFrame(frame: Frame): void {
    const scene = this.#requireScene(frame);
    const bytes = this.#remember(frame);
    this.#publish(this.#frame, bytes);
    this.#publishMarkers(scene, frame);
  }

  /**
   * Replaces all frames so far, as a jump within a recording does: readers get the history anew, then go on from its
   * last frame.
   *
   * @param frames - oldest first, never empty.
   */
  publishHistory(frames: readonly Frame[]): void {
    const newest = frames.at(-1);
    if (newest === undefined) return;
    const scene = this.#requireScene(newest);
    this.#history.clear();
    let bytes = new Uint8Array();
    for (const frame of frames) bytes = this.#remember(frame);
    this.#publish(this.#historyChannel, () => this.#history.encode());
    this.#publish(this.#frame, bytes);
    this.#lastMarkersSeconds = Number.NEGATIVE_INFINITY;
    this.#publishMarkers(scene, newest);
  }

  publishScore(score: ScoreMessage): void {
    this.#publish(this.#score, encodeJson(score));
  }

  publishEpisode(episode: EpisodeMessage): void {
    this.#publish(this.#episode, encodeJson(episode));
  }

  /** Says how an episode driven by hand stands. */
  publishTeleoperation(message: TeleoperationMessage): void {
    if (this.#teleoperation !== null) this.#publish(this.#teleoperation, encodeJson(message));
  }

  /**
   * Publishes on one of the further channels.
   *
   * @param payload - the bytes, or how to make them, which is done only when somebody reads.
   * @throws StreamError when there is no such channel.
   */
  publishOn(topic: string, payload: Uint8Array | (() => Uint8Array)): void {
    const channel = this.#others.get(topic);
    if (channel === undefined)
      throw new StreamError({ what: `there is no channel '${topic}' to publish on` });
    this.#publish(channel, payload);
  }

  publishStatus(status: StatusMessage): void {
    this.#currentStatus = status;
    this.#publish(this.#status, encodeJson(status));
    for (const session of this.sessions) session.notifyParameters();
  }

  /** Listens to what viewers ask for. @returns a function that ends the listening. */
  onControl(listener: (change: ControlChange) => void): () => void {
    this.#controlListeners.add(listener);
    return () => this.#controlListeners.delete(listener);
  }

  channel(id: number): Channel | undefined {
    return this.#channels.get(id);
  }

  parameters(names: readonly string[]): Parameter[] {
    return parameterValues(this.#currentStatus, names);
  }

  setParameter(parameter: { readonly name: string; readonly value?: unknown }): string | null {
    const result = controlChange(parameter, this.#currentStatus);
    if ('fault' in result) return result.fault;
    for (const listener of this.#controlListeners) listener(result.change);
    return this.#controlListeners.size > 0 ? null : `${parameter.name}: nothing here can be controlled`;
  }

  #open(description: ChannelDescription): Channel {
    const channel = new Channel(this.#channels.size + 1, description);
    this.#channels.set(channel.id, channel);
    return channel;
  }

  #requireScene(frame: Frame): Scene {
    const scene = this.#currentScene;
    if (scene !== null && scene.movingParts === frame.movingParts) return scene;
    throw new StreamError({
      what: 'a frame does not fit the published scene',
      found: `${frame.movingParts} moving parts`,
      expected: scene === null ? 'publishScene before the first frame' : `${scene.movingParts}`,
    });
  }

  /** Numbers and encodes a frame and keeps it for those who join later. */
  #remember(frame: Frame): Uint8Array<ArrayBuffer> {
    this.#timeSeconds = frame.timeSeconds;
    const bytes = encodeFrame({ ...frame, index: this.#frames++ });
    this.#history.push(bytes);
    // subscribers have the frames one by one; the joined ones are for those who subscribe later
    this.#historyChannel.set(() => this.#history.encode(), this.#timestampNs());
    return bytes;
  }

  #publish(channel: Channel, payload: Uint8Array | (() => Uint8Array)): void {
    channel.set(payload, this.#timestampNs());
    for (const session of this.sessions) session.notify(channel);
  }

  /** Draws and lists the rollouts for stock clients: seldom, and only while one is looking. */
  #publishMarkers(scene: Scene, frame: Frame): void {
    if (Math.abs(frame.timeSeconds - this.#lastMarkersSeconds) < MARKER_PERIOD_SECONDS) return;
    this.#lastMarkersSeconds = frame.timeSeconds;
    if (this.#isRead(this.#rolloutMarkers)) {
      this.#publish(this.#rolloutMarkers, encodeJson(rolloutEntities(scene, frame, this.#timestampNs())));
    }
    if (this.#isRead(this.#rollouts)) this.#publish(this.#rollouts, encodeJson(rolloutStates(frame)));
  }

  #isRead(channel: Channel): boolean {
    for (const session of this.sessions) if (session.isSubscribedTo(channel)) return true;
    return false;
  }

  #timestampNs(): bigint {
    const milliseconds = this.#clock === null ? this.#timeSeconds * 1000 : this.#clock();
    return BigInt(Math.max(0, Math.round(milliseconds * 1000))) * 1000n;
  }
}
