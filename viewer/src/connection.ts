import { FoxgloveClient, type IWebSocket, type Parameter } from '@foxglove/ws-protocol';
import { decodeFrame, type Frame } from '../../src/stream/frame.ts';
import { splitHistory } from '../../src/stream/history.ts';
import {
  type ControlChange,
  type SceneMessage,
  type ScoreMessage,
  type StatusMessage,
  TOPICS,
} from '../../src/stream/wire.ts';

/** Waiting times between two attempts to connect, milliseconds; the last one repeats. */
const RETRY_MS = [250, 500, 1000, 2000, 4000] as const;

/** What the connection tells the page. */
export interface ConnectionEvents {
  /** A server has been reached: whatever was shown before is void. */
  onOpen(): void;
  /** There is no connection; the next attempt follows in `retryMs`. */
  onClosed(retryMs: number): void;
  onScene(scene: SceneMessage): void;
  /** All frames so far are void: those that follow at once replace them. */
  onHistory(): void;
  /** One frame as it comes, or at first the whole history; oldest first, never empty. */
  onFrames(frames: readonly Frame[]): void;
  onScore(score: ScoreMessage): void;
  onStatus(status: StatusMessage): void;
  /** The server says that something was wrong with a request. */
  onNotice(text: string): void;
}

/** Finds the websocket beside the page: same host, same port, same path, and the page's token. */
export function websocketUrl(page: string): string {
  const url = new URL('.', page);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const token = new URL(page).searchParams.get('token');
  if (token !== null) url.searchParams.set('token', token);
  return url.href;
}

/** Keeps a connection to the stream server, and tries again for ever when it is lost. */
export class Connection {
  readonly #url: string;
  readonly #events: ConnectionEvents;
  readonly #decoder = new TextDecoder();
  #client: FoxgloveClient | null = null;
  #attempts = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(url: string, events: ConnectionEvents) {
    this.#url = url;
    this.#events = events;
  }

  /** Connects now, without waiting for the next attempt that is due. */
  connect(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const socket = new WebSocket(this.#url, [FoxgloveClient.SUPPORTED_SUBPROTOCOL]);
    const client = new FoxgloveClient({ ws: socket as IWebSocket });
    const topics = new Map<number, string>();
    let lastFrame = -1;
    client.on('advertise', (channels) => {
      for (const topic of Object.values(TOPICS)) {
        const channel = channels.find((candidate) => candidate.topic === topic);
        if (channel !== undefined) topics.set(client.subscribe(channel.id), topic);
      }
    });
    client.on('serverInfo', () => {
      this.#client = client;
      this.#attempts = 0;
      this.#events.onOpen();
    });
    client.on('message', ({ subscriptionId, data }) => {
      const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
      lastFrame = this.#dispatch(topics.get(subscriptionId), bytes, lastFrame);
    });
    client.on('status', ({ message }) => this.#events.onNotice(message));
    client.on('error', () => undefined);
    client.on('close', () => {
      this.#client = null;
      this.#retryLater();
    });
  }

  /** Asks the loop behind the server for a change; lost when there is no connection. */
  control(change: ControlChange): void {
    const parameters: Parameter[] = Object.entries(change).map(([name, value]) => ({ name, value }));
    this.#client?.setParameters(parameters);
  }

  #dispatch(topic: string | undefined, bytes: Uint8Array, lastFrame: number): number {
    switch (topic) {
      case TOPICS.scene:
        this.#events.onScene(this.#json<SceneMessage>(bytes));
        return lastFrame;
      case TOPICS.score:
        this.#events.onScore(this.#json<ScoreMessage>(bytes));
        return lastFrame;
      case TOPICS.status:
        this.#events.onStatus(this.#json<StatusMessage>(bytes));
        return lastFrame;
      case TOPICS.history:
        this.#events.onHistory();
        return this.#frames(splitHistory(bytes), lastFrame);
      case TOPICS.frame:
        return this.#frames([bytes], lastFrame);
      default:
        return lastFrame;
    }
  }

  /** Hands on the frames that are new: the newest one comes twice, in the history and by itself. */
  #frames(messages: readonly Uint8Array[], lastFrame: number): number {
    const frames = messages.map((bytes) => decodeFrame(bytes)).filter((frame) => frame.index > lastFrame);
    const newest = frames.at(-1);
    if (newest === undefined) return lastFrame;
    this.#events.onFrames(frames);
    return newest.index;
  }

  #json<T>(bytes: Uint8Array): T {
    return JSON.parse(this.#decoder.decode(bytes)) as T;
  }

  #retryLater(): void {
    const wait = RETRY_MS[Math.min(this.#attempts, RETRY_MS.length - 1)] ?? 1000;
    this.#attempts++;
    this.#events.onClosed(wait);
    this.#timer = setTimeout(() => this.connect(), wait);
  }
}
