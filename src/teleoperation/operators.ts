import type { ClientInbox, Reception } from '../stream/client-channels.ts';
import { CLIENT_TOPICS, type TeleoperationMessage } from '../stream/wire.ts';
import { parseCommand, parseInput } from './messages.ts';
import type { TeleoperationSession } from './session.ts';

const taken: Reception = { kind: 'taken' };

/**
 * Hears the clients that offer to operate, and lets one at a time: the first that came, until it goes or another takes over
 * between two episodes. The others watch.
 */
export class Operators implements ClientInbox {
  readonly topics: readonly string[] = Object.values(CLIENT_TOPICS);
  readonly #session: TeleoperationSession;
  readonly #onChange: () => void;
  /** In the order in which they came. */
  readonly #clients = new Set<string>();
  /** Those that have been told that they only watch. */
  readonly #told = new Set<string>();
  #operator: string | null = null;

  /** @param onChange - called after everything that {@link message} tells of, but for the steps of an episode. */
  constructor(session: TeleoperationSession, onChange: () => void) {
    this.#session = session;
    this.#onChange = onChange;
  }

  /** The client that operates. */
  get operator(): string | null {
    return this.#operator;
  }

  /** What pages are told. */
  get message(): TeleoperationMessage {
    return { operator: this.#operator, ...this.#session.state };
  }

  join(client: string): void {
    this.#clients.add(client);
    if (this.#operator === null) this.#hand(client);
  }

  leave(client: string): void {
    this.#clients.delete(client);
    this.#told.delete(client);
    if (client !== this.#operator) return;
    this.#session.abandon();
    const [next = null] = this.#clients;
    this.#hand(next);
  }

  receive(client: string, topic: string, data: Uint8Array): Reception {
    return topic === CLIENT_TOPICS.input ? this.#steer(client, data) : this.#command(client, data);
  }

  #hand(client: string | null): void {
    this.#operator = client;
    this.#told.clear();
    this.#onChange();
  }

  #steer(client: string, data: Uint8Array): Reception {
    const parsed = parseInput(data, this.#session.scheme);
    if ('fault' in parsed) return { kind: 'fault', why: `${CLIENT_TOPICS.input}: ${parsed.fault}` };
    if (client === this.#operator) this.#session.steer(parsed.value.wish, parsed.value.device);
    // once is enough: it may come many times a second
    else if (!this.#told.has(client)) return this.#onlyWatches(client);
    return taken;
  }

  #command(client: string, data: Uint8Array): Reception {
    const parsed = parseCommand(data);
    if ('fault' in parsed) return { kind: 'fault', why: `${CLIENT_TOPICS.command}: ${parsed.fault}` };
    const action = parsed.value;
    if (action === 'take') return this.#take(client);
    if (client !== this.#operator) return this.#onlyWatches(client);
    const why = this.#session.perform(action);
    this.#onChange();
    return why === null ? taken : { kind: 'refused', why };
  }

  #take(client: string): Reception {
    if (client === this.#operator) return taken;
    if (this.#session.isMoving) {
      return { kind: 'refused', why: 'an episode is being recorded: wait for its end to take over' };
    }
    this.#hand(client);
    return taken;
  }

  #onlyWatches(client: string): Reception {
    this.#told.add(client);
    return { kind: 'refused', why: 'another client operates: this one watches, until it asks to take over' };
  }
}
