import { element, setText } from './dom.ts';

/** The notices over the picture: a lost connection stays until it is back, other notices go by themselves. */
export class Banner {
  readonly root = element('div', { class: 'banner', role: 'status', hidden: '' });
  readonly #text = element('span');
  readonly #retry = element('button', { type: 'button' }, 'Try now');
  readonly #notice = element('div', { class: 'notice', role: 'status', hidden: '' });
  #noticeTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(retry: () => void) {
    this.#retry.addEventListener('click', retry);
    this.root.append(element('i', { class: 'spinner' }), this.#text, this.#retry);
  }

  /** The element for passing notices. */
  get notice(): HTMLElement {
    return this.#notice;
  }

  /** Says that there is no connection. */
  showDisconnected(everConnected: boolean): void {
    const what = everConnected ? 'The connection to the server is lost.' : 'The server does not answer.';
    setText(this.#text, `${what} Trying again …`);
    this.root.hidden = false;
  }

  hide(): void {
    this.root.hidden = true;
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
