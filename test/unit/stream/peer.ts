import { type Channel, FoxgloveClient, type ServerInfo, type StatusMessage } from '@foxglove/ws-protocol';
import { expect, vi } from 'vitest';
import { WebSocket } from 'ws';

/** A client that knows the Foxglove protocol from its own library only, and keeps what it receives. */
export class Peer {
  readonly socket: WebSocket;
  readonly client: FoxgloveClient;
  readonly channels: Channel[] = [];
  readonly statuses: StatusMessage[] = [];
  readonly parameterValues: { readonly id?: string; readonly values: Record<string, unknown> }[] = [];
  readonly #messages = new Map<string, Uint8Array[]>();
  readonly #topics = new Map<number, string>();
  serverInfo: ServerInfo | null = null;
  closeCode: number | null = null;

  constructor(url: string, options: { readonly origin?: string } = {}) {
    const address = url.replace(/^http/, 'ws');
    this.socket = new WebSocket(address, [FoxgloveClient.SUPPORTED_SUBPROTOCOL], options);
    this.client = new FoxgloveClient({
      ws: this.socket as unknown as ConstructorParameters<typeof FoxgloveClient>[0]['ws'],
    });
    this.client.on('serverInfo', (info) => {
      this.serverInfo = info;
    });
    this.client.on('advertise', (channels) => this.channels.push(...channels));
    this.client.on('status', (status) => this.statuses.push(status));
    this.client.on('error', () => undefined);
    this.client.on('close', (event) => {
      this.closeCode = event.code;
    });
    this.client.on('parameterValues', ({ parameters, id }) => {
      const values = Object.fromEntries(parameters.map(({ name, value }) => [name, value]));
      this.parameterValues.push(id === undefined ? { values } : { id, values });
    });
    this.client.on('message', ({ subscriptionId, data }) => {
      const topic = this.#topics.get(subscriptionId) ?? '';
      const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
      this.of(topic).push(bytes.slice());
    });
  }

  /** All messages of a topic so far. */
  of(topic: string): Uint8Array[] {
    const messages = this.#messages.get(topic) ?? [];
    this.#messages.set(topic, messages);
    return messages;
  }

  /** The newest message of a topic, as JSON. */
  json<T>(topic: string): T {
    return JSON.parse(new TextDecoder().decode(this.of(topic).at(-1))) as T;
  }

  /** Waits until the server has introduced itself. */
  async ready(): Promise<this> {
    await vi.waitFor(() => expect(this.channels.length).toBeGreaterThan(0), { timeout: 10_000 });
    return this;
  }

  subscribe(topic: string): number {
    const channel = this.channels.find((candidate) => candidate.topic === topic);
    if (channel === undefined) throw new Error(`no channel ${topic}`);
    const id = this.client.subscribe(channel.id);
    this.#topics.set(id, topic);
    return id;
  }

  /** Waits for as many messages of a topic. */
  async received(topic: string, count = 1): Promise<void> {
    await vi.waitFor(() => expect(this.of(topic).length).toBeGreaterThanOrEqual(count), { timeout: 10_000 });
  }

  close(): void {
    this.socket.terminate();
  }
}
