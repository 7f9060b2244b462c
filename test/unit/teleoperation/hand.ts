import { CLIENT_TOPICS, type Device, type TeleoperationMessage } from '../../../src/stream/wire.ts';
import { Peer } from '../stream/peer.ts';

/** A client that knows the protocol from its own library only, and offers to operate. */
export class Hand extends Peer {
  readonly #channels = new Map<string, number>();

  /** The id that the server gave it. */
  get id(): string {
    return this.serverInfo?.metadata?.client ?? '';
  }

  /** The newest message on `/teleoperation`, which it must have subscribed to. */
  get state(): TeleoperationMessage {
    return this.json('/teleoperation');
  }

  /** Opens its channels; whoever does so first operates. */
  offer(): this {
    for (const topic of Object.values(CLIENT_TOPICS)) {
      this.#channels.set(topic, this.client.advertise({ topic, encoding: 'json', schemaName: '' }));
    }
    return this;
  }

  /** Publishes text as it is, anything else as JSON. */
  publish(topic: string, message: unknown): void {
    const text = typeof message === 'string' ? message : JSON.stringify(message);
    this.client.sendMessage(this.#channels.get(topic) ?? 0, new TextEncoder().encode(text));
  }

  do(action: string): void {
    this.publish(CLIENT_TOPICS.command, { action });
  }

  point([x, y]: readonly [number, number], device: Device = 'mouse'): void {
    this.publish(CLIENT_TOPICS.input, { point: [x, y], device });
  }
}
