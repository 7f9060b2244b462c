import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ServerMessage } from '@foxglove/ws-protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import { StreamError } from '../errors.ts';
import type { Scene } from '../physics/scene.ts';
import { hasToken, isLoopback, isOriginAllowed } from './access.ts';
import type { ChannelDescription } from './channel.ts';
import { ChannelSet } from './channel-set.ts';
import { ClientChannels, type ClientInbox } from './client-channels.ts';
import { ClientSession } from './client-session.ts';
import type { Frame } from './frame.ts';
import { serveHint, servePage } from './page-files.ts';
import type { Publisher } from './publisher.ts';
import {
  type ControlChange,
  type EpisodeMessage,
  type SceneFacts,
  type ScoreMessage,
  SERVER_NAME,
  type StatusMessage,
  type TeleoperationMessage,
} from './wire.ts';

const SUBPROTOCOL = 'foxglove.websocket.v1';
/** Greatest message that a client may send, bytes; a longer one closes the connection with code 1009. */
const MAX_CLIENT_MESSAGE_BYTES = 64 * 1024;
/** Clients served at once. */
const MAX_CLIENTS = 64;
/** A connection is asked this often whether it is alive, milliseconds. */
const ALIVE_CHECK_MS = 15_000;
/** Connections that do not close themselves in this time are cut, milliseconds. */
const CLOSE_GRACE_MS = 500;
/** How to start a stream. */
export interface StreamServerOptions {
  /** Port for page and websocket; 0 lets the system choose a free one. */
  readonly port: number;
  /** Interface to listen on; `127.0.0.1` unless given. Any other than loopback requires a token. */
  readonly host?: string;
  /** Folder of the built page; without it only the websocket is served. */
  readonly page?: string;
  /** Token that a client must bring; made up for a host that is not loopback unless given. */
  readonly token?: string;
  /** Wall clock for message times, milliseconds since the epoch; unless given, times are the simulated ones. */
  readonly clock?: () => number;
  /**
   * Gives every client channels of its own in place of those that the server publishes to, and fills them.
   *
   * @returns what ends the filling, called when the client has gone.
   */
  readonly perClient?: (channels: ChannelSet) => () => void;
  /** Channels beside those that every stream has, for `publishOn`. */
  readonly channels?: readonly ChannelDescription[];
  /** Takes what clients publish, where episodes are driven by hand; without it clients only watch. */
  readonly inbox?: ClientInbox;
}

/** What a stream server carries at the moment. */
export interface StreamStatistics {
  readonly clients: number;
  /** Bytes waiting in the sockets of all clients. */
  readonly bufferedBytes: number;
  /** Messages that slow clients did not get because newer ones replaced them, over the clients connected now. */
  readonly skipped: number;
}

/** A running stream; made by {@link startStreamServer}. */
export interface StreamServer extends Publisher {
  readonly port: number;
  /** Address to open in a browser, with the token if one is needed. */
  readonly url: string;
  /**
   * Listens to what viewers ask for. The listener applies the change and calls `publishStatus` with the result.
   *
   * @returns a function that ends the listening.
   */
  onControl(listener: (change: ControlChange) => void): () => void;
  /** Says how an episode driven by hand stands. */
  publishTeleoperation(message: TeleoperationMessage): void;
  /**
   * Publishes on one of the `channels` that the server was started with: the newest message counts.
   *
   * @param payload - the bytes, or how to make them, which is done only when somebody reads.
   * @throws StreamError when there is no such channel.
   */
  publishOn(topic: string, payload: Uint8Array | (() => Uint8Array)): void;
  statistics(): StreamStatistics;
  /** Ends all connections and frees the port; may be called twice. */
  close(): Promise<void>;
}

/**
 * Starts serving the viewer page and the Foxglove WebSocket protocol on one port.
 *
 * @throws StreamError when the port is taken or the page has not been built.
 *
 * @example
 * const server = await startStreamServer({ port: 8137, page: 'dist/viewer', clock: Date.now });
 * server.publishScene(task.scene, { env: 'Avoiding-v0', modes: task.behavior.modes, components: 64, dtSeconds: 0.035 });
 * const frame = createFrame(100, task.scene.movingParts);
 * server.publishFrame(frame);
 */
export async function startStreamServer(options: StreamServerOptions): Promise<StreamServer> {
  const host = options.host ?? '127.0.0.1';
  const token = options.token ?? (isLoopback(host) ? null : randomBytes(16).toString('hex'));
  const http = createServer(options.page === undefined ? serveHint : servePage(options.page));
  await listen(http, options.port, host);
  return new FoxgloveStreamServer(http, host, token, options);
}

class FoxgloveStreamServer implements StreamServer {
  readonly port: number;
  readonly url: string;
  readonly #http: Server;
  readonly #token: string | null;
  readonly #clock: (() => number) | null;
  readonly #sockets: WebSocketServer;
  readonly #sessions = new Set<ClientSession>();
  readonly #aliveTimer: NodeJS.Timeout;
  readonly #sessionId = randomUUID();

  readonly #shared: ChannelSet;
  readonly #perClient: ((channels: ChannelSet) => () => void) | null;
  readonly #inbox: ClientInbox | null;
  #clients = 0;
  #closing: Promise<void> | null = null;

  constructor(http: Server, host: string, token: string | null, options: StreamServerOptions) {
    this.#http = http;
    this.#token = token;
    this.#clock = options.clock ?? null;
    this.#shared = new ChannelSet(this.#clock, options.inbox !== undefined, options.channels);
    this.#perClient = options.perClient ?? null;
    this.#inbox = options.inbox ?? null;
    this.port = (http.address() as AddressInfo).port;
    const name = host.includes(':') ? `[${host}]` : host;
    this.url = `http://${name}:${this.port}/${token === null ? '' : `?token=${token}`}`;
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: MAX_CLIENT_MESSAGE_BYTES,
      perMessageDeflate: false,
      autoPong: false,
      handleProtocols: () => SUBPROTOCOL,
    });
    http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#aliveTimer = setInterval(() => {
      for (const session of this.#sessions) session.checkAlive();
    }, ALIVE_CHECK_MS);
    this.#aliveTimer.unref();
  }

  publishScene(scene: Scene, facts: SceneFacts): void {
    this.#shared.publishScene(scene, facts);
  }

  publishFrame(frame: Frame): void {
    this.#shared.publishFrame(frame);
  }

  publishScore(score: ScoreMessage): void {
    this.#shared.publishScore(score);
  }

  publishStatus(status: StatusMessage): void {
    this.#shared.publishStatus(status);
  }

  publishTeleoperation(message: TeleoperationMessage): void {
    this.#shared.publishTeleoperation(message);
  }

  publishOn(topic: string, payload: Uint8Array | (() => Uint8Array)): void {
    this.#shared.publishOn(topic, payload);
  }

  publishEpisode(episode: EpisodeMessage): void {
    this.#shared.publishEpisode(episode);
  }

  onControl(listener: (change: ControlChange) => void): () => void {
    return this.#shared.onControl(listener);
  }

  statistics(): StreamStatistics {
    let bufferedBytes = 0;
    let skipped = 0;
    for (const session of this.#sessions) {
      bufferedBytes += session.bufferedBytes;
      skipped += session.skipped;
    }
    return { clients: this.#sessions.size, bufferedBytes, skipped };
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    clearInterval(this.#aliveTimer);
    for (const session of this.#sessions) session.close(1001, 'the server ends');
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    this.#http.closeIdleConnections();
    const cut = setTimeout(() => {
      for (const session of this.#sessions) session.terminate();
      this.#http.closeAllConnections();
    }, CLOSE_GRACE_MS);
    await closed;
    clearTimeout(cut);
    this.#sockets.close();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // a peer that vanishes during the handshake
    socket.on('error', () => undefined);
    const refuse = (status: string): void => {
      socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    };
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (this.#closing !== null) refuse('503 Service Unavailable');
    else if (this.#sessions.size >= MAX_CLIENTS) refuse('503 Service Unavailable');
    else if (!isOriginAllowed(request)) refuse('403 Forbidden');
    else if (this.#token !== null && !hasToken(request, this.#token)) refuse('401 Unauthorized');
    else if (!offered.includes(SUBPROTOCOL)) refuse('400 Bad Request');
    else this.#sockets.handleUpgrade(request, socket, head, (connection) => this.#welcome(connection));
  }

  #welcome(connection: WebSocket): void {
    const channels = this.#perClient === null ? this.#shared : new ChannelSet(this.#clock);
    const inbox = this.#inbox;
    const client = String(++this.#clients);
    const published = inbox === null ? null : new ClientChannels(client, inbox);
    const session = new ClientSession(connection, channels, published);
    this.#sessions.add(session);
    channels.sessions.add(session);
    const stop = this.#perClient?.(channels);
    connection.on('close', () => {
      this.#sessions.delete(session);
      channels.sessions.delete(session);
      stop?.();
      published?.leave();
    });
    const greetings: readonly ServerMessage[] = [
      {
        op: 'serverInfo',
        name: SERVER_NAME,
        capabilities: ['parameters', 'parametersSubscribe', ...(inbox === null ? [] : ['clientPublish'])],
        ...(inbox === null ? {} : { supportedEncodings: ['json'] }),
        sessionId: this.#sessionId,
        metadata: { frameFormat: 'MWF2', client },
      },
      { op: 'advertise', channels: channels.advertisements },
    ];
    for (const greeting of greetings) session.send(greeting);
  }
}

function listen(http: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(listenError(error, port, host));
    http.once('error', failed);
    http.listen(port, host, () => {
      http.off('error', failed);
      resolve();
    });
  });
}

function listenError(error: NodeJS.ErrnoException, port: number, host: string): StreamError {
  const where = `${host}:${port}`;
  if (error.code === 'EADDRINUSE') {
    const remedy = 'choose another port, or end the program that uses this one';
    return new StreamError({ what: `port ${port} is taken`, where, remedy }, { cause: error });
  }
  return new StreamError(
    { what: `cannot listen on port ${port}`, where, found: error.message },
    { cause: error },
  );
}
