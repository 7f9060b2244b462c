import type { Channel as Advertisement } from '@foxglove/ws-protocol';

/** What is told to clients about a channel, without its id. */
export type ChannelDescription = Omit<Advertisement, 'id'>;

/**
 * One topic and its newest message. Every channel is latched: who subscribes late gets the newest message at
 * once, who reads slowly gets the newest one when there is room again, and the ones between are not kept.
 */
export class Channel {
  readonly advertisement: Advertisement;
  #payload: Uint8Array | (() => Uint8Array) | null = null;
  #timestampNs = 0n;

  constructor(id: number, description: ChannelDescription) {
    this.advertisement = { id, ...description };
  }

  get id(): number {
    return this.advertisement.id;
  }

  /** Says whether there is a message to send. */
  get hasMessage(): boolean {
    return this.#payload !== null;
  }

  /**
   * Replaces the newest message.
   *
   * @param payload - the bytes, or how to make them: called at most once, and only when somebody reads.
   */
  set(payload: Uint8Array | (() => Uint8Array), timestampNs: bigint): void {
    this.#payload = payload;
    this.#timestampNs = timestampNs;
  }

  /** Forgets the newest message. */
  clear(): void {
    this.#payload = null;
  }

  /** Writes the newest message as the protocol's binary message data for one subscription. */
  messageFor(subscriptionId: number): Uint8Array {
    if (typeof this.#payload === 'function') this.#payload = this.#payload();
    const payload = this.#payload ?? new Uint8Array();
    const message = new Uint8Array(MESSAGE_HEADER_BYTES + payload.byteLength);
    const view = new DataView(message.buffer);
    view.setUint8(0, MESSAGE_DATA);
    view.setUint32(1, subscriptionId, true);
    view.setBigUint64(5, this.#timestampNs, true);
    message.set(payload, MESSAGE_HEADER_BYTES);
    return message;
  }
}

/** Opcode of a message from the server (`BinaryOpcode.MESSAGE_DATA`). */
const MESSAGE_DATA = 0x01;
/** u8 opcode, u32 subscription, u64 time. */
const MESSAGE_HEADER_BYTES = 13;
