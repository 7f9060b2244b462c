import { element, setText } from './dom.ts';
import type { Page, View } from './page.ts';

/** Where the picture stands. */
type PictureState = 'connecting' | 'live' | 'past' | 'replay' | 'paused' | 'lost';

const stateNames: Readonly<Record<PictureState, string>> = {
  connecting: 'Connecting',
  live: 'Live',
  past: 'Earlier',
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

  attach({ connection, feed, layout, playback }: Page): void {
    layout.cover(this.root, 'top');
    const showState = (): void => {
      const state = playback.state.value ?? null;
      if (connection.state.value === 'closed') this.#show('lost');
      else if (state === null) this.#show('connecting');
      else if (state.paused) this.#show('paused');
      else this.#show(state.kind === 'recording' ? 'replay' : state.kind);
    };
    connection.state.subscribe(showState);
    feed.status.subscribe((status) => {
      if (status !== null) setText(this.#policy, status.policy);
    });
    playback.state.subscribe(showState);
    feed.scene.subscribe((scene) => {
      if (scene === null) return;
      setText(this.#task, scene.env);
      document.title = `${scene.env} · modewise`;
    });
    playback.shown.subscribe(({ frames }) => {
      const frame = frames.at(-1);
      if (frame === undefined) return;
      const seconds = frame.timeSeconds;
      const minutes = Math.floor(seconds / 60);
      setText(this.#time, `${minutes}:${(seconds - 60 * minutes).toFixed(1).padStart(4, '0')}`);
      document.body.dataset.frame = String(frame.index);
    });
  }

  #show(state: PictureState): void {
    if (document.body.dataset.connection === state && this.#state.textContent !== '') return;
    document.body.dataset.connection = state;
    setText(this.#state, stateNames[state]);
  }
}
