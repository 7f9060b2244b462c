import type { Frame } from '../../src/stream/frame.ts';
import type { SceneFacts, ScoreMessage } from '../../src/stream/wire.ts';
import { Comparison } from './comparison.ts';
import { element, setText } from './dom.ts';
import { Histogram } from './histogram.ts';
import { meter, percent } from './meter.ts';
import type { Page, View } from './page.ts';
import { css, type Palette } from './palette.ts';
import type { ColorBy, Isolation, SettingsStore } from './settings.ts';

const OUTCOMES = ['running', 'success', 'failure'] as const;

/** The live panel: success with its interval, entropy with its ceiling, modes covered, and the colour legend. */
export class Panel implements View {
  readonly root = element('aside', { class: 'panel', 'aria-label': 'Scores' });
  readonly #success = meter('Success rate', 'success', 'success-value');
  readonly #entropy = meter('Behavior entropy', 'entropy', 'entropy-value');
  readonly #modesValue = element('span', { class: 'value' });
  readonly #histogram = new Histogram('Successes per mode');
  readonly #hint = element('div', { class: 'note hint' });
  readonly #modes: HTMLElement;
  /** In the place of the three above where several policies are shown. */
  readonly #comparison = new Comparison();
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
    this.#modes = element('section', { class: 'card modes' }, heading, this.#histogram.root, this.#hint);
    this.root.append(
      this.#success.root,
      this.#entropy.root,
      this.#modes,
      this.#comparison.root,
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
    this.#histogram.setCounts(counts);
    this.#comparison.setScore(score);
  }

  /** Takes over what can be told apart: modes and components. */
  #setFacts(facts: SceneFacts): void {
    this.#facts = facts;
    this.unpin();
    const onBar = (bar: HTMLElement, mode: number, describe: () => string): void =>
      this.#isolateOnHover(bar, { by: 'mode', category: mode }, describe);
    this.#histogram.setModes(facts.modes, onBar);
    this.#comparison.setFacts(facts, onBar);
    for (const root of [this.#success.root, this.#entropy.root, this.#modes])
      root.hidden = this.#comparison.isShown;
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
    this.#histogram.paint(palette);
    this.#comparison.paint(palette);
    const colorBy = this.#settings?.current.colorBy ?? 'mode';
    this.#legendCounts.forEach((count, category) => {
      const swatch = count.parentElement?.firstElementChild;
      if (swatch instanceof HTMLElement) swatch.style.background = css(palette.color(colorBy, category));
    });
  }

  /** Picks out the rollouts of a category while the pointer or focus is on its entry; a click keeps it so. */
  #isolateOnHover(target: HTMLElement, isolation: Isolation, describe: () => string): void {
    const show = (): void => {
      this.#say(describe());
      if (this.#pinned === null) this.#settings?.set({ isolation });
    };
    const leave = (): void => {
      this.#say(this.#pinned?.describe() ?? '');
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
      this.#say(describe());
      this.#settings?.set({ isolation });
    });
  }

  /** Says what is pointed at. */
  #say(text: string): void {
    setText(this.#comparison.isShown ? this.#comparison.hint : this.#hint, text);
  }

  /** Lets all rollouts be seen again. */
  unpin(): void {
    if (this.#pinned === null && this.#settings?.current.isolation === null) return;
    this.#pinned?.target.classList.remove('pinned');
    this.#pinned = null;
    this.#say('');
    this.#settings?.set({ isolation: null });
  }
}
