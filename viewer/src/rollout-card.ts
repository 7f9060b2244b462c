import { type Frame, ROLLOUT_STATUS } from '../../src/stream/frame.ts';
import { letterOf } from './comparison.ts';
import { element, iconButton, setText } from './dom.ts';
import { GatePlot } from './gate-plot.ts';
import { gateSeries } from './gate-series.ts';
import type { Page, View } from './page.ts';
import { css } from './palette.ts';
import type { SettingsStore } from './settings.ts';

const CLOSE = 'M6 6l12 12M18 6L6 18';
/** Least time between two drawings of the plot, milliseconds. */
const PLOT_EVERY_MS = 100;

const outcomes: Readonly<Record<number, string>> = {
  [ROLLOUT_STATUS.running]: 'Running',
  [ROLLOUT_STATUS.success]: 'Success',
  [ROLLOUT_STATUS.failure]: 'Failure',
};

const FACTS = ['Mode', 'Expert', 'Gate prefers', 'Step', 'Seed', 'Episode', 'Context'] as const;

/** What is known of the isolated rollout, and how its gate has changed over the episode. */
export class RolloutCard implements View {
  readonly root = element('aside', { class: 'card rollout', 'aria-label': 'Isolated rollout', hidden: '' });
  readonly #title = element('h2');
  readonly #outcome = element('span', { class: 'outcome' });
  readonly #facts = new Map(FACTS.map((name) => [name, element('dd', { 'data-fact': name })] as const));
  readonly #gate = element('section', { class: 'gate' });
  readonly #plot = new GatePlot();
  readonly #legend = element('div', { class: 'gate-legend' });
  #page: Page | null = null;
  #plottedAt = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor() {
    const list = element('dl');
    for (const [name, value] of this.#facts) list.append(element('div', {}, element('dt', {}, name), value));
    const heading = element(
      'header',
      {},
      element('h2', {}, 'Gate over time'),
      element('span', { class: 'note' }, 'strip: expert in force'),
    );
    this.#gate.append(heading, this.#plot.root, this.#legend);
    this.root.append(this.#header(), list, this.#gate);
  }

  attach(page: Page): void {
    const { layout, palette, playback, settings } = page;
    this.#page = page;
    layout.cover(this.root, 'left');
    this.root.querySelector('button')?.addEventListener('click', () => settings.set({ rollout: null }));
    playback.shown.subscribe(({ frames }) => {
      const frame = frames.at(-1);
      if (frame !== undefined) this.#update(frame);
    });
    const again = (): void => {
      this.#plottedAt = Number.NEGATIVE_INFINITY;
      const { frame } = playback;
      this.root.hidden = settings.current.rollout === null || frame === undefined;
      if (frame !== undefined) this.#update(frame);
      else document.body.dataset.rollout = 'none';
    };
    settings.subscribe((current, before) => {
      if (current === before || current.rollout !== before.rollout) again();
    });
    palette.subscribe(again);
    window.addEventListener('resize', again);
  }

  #header(): HTMLElement {
    return element(
      'header',
      {},
      this.#title,
      this.#outcome,
      iconButton('all', 'Show all rollouts (Esc)', CLOSE),
    );
  }

  #update(frame: Frame): void {
    const page = this.#page;
    if (page === null) return;
    const rollout = chosen(page.settings, frame);
    this.root.hidden = rollout === null;
    document.body.dataset.rollout = rollout === null ? 'none' : String(rollout);
    if (rollout === null) return;
    const scene = page.feed.scene.value ?? null;
    const status = frame.status[rollout] ?? ROLLOUT_STATUS.running;
    const policies = scene?.policies?.length ?? 1;
    const each = frame.rollouts / policies;
    const owner = policies > 1 ? `${letterOf(Math.floor(rollout / each))} · ` : '';
    setText(this.#title, `${owner}Rollout ${rollout % each}`);
    setText(this.#outcome, outcomes[status] ?? '');
    this.#outcome.dataset.status = (outcomes[status] ?? '').toLowerCase();
    const mode = frame.mode[rollout] ?? -1;
    const component = frame.component[rollout] ?? -1;
    const preferred = frame.preferred[rollout] ?? -1;
    const confidence = Math.round((100 * (frame.confidence[rollout] ?? 0)) / 255);
    const context = frame.context[rollout] ?? -1;
    this.#say('Mode', mode < 0 ? 'undecided' : (scene?.modes[mode] ?? String(mode)));
    this.#say('Expert', component < 0 ? '–' : `${component}`);
    this.#say('Gate prefers', preferred < 0 ? '–' : `${preferred} (${confidence} %)`);
    const seconds = (frame.step[rollout] ?? 0) * (scene?.dtSeconds ?? 0);
    this.#say('Step', `${frame.step[rollout] ?? 0} (${seconds.toFixed(2)} s)`);
    this.#say('Seed', context < 0 ? '–' : `${frame.seed[rollout] ?? 0}`);
    this.#say('Episode', `${frame.episode[rollout] ?? 0}`);
    this.#say('Context', context < 0 ? '–' : (scene?.contexts?.[context] ?? String(context)));
    this.#gate.hidden = frame.gateEntries === 0;
    if (frame.gateEntries > 0) this.#plotSoon(page, rollout);
  }

  /** Draws the plot now, or as soon as enough time has passed since it was drawn last. */
  #plotSoon(page: Page, rollout: number): void {
    const wait = this.#plottedAt + PLOT_EVERY_MS - performance.now();
    if (wait > 0) {
      this.#timer ??= setTimeout(() => {
        this.#timer = null;
        if (page.playback.frame !== undefined) this.#update(page.playback.frame);
      }, wait);
      return;
    }
    const palette = page.palette.value;
    if (palette === undefined) return;
    this.#plottedAt = performance.now();
    const series = gateSeries(page.playback.episode(rollout), rollout);
    this.#plot.show(series, palette);
    const shares = series.probabilities.map((values) => values.at(-1) ?? 0);
    const parts = series.components.map((component, i) => ({
      component,
      text: `${component}: ${Math.round(100 * (shares[i] ?? 0))} %`,
    }));
    const rest = 1 - shares.reduce((sum, share) => sum + share, 0);
    if (parts.length > 0 && rest > 0.005)
      parts.push({ component: -1, text: `others: ${Math.round(100 * rest)} %` });
    this.#plot.root.setAttribute(
      'aria-label',
      `Gate at step ${series.steps.at(-1) ?? 0}: ${parts.map(({ text }) => text).join(', ')}`,
    );
    this.#plot.root.dataset.steps = String(series.steps.length);
    const shown = [...this.#legend.children];
    parts.forEach(({ component, text }, i) => {
      let entry = shown[i] as HTMLElement | undefined;
      if (entry === undefined) {
        entry = element('span', {}, element('i'), element('span'));
        this.#legend.append(entry);
      }
      (entry.firstElementChild as HTMLElement).style.background =
        component < 0 ? 'var(--track)' : css(palette.color('expert', component));
      setText(entry.lastElementChild as HTMLElement, text);
    });
    for (const left of shown.slice(parts.length)) left.remove();
  }

  #say(name: (typeof FACTS)[number], text: string): void {
    const target = this.#facts.get(name);
    if (target !== undefined) setText(target, text);
  }
}

/** The isolated rollout, if the frame has it. */
function chosen(settings: SettingsStore, frame: Frame): number | null {
  const { rollout } = settings.current;
  return rollout !== null && rollout < frame.rollouts ? rollout : null;
}
