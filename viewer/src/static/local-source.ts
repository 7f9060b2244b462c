import {
  HAND_TOPIC,
  type HandMessage,
  type PageOrder,
  type PagePolicy,
  type PageReport,
} from '../../../src/live/page-messages.ts';
import { CHANNELS } from '../../../src/stream/channels.ts';
import { type ControlChange, TOPICS } from '../../../src/stream/wire.ts';
import type { ConnectionState, Source, Subscriber } from '../connection.ts';
import { Signal } from '../signal.ts';

/** Environments and policy in a worker of the page itself, in the place of a server. */
export class LocalSource implements Source {
  readonly state = new Signal<ConnectionState>();
  readonly topics = new Signal<ReadonlySet<string>>();
  readonly notice = new Signal<string>();
  readonly clientId = new Signal<string>();
  readonly #policy: PagePolicy;
  readonly #makeWorker: () => Worker;
  readonly #subscribers: Subscriber[] = [];
  #worker: Worker | null = null;

  constructor(policy: PagePolicy, makeWorker: () => Worker) {
    this.#policy = policy;
    this.#makeWorker = makeWorker;
    this.state.set('connecting');
  }

  on<T>(topic: string, decode: (bytes: Uint8Array) => T, handler: (value: T) => void): void {
    this.#subscribers.push({ topic, take: (bytes) => handler(decode(bytes)) });
  }

  connect(): void {
    this.#worker?.terminate();
    const worker = this.#makeWorker();
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<PageReport>) => this.#take(data);
    worker.onerror = ({ message }) => this.#take({ kind: 'failure', text: message });
    this.topics.set(
      new Set([TOPICS.scene, TOPICS.frame, TOPICS.score, TOPICS.status, CHANNELS.episode.topic, HAND_TOPIC]),
    );
    this.clientId.set('page');
    this.state.set('open');
    this.#order({ kind: 'begin', policy: this.#policy });
  }

  control(change: ControlChange): void {
    this.#order({ kind: 'control', change });
  }

  /** The worker listens to all that it knows. */
  offer(): void {}

  publish(topic: string, message: unknown): void {
    if (topic === HAND_TOPIC) this.#order({ kind: 'hand', hand: message as HandMessage });
  }

  #order(order: PageOrder): void {
    this.#worker?.postMessage(order);
  }

  #take(report: PageReport): void {
    if (report.kind === 'failure') {
      this.notice.set(`The policy cannot run in this page: ${report.text}`);
      return;
    }
    for (const { take, topic } of this.#subscribers) if (topic === report.topic) take(report.bytes);
  }
}
