import type { TrainingIteration } from '../../src/stream/training-wire.ts';
import { element, setText } from './dom.ts';
import type { Page } from './page.ts';
import { css } from './palette.ts';
import { brief } from './training-numbers.ts';

/** The components of a mixture at one iteration: those that were added are marked, those that were deleted struck out. */
export class TrainingExperts {
  readonly root = element('aside', { class: 'panel experts-panel', 'aria-label': 'Experts', hidden: '' });
  readonly card = element('section', { class: 'card experts-card' });
  readonly #count = element('span', { class: 'value', id: 'experts-count' });
  readonly #change = element('div', { class: 'note', id: 'experts-change' });
  readonly #list = element('div', { class: 'expert-rows', role: 'list' });
  readonly #page: Page;
  /** The component that a click has kept picked out. */
  #pinned: number | null = null;

  constructor(page: Page) {
    this.#page = page;
    const head = element(
      'div',
      { class: 'expert-row head' },
      element('span', {}, '#'),
      element('span', { title: 'prior: its share of what the mixture learns from' }, 'p(z)'),
      element('b', { title: 'effective demonstrations: exp of the entropy of its curriculum' }, 'eff.'),
      element('b', { title: 'demonstrations it is the most responsible for' }, 'claims'),
      element('span', { title: 'mode of most of these' }, 'mode'),
    );
    const heading = element('header', {}, element('h2', {}, 'Experts'), this.#count);
    this.card.append(heading, this.#change, head, this.#list);
    this.root.append(this.card);
  }

  /** Shows an iteration. @param before - the one before it; null for the first. */
  show(iteration: TrainingIteration, before: TrainingIteration | null): void {
    const { names } = iteration;
    const known = before?.names ?? names;
    const added = names.filter((name) => !known.includes(name));
    const deleted = known.filter((name) => !names.includes(name));
    this.root.hidden = false;
    setText(this.#count, String(names.length));
    const changes = [
      ...(added.length > 0 ? [`added ${list(added)}`] : []),
      ...(deleted.length > 0 ? [`deleted ${list(deleted)}`] : []),
    ];
    setText(this.#change, changes.join(' · '));
    const most = Math.max(...iteration.prior, Number.MIN_VALUE);
    const rows = names.map((name, z) => {
      const row = this.#row(name, {
        prior: iteration.prior[z] ?? 0,
        share: (iteration.prior[z] ?? 0) / most,
        effective: Math.exp(iteration.entropy[z] ?? 0),
        claimed: iteration.claimed[z] ?? 0,
        mode: iteration.modes[z] ?? -1,
      });
      row.classList.toggle('added', added.includes(name));
      return row;
    });
    const gone = deleted.map((name) => {
      const row = this.#row(name, { prior: 0, share: 0, effective: 0, claimed: 0, mode: -1 });
      row.classList.add('deleted');
      return row;
    });
    this.#list.replaceChildren(...rows, ...gone);
  }

  #row(
    name: number,
    facts: {
      readonly prior: number;
      readonly share: number;
      readonly effective: number;
      readonly claimed: number;
      readonly mode: number;
    },
  ): HTMLElement {
    const { feed, palette, settings } = this.#page;
    const color = css(palette.value?.color('expert', name) ?? [128, 128, 128]);
    const swatch = element('i', {}, String(name));
    swatch.style.background = color;
    const bar = element('i');
    bar.style.width = `${100 * facts.share}%`;
    bar.style.background = color;
    const mode = facts.mode < 0 ? '–' : (feed.scene.value?.modes[facts.mode] ?? String(facts.mode));
    const row = element(
      'button',
      { type: 'button', class: 'expert-row', role: 'listitem', 'data-expert': String(name) },
      swatch,
      element('span', { class: 'bar', title: `p(z) = ${brief(facts.prior)}` }, bar),
      element('b', {}, facts.effective === 0 ? '–' : facts.effective.toFixed(1)),
      element('b', {}, String(facts.claimed)),
      element('span', { class: 'mode', title: mode }, mode),
    );
    row.classList.toggle('pinned', this.#pinned === name);
    row.classList.toggle('idle', facts.claimed === 0);
    const pick = { by: 'expert', category: name } as const;
    row.addEventListener('pointerenter', () => {
      if (this.#pinned === null) settings.set({ isolation: pick });
    });
    row.addEventListener('pointerleave', () => {
      if (this.#pinned === null) settings.set({ isolation: null });
    });
    row.addEventListener('click', () => {
      this.#pinned = this.#pinned === name ? null : name;
      settings.set({ isolation: this.#pinned === null ? null : pick });
      for (const other of this.#list.children) {
        other.classList.toggle('pinned', other.getAttribute('data-expert') === String(this.#pinned));
      }
    });
    return row;
  }

  /** Lets all demonstrations be seen again. */
  unpin(): void {
    this.#pinned = null;
    for (const row of this.#list.children) row.classList.remove('pinned');
  }
}

/** Names a few of some numbers. */
function list(names: readonly number[]): string {
  const shown = names.slice(0, 8).join(', ');
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown;
}
