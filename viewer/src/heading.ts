import type { Frame } from '../../src/stream/frame.ts';
import type { SceneFacts, StatusMessage } from '../../src/stream/wire.ts';
import { element, setText } from './dom.ts';

/** Where the connection to the server stands. */
export type ConnectionState = 'connecting' | 'live' | 'replay' | 'paused' | 'lost';

const stateNames: Readonly<Record<ConnectionState, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  replay: 'Recording',
  paused: 'Paused',
  lost: 'Disconnected',
};

/** The line over the picture: what is shown, by which policy, and whether it is live. */
export class Heading {
  readonly root = element('header', { class: 'heading' });
  readonly #task = element('strong');
  readonly #policy = element('span', { class: 'policy' });
  readonly #state = element('span', { class: 'state' });
  readonly #time = element('span', { class: 'time', id: 'time' });

  constructor() {
    const mark = element('img', { src: './icon.svg', alt: '', width: '26', height: '26' });
    const title = element('div', { class: 'title' }, this.#task, this.#policy);
    this.root.append(mark, title, this.#state, this.#time);
    setText(this.#task, 'modewise');
  }

  setFacts(facts: SceneFacts): void {
    setText(this.#task, facts.env);
    document.title = `${facts.env} · modewise`;
  }

  setStatus(status: StatusMessage): void {
    setText(this.#policy, status.policy);
  }

  setState(state: ConnectionState): void {
    document.body.dataset.connection = state;
    setText(this.#state, stateNames[state]);
  }

  setFrame(frame: Frame): void {
    const seconds = frame.timeSeconds;
    const minutes = Math.floor(seconds / 60);
    setText(this.#time, `${minutes}:${(seconds - 60 * minutes).toFixed(1).padStart(4, '0')}`);
    document.body.dataset.frame = String(frame.index);
  }
}
