import { element, setText } from './dom.ts';
import type { Page, View } from './page.ts';

/** The notices over the picture: a lost connection stays until it is back, other notices go by themselves. */
export class Banner implements View {
  readonly root = element('div');
  readonly #lost = element('div', { class: 'banner', role: 'status', hidden: '' });
  readonly #text = element('span');
  readonly #retry = element('button', { type: 'button' }, 'Try now');
  readonly #notice = element('div', { class: 'notice', role: 'status', hidden: '' });
  #noticeTimer: ReturnType<typeof setTimeout> | null = null;

  #everConnected = false;

  constructor() {
    this.#lost.append(element('i', { class: 'spinner' }), this.#text, this.#retry);
    this.root.append(this.#lost, this.#notice);
  }

  attach({ connection }: Page): void {
    this.#retry.addEventListener('click', () => connection.connect());
    connection.notice.subscribe((text) => this.say(text));
    connection.state.subscribe((state) => {
      this.#lost.hidden = state !== 'closed';
      if (state === 'open') this.#everConnected = true;
      const what = this.#everConnected
        ? 'The connection to the server is lost.'
        : 'The server does not answer.';
      setText(this.#text, `${what} Trying again …`);
    });
  }

  /** Shows a notice for some seconds. */
  say(text: string): void {
    if (this.#noticeTimer !== null) clearTimeout(this.#noticeTimer);
    setText(this.#notice, text);
    this.#notice.hidden = false;
    this.#noticeTimer = setTimeout(() => {
      this.#notice.hidden = true;
    }, 4000);
  }
}
