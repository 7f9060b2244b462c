import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ServerMessage } from '@foxglove/ws-protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import { StreamError } from '../errors.ts';
import type { Scene } from '../physics/scene.ts';
import { hasToken, isLoopback, isOriginAllowed } from './access.ts';
import { Channel, type ChannelDescription } from './channel.ts';
import { ClientSession } from './client-session.ts';
import { encodeFrame, type Frame } from './frame.ts';
import { FrameHistory } from './history.ts';
import { serveHint, servePage } from './page-files.ts';
import { controlChange, parameterValues } from './parameters.ts';
import { rolloutEntities, sceneEntities } from './scene-update.ts';
import { SCENE_SCHEMA, SCENE_UPDATE_SCHEMA, SCORE_SCHEMA, STATUS_SCHEMA } from './schemas.ts';
import {
  type ControlChange,
  type SceneFacts,
  type SceneMessage,
  type ScoreMessage,
  SERVER_NAME,
  type StatusMessage,
  TOPICS,
} from './wire.ts';

const SUBPROTOCOL = 'foxglove.websocket.v1';
/** Greatest message that a client may send, bytes; a longer one closes the connection with code 1009. */
const MAX_CLIENT_MESSAGE_BYTES = 64 * 1024;
/** Frames kept for those who join later, bytes: about 12 s of 480 rollouts. */
const HISTORY_BYTES = 4 * 1024 * 1024;
/** Clients served at once. */
const MAX_CLIENTS = 64;
/** A connection is asked this often whether it is alive, milliseconds. */
const ALIVE_CHECK_MS = 15_000;
/** Connections that do not close themselves in this time are cut, milliseconds. */
const CLOSE_GRACE_MS = 500;
/** Simulated seconds between two pictures for stock clients. */
const MARKER_PERIOD_SECONDS = 0.1;

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
export interface StreamServer {
  readonly port: number;
  /** Address to open in a browser, with the token if one is needed. */
  readonly url: string;
  /** Says what is to be drawn; forgets frames and score of the scene before. */
  publishScene(scene: Scene, facts: SceneFacts): void;
  /**
   * Sends the state of all rollouts to whoever has room for it. The frame may be reused at once; its `index` is
   * replaced by the server's own count.
   *
   * @throws StreamError when it does not have the moving parts of the scene.
   */
  publishFrame(frame: Frame): void;
  publishScore(score: ScoreMessage): void;
  publishStatus(status: StatusMessage): void;
  /**
   * Listens to what viewers ask for. The listener applies the change and calls `publishStatus` with the result.
   *
   * @returns a function that ends the listening.
   */
  onControl(listener: (change: ControlChange) => void): () => void;
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
  return new FoxgloveStreamServer(http, host, token, options.clock ?? null);
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

  readonly #channels = new Map<number, Channel>();
  readonly #scene = this.#open(TOPICS.scene, 'json', 'modewise.Scene', SCENE_SCHEMA);
  readonly #historyChannel = this.#open(TOPICS.history, 'modewise.frames.v1', 'modewise.FrameHistory');
  readonly #frame = this.#open(TOPICS.frame, 'modewise.frame.v1', 'modewise.Frame');
  readonly #score = this.#open(TOPICS.score, 'json', 'modewise.Score', SCORE_SCHEMA);
  readonly #status = this.#open(TOPICS.status, 'json', 'modewise.Status', STATUS_SCHEMA);
  readonly #sceneMarkers = this.#open('/markers/scene', 'json', 'foxglove.SceneUpdate', SCENE_UPDATE_SCHEMA);
  readonly #rolloutMarkers = this.#open(
    '/markers/rollouts',
    'json',
    'foxglove.SceneUpdate',
    SCENE_UPDATE_SCHEMA,
  );

  readonly #history = new FrameHistory(HISTORY_BYTES);
  readonly #controlListeners = new Set<(change: ControlChange) => void>();
  #currentScene: Scene | null = null;
  #currentStatus: StatusMessage = { policy: '', paused: false, speed: 1, rollouts: 1, maxRollouts: 1 };
  #frames = 0;
  #timeSeconds = 0;
  #lastMarkersSeconds = Number.NEGATIVE_INFINITY;
  #closing: Promise<void> | null = null;

  constructor(http: Server, host: string, token: string | null, clock: (() => number) | null) {
    this.#http = http;
    this.#token = token;
    this.#clock = clock;
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
    this.#currentScene = scene;
    this.#history.clear();
    for (const channel of [this.#frame, this.#historyChannel, this.#score, this.#rolloutMarkers])
      channel.clear();
    this.#lastMarkersSeconds = Number.NEGATIVE_INFINITY;
    this.#publish(this.#scene, json({ ...facts, scene } satisfies SceneMessage));
    const timestampNs = this.#timestampNs();
    this.#publish(this.#sceneMarkers, () => json(sceneEntities(scene, timestampNs)));
  }

  publishFrame(frame: Frame): void {
    const scene = this.#currentScene;
    if (scene === null || scene.movingParts !== frame.movingParts) {
      throw new StreamError({
        what: 'a frame does not fit the published scene',
        found: `${frame.movingParts} moving parts`,
        expected: scene === null ? 'publishScene before the first frame' : `${scene.movingParts}`,
      });
    }
    this.#timeSeconds = frame.timeSeconds;
    const bytes = encodeFrame({ ...frame, index: this.#frames++ });
    this.#history.push(bytes);
    // subscribers have the frames one by one; the joined ones are for those who subscribe later
    this.#historyChannel.set(() => this.#history.encode(), this.#timestampNs());
    this.#publish(this.#frame, bytes);
    this.#publishMarkers(scene, frame);
  }

  publishScore(score: ScoreMessage): void {
    this.#publish(this.#score, json(score));
  }

  publishStatus(status: StatusMessage): void {
    this.#currentStatus = status;
    this.#publish(this.#status, json(status));
    for (const session of this.#sessions) session.notifyParameters();
  }

  onControl(listener: (change: ControlChange) => void): () => void {
    this.#controlListeners.add(listener);
    return () => this.#controlListeners.delete(listener);
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

  #open(topic: string, encoding: string, schemaName: string, schema = ''): Channel {
    const description: ChannelDescription = {
      topic,
      encoding,
      schemaName,
      schema,
      ...(schema === '' ? {} : { schemaEncoding: 'jsonschema' }),
    };
    const channel = new Channel(this.#channels.size + 1, description);
    this.#channels.set(channel.id, channel);
    return channel;
  }

  #publish(channel: Channel, payload: Uint8Array | (() => Uint8Array)): void {
    channel.set(payload, this.#timestampNs());
    for (const session of this.#sessions) session.notify(channel);
  }

  /** Draws the rollouts for stock clients: seldom, and only while one is looking. */
  #publishMarkers(scene: Scene, frame: Frame): void {
    if (Math.abs(frame.timeSeconds - this.#lastMarkersSeconds) < MARKER_PERIOD_SECONDS) return;
    if (![...this.#sessions].some((session) => session.isSubscribedTo(this.#rolloutMarkers))) return;
    this.#lastMarkersSeconds = frame.timeSeconds;
    this.#publish(this.#rolloutMarkers, json(rolloutEntities(scene, frame, this.#timestampNs())));
  }

  #timestampNs(): bigint {
    const milliseconds = this.#clock === null ? this.#timeSeconds * 1000 : this.#clock();
    return BigInt(Math.max(0, Math.round(milliseconds * 1000))) * 1000n;
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
    const session = new ClientSession(connection, {
      channel: (id) => this.#channels.get(id),
      parameters: (names) => parameterValues(this.#currentStatus, names),
      setParameter: (parameter) => this.#setParameter(parameter),
    });
    this.#sessions.add(session);
    connection.on('close', () => this.#sessions.delete(session));
    const greetings: readonly ServerMessage[] = [
      {
        op: 'serverInfo',
        name: SERVER_NAME,
        capabilities: ['parameters', 'parametersSubscribe'],
        sessionId: this.#sessionId,
        metadata: { frameFormat: 'MWF1' },
      },
      { op: 'advertise', channels: [...this.#channels.values()].map((channel) => channel.advertisement) },
    ];
    for (const greeting of greetings) session.send(greeting);
  }

  #setParameter(parameter: { readonly name: string; readonly value?: unknown }): string | null {
    const result = controlChange(parameter, this.#currentStatus);
    if ('fault' in result) return result.fault;
    for (const listener of this.#controlListeners) listener(result.change);
    return this.#controlListeners.size > 0 ? null : `${parameter.name}: nothing here can be controlled`;
  }
}

function json(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value));
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
