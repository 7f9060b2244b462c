import type { Frame } from '../../src/stream/frame.ts';
import type { SceneFacts, ScoreMessage } from '../../src/stream/wire.ts';
import { element, setText } from './dom.ts';
import type { Page, View } from './page.ts';
import { css, type Palette } from './palette.ts';
import type { ColorBy, Isolation, SettingsStore } from './settings.ts';

const OUTCOMES = ['running', 'success', 'failure'] as const;

/** The live panel: success with its interval, entropy with its ceiling, modes covered, and the colour legend. */
export class Panel implements View {
  readonly root = element('aside', { class: 'panel', 'aria-label': 'Scores' });
  readonly #success = meter('Success rate', 'success');
  readonly #entropy = meter('Behavior entropy', 'entropy');
  readonly #modesValue = element('span', { class: 'value' });
  readonly #histogram = element('div', {
    class: 'histogram',
    role: 'group',
    'aria-label': 'Successes per mode',
  });
  readonly #hint = element('div', { class: 'note hint' });
  readonly #legend = element('section', { class: 'card legend' });
  #settings: SettingsStore | null = null;
  #facts: SceneFacts | null = null;
  #newest: Frame | null = null;
  #palette: Palette | null = null;
  /** The entry that a click has kept picked out. */
  #pinned: { readonly target: HTMLElement; describe(): string } | null = null;
  /** The entries of the legend that is shown, by category. */
  #legendCounts: HTMLElement[] = [];

  constructor() {
    const heading = element('header', {}, element('h2', {}, 'Modes covered'), this.#modesValue);
    this.root.append(
      this.#success.root,
      this.#entropy.root,
      element('section', { class: 'card modes' }, heading, this.#histogram, this.#hint),
      this.#legend,
    );
    this.#success.mark.hidden = true;
    this.#setScore(null);
  }

  attach({ feed, layout, palette, playback, settings, shortcuts }: Page): void {
    this.#settings = settings;
    layout.cover(this.root, 'right');
    feed.scene.subscribe((scene) => {
      if (scene === null) return;
      this.#setFacts(scene);
      this.#showLegend(settings.current.colorBy);
    });
    feed.score.subscribe((score) => this.#setScore(score));
    palette.subscribe((colors) => {
      this.#palette = colors;
      this.#paint();
    });
    playback.shown.subscribe(({ frames }) => {
      this.#newest = frames.at(-1) ?? null;
      if (this.#newest !== null) this.#countLegend(this.#newest);
    });
    settings.subscribe((current, before) => {
      this.root.hidden = !current.panel;
      if (current.rollout !== null && current.rollout !== before.rollout) this.unpin();
      if (current.colorBy !== before.colorBy) this.#showLegend(current.colorBy);
      if (this.#newest !== null) this.#countLegend(this.#newest);
    });
    shortcuts.add(
      {
        key: 'p',
        label: 'P',
        does: 'show or hide the scores',
        run: () => settings.set({ panel: !settings.current.panel }),
      },
      {
        key: 'escape',
        label: 'Esc',
        does: 'show all rollouts again',
        run: () => {
          this.unpin();
          settings.set({ rollout: null });
        },
      },
    );
  }

  /** Shows the scores; null while there are none. */
  #setScore(score: ScoreMessage | null): void {
    const success = score?.success ?? null;
    setText(this.#success.value, success === null ? '–' : percent(success.rate));
    setText(
      this.#success.note,
      success === null
        ? 'waiting for the first rollouts'
        : `95 % interval ${percent(success.low)} – ${percent(success.high)}`,
    );
    setText(this.#success.aside, score === null ? '' : `n = ${score.rollouts}`);
    this.#success.fill.style.width = `${100 * (success?.rate ?? 0)}%`;
    this.#success.band.style.left = `${100 * (success?.low ?? 0)}%`;
    this.#success.band.style.width = `${100 * ((success?.high ?? 0) - (success?.low ?? 0))}%`;

    const entropy = score?.entropy ?? null;
    setText(this.#entropy.value, entropy === null ? '–' : entropy.value.toFixed(3));
    setText(this.#entropy.note, entropy === null ? 'no successes yet' : 'uniform over all modes would score');
    setText(this.#entropy.aside, entropy === null ? '' : entropy.ceiling.toFixed(3));
    this.#entropy.fill.style.width = `${100 * Math.max(0, Math.min(1, entropy?.value ?? 0))}%`;
    this.#entropy.mark.hidden = entropy === null;
    this.#entropy.mark.style.left = `${100 * (entropy?.ceiling ?? 0)}%`;

    const counts = score?.modes.counts ?? [];
    setText(this.#modesValue, score === null ? '–' : `${score.modes.covered} / ${score.modes.total}`);
    const most = Math.max(1, ...counts);
    [...this.#histogram.children].forEach((bar, mode) => {
      const count = counts[mode] ?? 0;
      (bar.firstElementChild as HTMLElement).style.height =
        count === 0 ? '2px' : `${Math.max(4, (100 * count) / most)}%`;
      bar.classList.toggle('empty', count === 0);
      bar.setAttribute('aria-label', `${this.#facts?.modes[mode] ?? mode}: ${count}`);
    });
  }

  /** Takes over what can be told apart: modes and components. */
  #setFacts(facts: SceneFacts): void {
    this.#facts = facts;
    this.unpin();
    this.#histogram.replaceChildren(
      ...facts.modes.map((name, mode) => {
        const bar = element('button', { type: 'button', class: 'bar empty' }, element('i'));
        this.#isolateOnHover(bar, { by: 'mode', category: mode }, () => `${name}: ${countOf(bar)} successes`);
        return bar;
      }),
    );
    this.#paint();
  }

  /** Shows what the colours stand for. */
  #showLegend(by: ColorBy): void {
    const facts = this.#facts;
    // a picked expert or outcome leaves with its entry; a picked mode stays
    if (this.#pinned !== null && this.#legend.contains(this.#pinned.target)) this.unpin();
    this.#legendCounts = [];
    this.#legend.hidden = facts === null || by === 'mode';
    if (facts === null || by === 'mode') return;
    const names =
      by === 'outcome'
        ? OUTCOMES
        : Array.from({ length: facts.components }, (_, component) => `${component}`);
    const title = by === 'outcome' ? 'Outcomes' : `Experts in force (${facts.components})`;
    const list = element('div', { class: by === 'outcome' ? 'outcomes' : 'experts' });
    names.forEach((name, category) => {
      const count = element('b');
      const swatch = element('i', {}, by === 'outcome' ? '' : name);
      const label = by === 'outcome' ? [element('span', {}, name)] : [];
      const entry = element('button', { type: 'button', class: 'entry' }, swatch, ...label, count);
      const title = by === 'outcome' ? name : `expert ${name}`;
      this.#isolateOnHover(entry, { by, category }, () => `${title}: ${count.textContent ?? 0} rollouts now`);
      list.append(entry);
      this.#legendCounts.push(count);
    });
    const note = facts.components === 0 && by === 'expert' ? 'This policy has no components.' : '';
    this.#legend.replaceChildren(
      element('header', {}, element('h2', {}, title)),
      list,
      element('div', { class: 'note' }, note),
    );
    this.#paint();
  }

  /** Counts the rollouts of each entry of the legend. */
  #countLegend(frame: Frame): void {
    if (this.#legendCounts.length === 0) return;
    const column = this.#settings?.current.colorBy === 'outcome' ? frame.status : frame.component;
    const counts = new Array<number>(this.#legendCounts.length).fill(0);
    for (const category of column) if (category >= 0 && category < counts.length) counts[category]!++;
    this.#legendCounts.forEach((target, category) => {
      const count = counts[category] ?? 0;
      setText(target, String(count));
      target.parentElement?.classList.toggle('idle', count === 0);
    });
  }

  #paint(): void {
    const palette = this.#palette;
    if (palette === null) return;
    [...this.#histogram.children].forEach((bar, mode) => {
      (bar.firstElementChild as HTMLElement).style.background = css(palette.color('mode', mode));
    });
    const colorBy = this.#settings?.current.colorBy ?? 'mode';
    this.#legendCounts.forEach((count, category) => {
      const swatch = count.parentElement?.firstElementChild;
      if (swatch instanceof HTMLElement) swatch.style.background = css(palette.color(colorBy, category));
    });
  }

  /** Picks out the rollouts of a category while the pointer or focus is on its entry; a click keeps it so. */
  #isolateOnHover(target: HTMLElement, isolation: Isolation, describe: () => string): void {
    const show = (): void => {
      setText(this.#hint, describe());
      if (this.#pinned === null) this.#settings?.set({ isolation });
    };
    const leave = (): void => {
      setText(this.#hint, this.#pinned?.describe() ?? '');
      if (this.#pinned === null) this.#settings?.set({ isolation: null });
    };
    target.addEventListener('pointerenter', show);
    target.addEventListener('pointerleave', leave);
    target.addEventListener('focus', show);
    target.addEventListener('blur', leave);
    target.addEventListener('click', () => {
      const again = this.#pinned?.target === target;
      this.unpin();
      if (again) return;
      this.#pinned = { target, describe };
      target.classList.add('pinned');
      setText(this.#hint, describe());
      this.#settings?.set({ isolation });
    });
  }

  /** Lets all rollouts be seen again. */
  unpin(): void {
    if (this.#pinned === null && this.#settings?.current.isolation === null) return;
    this.#pinned?.target.classList.remove('pinned');
    this.#pinned = null;
    setText(this.#hint, '');
    this.#settings?.set({ isolation: null });
  }
}

interface Meter {
  readonly root: HTMLElement;
  readonly value: HTMLElement;
  readonly note: HTMLElement;
  /** Opposite of the note. */
  readonly aside: HTMLElement;
  readonly fill: HTMLElement;
  readonly band: HTMLElement;
  readonly mark: HTMLElement;
}

/** A number with a bar from 0 to 1 below it. */
function meter(title: string, kind: string): Meter {
  const value = element('span', { class: 'value', id: `${kind}-value` });
  const note = element('span');
  const aside = element('span');
  const fill = element('i', { class: 'fill' });
  const band = element('i', { class: 'band' });
  const mark = element('i', { class: 'mark' });
  const root = element(
    'section',
    { class: `card meter ${kind}` },
    element('header', {}, element('h2', {}, title), value),
    element('div', { class: 'track' }, fill, band, mark),
    element('div', { class: 'note split' }, note, aside),
  );
  return { root, value, note, aside, fill, band, mark };
}

function percent(rate: number): string {
  return `${(100 * rate).toFixed(1)} %`;
}

function countOf(bar: HTMLElement): string {
  return bar.getAttribute('aria-label')?.split(': ').pop() ?? '0';
}
