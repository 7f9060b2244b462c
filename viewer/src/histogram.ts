import { element } from './dom.ts';
import { css, type Palette } from './palette.ts';

/** A bar per mode: how often it was reached. */
export class Histogram {
  readonly root = element('div', { class: 'histogram', role: 'group' });
  #names: readonly string[] = [];

  /** @param label - what is counted. */
  constructor(label: string) {
    this.root.setAttribute('aria-label', label);
  }

  /** Makes the bars anew, all empty; `onBar` gets each with its mode. */
  setModes(
    names: readonly string[],
    onBar: (bar: HTMLElement, mode: number, describe: () => string) => void,
  ): void {
    this.#names = names;
    this.root.replaceChildren(
      ...names.map((name, mode) => {
        const bar = element('button', { type: 'button', class: 'bar empty' }, element('i'));
        onBar(bar, mode, () => `${name}: ${countOf(bar)} successes`);
        return bar;
      }),
    );
  }

  /** Shows the counts; a bar of `most` is as high as can be. */
  setCounts(counts: readonly number[], most = Math.max(1, ...counts)): void {
    this.#bars((bar, mode) => {
      const count = counts[mode] ?? 0;
      (bar.firstElementChild as HTMLElement).style.height =
        count === 0 ? '2px' : `${Math.max(4, (100 * count) / most)}%`;
      bar.classList.toggle('empty', count === 0);
      bar.setAttribute('aria-label', `${this.#names[mode] ?? mode}: ${count}`);
    });
  }

  /** Gives every bar the colour of its mode. */
  paint(palette: Palette): void {
    this.#bars((bar, mode) => {
      (bar.firstElementChild as HTMLElement).style.background = css(palette.color('mode', mode));
    });
  }

  #bars(visit: (bar: Element, mode: number) => void): void {
    [...this.root.children].forEach(visit);
  }
}

function countOf(bar: HTMLElement): string {
  return bar.getAttribute('aria-label')?.split(': ').pop() ?? '0';
}
