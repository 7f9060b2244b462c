import { element, setText } from './dom.ts';
import type { Page, View } from './page.ts';

/** Where the picture stands. */
type PictureState = 'connecting' | 'live' | 'replay' | 'paused' | 'lost';

const stateNames: Readonly<Record<PictureState, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  replay: 'Recording',
  paused: 'Paused',
  lost: 'Disconnected',
};

/** The line over the picture: what is shown, by which policy, and whether it is live. */
export class Heading implements View {
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

  attach({ connection, feed, layout }: Page): void {
    layout.cover(this.root, 'top');
    const showState = (): void => {
      const status = feed.status.value ?? null;
      if (connection.state.value === 'closed') this.#show('lost');
      else if (status === null) this.#show('connecting');
      else if (status.paused) this.#show('paused');
      else this.#show(status.timeline === undefined ? 'live' : 'replay');
    };
    connection.state.subscribe(showState);
    feed.status.subscribe((status) => {
      if (status !== null) setText(this.#policy, status.policy);
      showState();
    });
    feed.scene.subscribe((scene) => {
      if (scene === null) return;
      setText(this.#task, scene.env);
      document.title = `${scene.env} · modewise`;
    });
    feed.frames.subscribe(({ frames }) => {
      const frame = frames.at(-1);
      if (frame === undefined) return;
      const seconds = frame.timeSeconds;
      const minutes = Math.floor(seconds / 60);
      setText(this.#time, `${minutes}:${(seconds - 60 * minutes).toFixed(1).padStart(4, '0')}`);
      document.body.dataset.frame = String(frame.index);
    });
  }

  #show(state: PictureState): void {
    document.body.dataset.connection = state;
    setText(this.#state, stateNames[state]);
  }
}
