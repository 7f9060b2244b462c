/** Topics that one client may offer to publish on. */
const MAX_CHANNELS = 64;
/** Opcode of a message from a client (`ClientBinaryOpcode.MESSAGE_DATA`). */
const MESSAGE_DATA = 0x01;
/** u8 opcode, u32 channel. */
const MESSAGE_HEADER_BYTES = 5;

/** What became of a message: taken, turned down for a reason that is no fault of its form, or not understood. */
export type Reception =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'fault'; readonly why: string };

/** Takes what clients publish: the way of the Foxglove protocol for programs and pages to send, not only to watch. */
export interface ClientInbox {
  /** Topics that are listened to; all in the encoding `json`. */
  readonly topics: readonly string[];
  /** A client offers to publish on one of the topics. */
  join(client: string): void;
  /** A client that had joined has gone, or has withdrawn its offer. */
  leave(client: string): void;
  /** Takes a message: bytes as they came, of at most the length that the server accepts. */
  receive(client: string, topic: string, data: Uint8Array): Reception;
}

/** What a client says of a channel that it publishes. */
export interface ClientAdvertisement {
  readonly id: number;
  readonly topic: string;
  readonly encoding: string;
}

const taken: Reception = { kind: 'taken' };
const fault = (why: string): Reception => ({ kind: 'fault', why });

/**
 * The channels that one client publishes. Topics that nobody listens to are accepted and not read: stock clients offer
 * some by themselves.
 */
export class ClientChannels {
  readonly #client: string;
  readonly #inbox: ClientInbox;
  readonly #topics = new Map<number, string>();
  #joined = false;

  constructor(client: string, inbox: ClientInbox) {
    this.#client = client;
    this.#inbox = inbox;
  }

  /** Opens a channel. */
  advertise({ encoding, id, topic }: ClientAdvertisement): Reception {
    if (this.#topics.has(id)) return fault(`client channel ${id} exists already`);
    if (this.#topics.size >= MAX_CHANNELS) return fault(`a client may publish ${MAX_CHANNELS} channels`);
    if (!this.#inbox.topics.includes(topic)) {
      this.#topics.set(id, topic);
      const why = `nothing listens to '${topic.slice(0, 64)}'; there are ${this.#inbox.topics.join(', ')}`;
      return { kind: 'refused', why };
    }
    if (encoding !== 'json') return fault(`${topic}: messages must be json, not '${encoding.slice(0, 64)}'`);
    this.#topics.set(id, topic);
    if (!this.#joined) this.#inbox.join(this.#client);
    this.#joined = true;
    return taken;
  }

  /** Closes a channel. */
  unadvertise(id: number): Reception {
    if (!this.#topics.delete(id)) return fault(`client channel ${id} does not exist`);
    const offers = [...this.#topics.values()].some((topic) => this.#inbox.topics.includes(topic));
    if (!offers) this.leave();
    return taken;
  }

  /** Takes a binary message of the protocol. */
  receive(message: Uint8Array): Reception {
    if (message.byteLength < MESSAGE_HEADER_BYTES || message[0] !== MESSAGE_DATA) {
      return fault('the binary message is no message data: opcode 1 and a channel id come first');
    }
    const id = new DataView(message.buffer, message.byteOffset).getUint32(1, true);
    const topic = this.#topics.get(id);
    if (topic === undefined) return fault(`client channel ${id} does not exist`);
    if (!this.#inbox.topics.includes(topic)) return taken;
    return this.#inbox.receive(this.#client, topic, message.subarray(MESSAGE_HEADER_BYTES));
  }

  /** Ends the client's part. */
  leave(): void {
    if (this.#joined) this.#inbox.leave(this.#client);
    this.#joined = false;
  }
}
