import { element } from './dom.ts';

/** A number with a bar from 0 to 1 below it. */
export interface Meter {
  readonly root: HTMLElement;
  readonly title: HTMLElement;
  readonly value: HTMLElement;
  readonly note: HTMLElement;
  /** Opposite of the note. */
  readonly aside: HTMLElement;
  readonly fill: HTMLElement;
  /** An interval around the number. */
  readonly band: HTMLElement;
  /** What the number is to be held against. */
  readonly mark: HTMLElement;
}

/**
 * Makes a meter.
 *
 * @param kind - its class, which decides the colour.
 * @param id - of the element with the number.
 */
export function meter(title: string, kind: string, id: string): Meter {
  const heading = element('h2', {}, title);
  const value = element('span', { class: 'value', id });
  const note = element('span');
  const aside = element('span');
  const fill = element('i', { class: 'fill' });
  const band = element('i', { class: 'band' });
  const mark = element('i', { class: 'mark' });
  const root = element(
    'section',
    { class: `card meter ${kind}` },
    element('header', {}, heading, value),
    element('div', { class: 'track' }, fill, band, mark),
    element('div', { class: 'note split' }, note, aside),
  );
  return { root, title: heading, value, note, aside, fill, band, mark };
}

/** Writes a share of 1 in percent. */
export function percent(rate: number): string {
  return `${(100 * rate).toFixed(1)} %`;
}
