import { FoxgloveClient, type IWebSocket, type Parameter } from '@foxglove/ws-protocol';
import type { ControlChange } from '../../src/stream/wire.ts';
import { Signal } from './signal.ts';

/** Waiting times between two attempts to connect, milliseconds; the last one repeats. */
const RETRY_MS = [250, 500, 1000, 2000, 4000] as const;

/** Whether there is a server: before the first answer, while it answers, after it was lost. */
export type ConnectionState = 'connecting' | 'open' | 'closed';

/** Where a page's messages come from, and its wishes go to. */
export interface Source {
  /** Whenever it becomes `open`, all that was shown before is void: the channels begin anew. */
  readonly state: Signal<ConnectionState>;
  /** Topics that are offered; empty while there are none. */
  readonly topics: Signal<ReadonlySet<string>>;
  /** What was wrong with a wish, or went wrong by itself. */
  readonly notice: Signal<string>;
  /** The id that this page is known by; another with every connection. */
  readonly clientId: Signal<string>;
  /**
   * Listens to a channel, if it is offered. To be called before {@link connect}.
   *
   * @param decode - reads a message; the bytes are its own.
   */
  on<T>(topic: string, decode: (bytes: Uint8Array) => T, handler: (value: T) => void): void;
  /** Connects now. */
  connect(): void;
  /** Asks the loop that makes the frames for a change; lost when there is no connection. */
  control(change: ControlChange): void;
  /** Opens a channel on which this page publishes JSON, once per connection. */
  offer(topic: string): void;
  /** Publishes a message on a channel that was offered; lost when there is none. */
  publish(topic: string, message: unknown): void;
}

/** Who listens to a channel. */
export interface Subscriber {
  readonly topic: string;
  take(bytes: Uint8Array): void;
}

/** Finds the websocket beside the page: same host, same port, same path, and the page's token. */
export function websocketUrl(page: string): string {
  const url = new URL('.', page);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const token = new URL(page).searchParams.get('token');
  if (token !== null) url.searchParams.set('token', token);
  return url.href;
}

/** Reads a message whose encoding is `json`. The server is ours: its form is taken on trust. */
export function decodeJson<T>(bytes: Uint8Array): T {
  return JSON.parse(new TextDecoder().decode(bytes)) as T;
}

/**
 * Keeps a connection to the stream server, and tries again for ever when it is lost. Subscribes to those of the
 * server's channels that somebody listens to, in the order in which the listeners came.
 */
export class Connection implements Source {
  readonly state = new Signal<ConnectionState>();
  readonly topics = new Signal<ReadonlySet<string>>();
  readonly notice = new Signal<string>();
  readonly clientId = new Signal<string>();
  readonly #url: string;
  readonly #subscribers: Subscriber[] = [];
  /** Channels that this page publishes on the present connection, by topic. */
  readonly #published = new Map<string, number>();
  #client: FoxgloveClient | null = null;
  #attempts = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(url: string) {
    this.#url = url;
    this.state.set('connecting');
  }

  on<T>(topic: string, decode: (bytes: Uint8Array) => T, handler: (value: T) => void): void {
    this.#subscribers.push({ topic, take: (bytes) => handler(decode(bytes)) });
  }

  /** Connects now, without waiting for the next attempt that is due. */
  connect(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const socket = new WebSocket(this.#url, [FoxgloveClient.SUPPORTED_SUBPROTOCOL]);
    const client = new FoxgloveClient({ ws: socket as IWebSocket });
    const subscriptions = new Map<number, string>();
    client.on('advertise', (channels) => {
      const wanted = new Set(this.#subscribers.map(({ topic }) => topic));
      for (const topic of wanted) {
        const channel = channels.find((candidate) => candidate.topic === topic);
        if (channel !== undefined) subscriptions.set(client.subscribe(channel.id), topic);
      }
      this.topics.set(new Set([...(this.topics.value ?? []), ...channels.map(({ topic }) => topic)]));
    });
    client.on('serverInfo', ({ metadata }) => {
      this.#client = client;
      this.#attempts = 0;
      this.#published.clear();
      this.clientId.set(metadata?.client ?? '');
      this.state.set('open');
    });
    client.on('message', ({ subscriptionId, data }) => {
      const topic = subscriptions.get(subscriptionId);
      const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
      for (const subscriber of this.#subscribers) if (subscriber.topic === topic) subscriber.take(bytes);
    });
    client.on('status', ({ message }) => this.notice.set(message));
    client.on('error', () => undefined);
    client.on('close', () => {
      this.#client = null;
      this.topics.set(new Set());
      this.#retryLater();
    });
  }

  control(change: ControlChange): void {
    this.setParameters(Object.entries(change).map(([name, value]) => ({ name, value })));
  }

  /** Sets parameters of the server; lost when there is no connection. */
  setParameters(parameters: Parameter[]): void {
    this.#client?.setParameters(parameters);
  }

  offer(topic: string): void {
    const client = this.#client;
    if (client === null || this.#published.has(topic)) return;
    this.#published.set(topic, client.advertise({ topic, encoding: 'json', schemaName: '' }));
  }

  publish(topic: string, message: unknown): void {
    const channel = this.#published.get(topic);
    if (channel === undefined) return;
    this.#client?.sendMessage(channel, new TextEncoder().encode(JSON.stringify(message)));
  }

  #retryLater(): void {
    const wait = RETRY_MS[Math.min(this.#attempts, RETRY_MS.length - 1)] ?? 1000;
    this.#attempts++;
    this.state.set('closed');
    this.#timer = setTimeout(() => this.connect(), wait);
  }
}
