import type { ControlChange, StatusMessage } from '../../src/stream/wire.ts';
import { element, icon, iconButton, setText } from './dom.ts';
import type { Page, View } from './page.ts';
import type { PlaybackState } from './playback.ts';
import { CAMERAS, COLOR_BY, type Settings } from './settings.ts';

const PAUSE = 'M7 5h3.5v14H7zM13.5 5H17v14h-3.5z';
const PLAY = 'M8 5l11 7-11 7z';
const TRAIL = 'M4 19c5 0 3-7 8-8s4-6 8-6M4 19l.01 0';
const MOON = 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.500 10.500z';
const PANEL = 'M4 5h16v14H4zM15 5v14';
const HELP = 'M9 9a3 3 0 1 1 4.500 2.600c-1 .6-1.500 1.200-1.500 2.400M12 17.500l.01 0';

const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 4, 8] as const;

const labels: Readonly<Record<string, string>> = {
  mode: 'Mode',
  expert: 'Expert',
  outcome: 'Outcome',
  orbit: 'Orbit',
  top: 'Top',
  follow: 'Follow',
};

/** The bar below the picture: pause, speed and number of rollouts for all, colour and camera for this page. */
export class Toolbar implements View {
  readonly root = element('nav', { class: 'toolbar', 'aria-label': 'Controls' });
  readonly #pause = element('button', { type: 'button', class: 'icon primary', id: 'pause' });
  readonly #speed = element('select', { id: 'speed', title: 'Speed', 'aria-label': 'Speed' });
  readonly #rollouts = element('input', {
    id: 'rollouts',
    type: 'range',
    min: '1',
    'aria-label': 'Rollouts',
  });
  readonly #rolloutsValue = element('output', { for: 'rollouts' });
  readonly #toggles: { readonly button: HTMLElement; isOn(settings: Settings): boolean }[] = [];
  #paused: boolean | null = null;
  /** The slider is being dragged: the server's value must not pull it back. */
  #dragging = false;

  #control: (change: ControlChange) => void = () => undefined;

  constructor() {
    this.#speed.append(...SPEEDS.map((speed) => element('option', { value: String(speed) }, `${speed}×`)));
    this.#speed.addEventListener('change', () => this.#control({ speed: Number(this.#speed.value) }));
    this.#rollouts.addEventListener('input', () => {
      this.#dragging = true;
      setText(this.#rolloutsValue, this.#rollouts.value);
    });
    this.#rollouts.addEventListener('change', () => {
      this.#dragging = false;
      this.#control({ rollouts: Number(this.#rollouts.value) });
    });
  }

  attach(page: Page): void {
    const { feed, layout, playback, settings, shortcuts } = page;
    this.#control = (change) => playback.control(change);
    layout.cover(this.root, 'bottom');
    // other bars stand on this one, however many rows it has
    const measure = () => document.body.style.setProperty('--toolbar-height', `${this.root.offsetHeight}px`);
    new ResizeObserver(measure).observe(this.root);
    this.#pause.addEventListener('click', () => playback.togglePause());
    this.#fill(page);
    settings.subscribe((current) => {
      for (const { button, isOn } of this.#toggles)
        button.setAttribute('aria-pressed', String(isOn(current)));
    });
    this.#show(null);
    playback.state.subscribe((state) => this.#show(state));
    feed.status.subscribe((status) => this.#setRollouts(status));
    shortcuts.add(
      { key: ' ', label: 'space', does: 'pause, go on', run: () => playback.togglePause() },
      { key: '-', label: '−', does: 'slower', run: () => this.changeSpeed(-1) },
      { key: '+', label: '+', does: 'faster', run: () => this.changeSpeed(1) },
      { key: '1', label: '1', does: 'view from the robot', run: () => settings.set({ camera: 'orbit' }) },
      { key: '2', label: '2', does: 'view from above', run: () => settings.set({ camera: 'top' }) },
      { key: '3', label: '3', does: 'follow a rollout', run: () => settings.set({ camera: 'follow' }) },
      { key: 'c', label: 'C', does: 'colour by mode, expert, outcome', run: () => settings.cycle('colorBy') },
      { key: 't', label: 'T', does: 'trails: recent, current, off', run: () => settings.cycle('trails') },
      { key: 'd', label: 'D', does: 'light or dark', run: () => settings.cycle('theme') },
    );
  }

  #fill({ settings, shortcuts, tools }: Page): void {
    const segments = <K extends 'colorBy' | 'camera'>(
      key: K,
      title: string,
      values: readonly Settings[K][],
    ) => {
      const group = element('div', { class: 'segments', role: 'group', 'aria-label': title });
      for (const value of values) {
        const button = element('button', { type: 'button', 'data-value': value }, labels[value] ?? value);
        button.addEventListener('click', () => settings.set({ [key]: value } as Pick<Settings, K>));
        this.#toggles.push({ button, isOn: (current) => current[key] === value });
        group.append(button);
      }
      return element('label', { class: 'field', 'data-setting': key }, element('span', {}, title), group);
    };
    const toggle = (button: HTMLElement, isOn: (s: Settings) => boolean, act: () => void) => {
      button.addEventListener('click', act);
      this.#toggles.push({ button, isOn });
      return button;
    };
    this.root.append(
      this.#pause,
      this.#speed,
      element(
        'label',
        { class: 'field' },
        element('span', {}, 'Rollouts'),
        this.#rollouts,
        this.#rolloutsValue,
      ),
      element('hr'),
      segments('colorBy', 'Colour', COLOR_BY),
      segments('camera', 'View', CAMERAS),
      element('hr'),
      tools,
    );
    tools.append(
      toggle(
        iconButton('trails', 'Trails: recent, current, off (T)', TRAIL),
        (s) => s.trails !== 'off',
        () => settings.cycle('trails'),
      ),
      toggle(
        iconButton('theme', 'Light or dark (D)', MOON),
        (s) => s.theme === 'dark',
        () => settings.cycle('theme'),
      ),
      toggle(
        iconButton('panel', 'Scores (P)', PANEL),
        (s) => s.panel,
        () => settings.set({ panel: !settings.current.panel }),
      ),
      toggle(
        iconButton('help', 'Keyboard shortcuts (?)', HELP),
        () => false,
        () => shortcuts.toggleSheet(),
      ),
    );
  }

  /** Asks for the next slower or faster speed of the list. */
  changeSpeed(step: 1 | -1): void {
    const next = SPEEDS[SPEEDS.indexOf(Number(this.#speed.value) as (typeof SPEEDS)[number]) + step];
    if (this.#paused !== null && next !== undefined) this.#control({ speed: next });
  }

  /** Shows how what is shown moves on; null while there is no server. */
  #show(state: PlaybackState | null): void {
    for (const control of [this.#pause, this.#speed]) control.disabled = state === null;
    const paused = state?.paused ?? false;
    if (this.#paused !== (state?.paused ?? null) || this.#pause.firstChild === null) {
      this.#paused = state?.paused ?? null;
      const title = paused ? 'Go on (space)' : 'Pause (space)';
      this.#pause.title = title;
      this.#pause.setAttribute('aria-label', title);
      this.#pause.replaceChildren(icon(paused ? PLAY : PAUSE));
    }
    if (state === null) return;
    const nearest = SPEEDS.reduce((a, b) => (Math.abs(b - state.speed) < Math.abs(a - state.speed) ? b : a));
    if (this.#speed.value !== String(nearest)) this.#speed.value = String(nearest);
  }

  /** Shows how many rollouts the server's loop has; null while there is no server. */
  #setRollouts(status: StatusMessage | null): void {
    // a recording has as many as it has
    this.#rollouts.disabled = status === null || status.timeline !== undefined;
    if (status === null) return;
    this.#rollouts.max = String(status.maxRollouts);
    if (this.#dragging) return;
    this.#rollouts.value = String(status.rollouts);
    setText(this.#rolloutsValue, String(status.rollouts));
  }
}
