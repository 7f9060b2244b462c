import { element } from './dom.ts';

/** A key and what it does. */
export interface Shortcut {
  /** `KeyboardEvent.key`, in lower case. */
  readonly key: string;
  /** How the key is named on the help sheet. */
  readonly label: string;
  readonly does: string;
  run(): void;
}

/** Listens for the shortcuts; keys that are meant for a field or a button are left to it. */
export function listenForShortcuts(shortcuts: readonly Shortcut[]): void {
  window.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    if (target instanceof HTMLInputElement && target.type !== 'range') return;
    if (target instanceof HTMLSelectElement) return;
    const key = event.key.toLowerCase();
    // space presses the button that has the focus
    if (key === ' ' && target instanceof HTMLButtonElement) return;
    const shortcut = shortcuts.find((candidate) => candidate.key === key);
    if (shortcut === undefined) return;
    event.preventDefault();
    shortcut.run();
  });
}

/** Makes the sheet that lists the shortcuts. */
export function helpSheet(shortcuts: readonly Shortcut[]): HTMLDialogElement {
  const rows = shortcuts.map(({ label, does }) =>
    element('div', {}, element('dt', {}, element('kbd', {}, label)), element('dd', {}, does)),
  );
  const close = element('button', { type: 'button', class: 'close' }, 'Close');
  const mouse =
    'Drag to turn the view, drag with the right button to move it, scroll to zoom. Point at a mode, expert or ' +
    'outcome in the panel to pick out its rollouts; click to keep them so. One square of the grid is 10 cm.';
  const sheet = element(
    'dialog',
    { class: 'help', 'aria-label': 'Keyboard shortcuts' },
    element('h2', {}, 'Keyboard shortcuts'),
    element('dl', {}, ...rows),
    element('p', {}, mouse),
    close,
  );
  close.addEventListener('click', () => sheet.close());
  sheet.addEventListener('click', (event) => {
    // the backdrop belongs to the dialog itself
    if (event.target === sheet) sheet.close();
  });
  return sheet;
}
