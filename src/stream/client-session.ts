import { type Parameter, type ServerMessage, StatusLevel } from '@foxglove/ws-protocol';
import type { RawData, WebSocket } from 'ws';
import type { Channel } from './channel.ts';
import type { ClientChannels, Reception } from './client-channels.ts';
import { type ClientMessage, parseClientMessage } from './client-message.ts';

/** Above this many bytes waiting in a socket nothing more is put into it: newer messages replace older ones. */
export const HIGH_WATER_BYTES = 64 * 1024;
/** Subscriptions that one client may hold. */
const MAX_SUBSCRIPTIONS = 256;
/** Malformed messages after which a client is sent away. */
const MAX_FAULTS = 64;
/** Close code of RFC 6455 for a peer that breaks the rules. */
const POLICY_VIOLATION = 1008;

/** What a session needs from the server it belongs to. */
export interface SessionHost {
  channel(id: number): Channel | undefined;
  /** The current values of the named parameters; no names mean all. */
  parameters(names: readonly string[]): Parameter[];
  /** Applies a change; returns what is wrong with it, if anything. */
  setParameter(parameter: { readonly name: string; readonly value?: unknown }): string | null;
}

/**
 * One connected client. What waits for it is not a queue of messages but the set of subscriptions that have
 * something new; the message itself is read from the channel when there is room in the socket. Memory per client
 * is so bounded by {@link HIGH_WATER_BYTES} and one message of each channel, however slowly the client reads.
 */
export class ClientSession {
  readonly #socket: WebSocket;
  readonly #host: SessionHost;
  readonly #published: ClientChannels | null;
  readonly #subscriptions = new Map<number, Channel>();
  /** Ids of subscriptions with something new, in the order in which it came up. */
  readonly #pending = new Set<number>();
  readonly #watchedParameters = new Set<string>();
  #parametersPending = false;
  #faults = 0;
  #skipped = 0;
  /** Answered since the last {@link checkAlive}. */
  #alive = true;

  /** @param published - what the client may publish; null where nobody listens to clients. */
  constructor(socket: WebSocket, host: SessionHost, published: ClientChannels | null = null) {
    this.#socket = socket;
    this.#host = host;
    this.#published = published;
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => {
      this.#alive = true;
    });
    // by hand, not by the library: pings of a client that does not read would pile up as answers
    socket.on('ping', (data) => {
      if (!this.#isFull()) socket.pong(data);
    });
    // 'close' follows and removes the session; without a listener the error would end the process
    socket.on('error', () => undefined);
  }

  /** Messages that were replaced by newer ones before there was room for them. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Bytes waiting in the socket. */
  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Sends a JSON message at once. Left out when the client does not read: only answers are sent so. */
  send(message: ServerMessage): void {
    if (this.#socket.readyState !== this.#socket.OPEN || this.#isFull()) return;
    this.#socket.send(JSON.stringify(message));
  }

  /** Marks the newest message of a channel as to be sent. */
  notify(channel: Channel): void {
    for (const [subscriptionId, subscribed] of this.#subscriptions) {
      if (subscribed !== channel) continue;
      if (this.#pending.has(subscriptionId)) this.#skipped++;
      this.#pending.add(subscriptionId);
    }
    this.#pump();
  }

  /** Tells the client about those parameters it asked to be told about. */
  notifyParameters(): void {
    this.#parametersPending = this.#watchedParameters.size > 0;
    this.#pump();
  }

  /** Says whether somebody reads this channel. */
  isSubscribedTo(channel: Channel): boolean {
    for (const subscribed of this.#subscriptions.values()) if (subscribed === channel) return true;
    return false;
  }

  /** Ends the connection of a client that has not answered since the last call, and asks the others to. */
  checkAlive(): void {
    if (!this.#alive) {
      this.#socket.terminate();
      return;
    }
    this.#alive = false;
    this.#socket.ping();
  }

  /** Closes the connection, politely first. */
  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  /** Ends the connection at once. */
  terminate(): void {
    this.#socket.terminate();
  }

  #isFull(): boolean {
    return this.#socket.bufferedAmount > HIGH_WATER_BYTES;
  }

  /** Sends what is pending as far as there is room; runs again whenever a message has left. */
  #pump(): void {
    if (this.#parametersPending && !this.#isFull()) {
      this.#parametersPending = false;
      this.send({ op: 'parameterValues', parameters: this.#host.parameters([...this.#watchedParameters]) });
    }
    for (const subscriptionId of this.#pending) {
      if (this.#socket.readyState !== this.#socket.OPEN || this.#isFull()) return;
      this.#pending.delete(subscriptionId);
      const channel = this.#subscriptions.get(subscriptionId);
      if (channel === undefined || !channel.hasMessage) continue;
      this.#socket.send(channel.messageFor(subscriptionId), { binary: true }, () => this.#pump());
    }
  }

  #receive(data: RawData, isBinary: boolean): void {
    // what was on its way when the client was sent away
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (isBinary) {
      this.#take((published) => published.receive(bytesOf(data)));
      return;
    }
    const parsed = parseClientMessage(data.toString());
    if ('fault' in parsed) this.#fault(parsed.fault);
    else this.#answer(parsed.message);
  }

  #answer(message: ClientMessage): void {
    switch (message.op) {
      case 'subscribe':
        for (const subscription of message.subscriptions)
          this.#subscribe(subscription.id, subscription.channelId);
        this.#pump();
        return;
      case 'unsubscribe':
        for (const subscriptionId of message.subscriptionIds) {
          this.#subscriptions.delete(subscriptionId);
          this.#pending.delete(subscriptionId);
        }
        return;
      case 'getParameters':
        this.#sendParameters(message.parameterNames, message.id);
        return;
      case 'setParameters':
        for (const parameter of message.parameters) {
          const fault = this.#host.setParameter(parameter);
          if (fault !== null) this.#fault(fault);
        }
        if (message.id !== undefined) {
          const names = message.parameters.map((parameter) => parameter.name);
          if (names.length > 0) this.#sendParameters(names, message.id);
        }
        return;
      case 'subscribeParameterUpdates':
        for (const parameter of this.#host.parameters(message.parameterNames)) {
          this.#watchedParameters.add(parameter.name);
        }
        return;
      case 'unsubscribeParameterUpdates':
        if (message.parameterNames.length === 0) this.#watchedParameters.clear();
        for (const name of message.parameterNames) this.#watchedParameters.delete(name);
        return;
      case 'advertise':
        for (const channel of message.channels) this.#take((published) => published.advertise(channel));
        return;
      case 'unadvertise':
        for (const id of message.channelIds) this.#take((published) => published.unadvertise(id));
        return;
      default:
        message satisfies never;
    }
  }

  /** Hands on what the client publishes, and tells it what became of it unless it was taken. */
  #take(hand: (published: ClientChannels) => Reception): void {
    if (this.#published === null) {
      this.#fault('client channels and binary messages are not accepted: this server only shows');
      return;
    }
    const reception = hand(this.#published);
    if (reception.kind === 'fault') this.#fault(reception.why);
    if (reception.kind === 'refused') {
      this.send({ op: 'status', level: StatusLevel.WARNING, message: reception.why });
    }
  }

  #subscribe(subscriptionId: number, channelId: number): void {
    const channel = this.#host.channel(channelId);
    if (channel === undefined) {
      this.#fault(`channel ${channelId} does not exist`);
    } else if (this.#subscriptions.has(subscriptionId)) {
      this.#fault(`subscription ${subscriptionId} exists already`);
    } else if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS) {
      this.#fault(`a client may hold ${MAX_SUBSCRIPTIONS} subscriptions`);
    } else {
      this.#subscriptions.set(subscriptionId, channel);
      this.#pending.add(subscriptionId);
    }
  }

  #sendParameters(names: readonly string[], id: string | undefined): void {
    const parameters = this.#host.parameters(names);
    this.send({ op: 'parameterValues', parameters, ...(id === undefined ? {} : { id }) });
  }

  /** Tells the client what was wrong with its message, and sends it away when that goes on. */
  #fault(message: string): void {
    this.#faults++;
    if (this.#faults > MAX_FAULTS) {
      this.#socket.close(POLICY_VIOLATION, 'too many malformed messages');
      return;
    }
    this.send({ op: 'status', level: StatusLevel.ERROR, message });
  }
}

/** Joins what the socket hands over; the bytes are the message's own. */
function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
