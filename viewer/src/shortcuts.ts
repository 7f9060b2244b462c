import { element } from './dom.ts';
import type { View } from './page.ts';

/** A key and what it does. */
export interface Shortcut {
  /** `KeyboardEvent.key`, in lower case. */
  readonly key: string;
  /** How the key is named on the help sheet. */
  readonly label: string;
  readonly does: string;
  run(): void;
}

/** The shortcuts of all views, and the sheet that lists them. */
export class Shortcuts implements View {
  readonly root = element('dialog', { class: 'help', 'aria-label': 'Keyboard shortcuts' });
  readonly #shortcuts: Shortcut[] = [];
  readonly #list = element('dl');

  constructor() {
    const close = element('button', { type: 'button', class: 'close' }, 'Close');
    const mouse =
      'Click a rollout to isolate it and to see its gate. Drag to turn the view, drag with the right button to move it, ' +
      'scroll to zoom. Point at a mode, expert or ' +
      'outcome in the panel to pick out its rollouts; click to keep them so. One square of the grid is 10 cm.';
    this.root.append(element('h2', {}, 'Keyboard shortcuts'), this.#list, element('p', {}, mouse), close);
    close.addEventListener('click', () => this.root.close());
    this.root.addEventListener('click', (event) => {
      // the backdrop belongs to the dialog itself
      if (event.target === this.root) this.root.close();
    });
  }

  attach(): void {
    this.add({ key: '?', label: '?', does: 'this sheet', run: () => this.toggleSheet() });
    window.addEventListener('keydown', (event) => this.#press(event));
  }

  /** Gives keys their meaning; of two with the same key the first counts. */
  add(...shortcuts: readonly Shortcut[]): void {
    this.#shortcuts.push(...shortcuts);
    this.#list.append(
      ...shortcuts.map(({ does, label }) =>
        element('div', {}, element('dt', {}, element('kbd', {}, label)), element('dd', {}, does)),
      ),
    );
  }

  /** Opens or closes the sheet. */
  toggleSheet(): void {
    if (this.root.open) this.root.close();
    else this.root.showModal();
  }

  /** Runs what a key stands for; keys that are meant for a field or a button are left to it. */
  #press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    if (target instanceof HTMLInputElement && target.type !== 'range') return;
    if (target instanceof HTMLSelectElement) return;
    const key = event.key.toLowerCase();
    // space presses the button that has the focus
    if (key === ' ' && target instanceof HTMLButtonElement) return;
    const shortcut = this.#shortcuts.find((candidate) => candidate.key === key);
    if (shortcut === undefined) return;
    event.preventDefault();
    shortcut.run();
  }
}
