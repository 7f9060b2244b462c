/** By what rollouts and trails are coloured; the order is that of the rows of the palette. */
export const COLOR_BY = ['mode', 'expert', 'outcome'] as const;
export type ColorBy = (typeof COLOR_BY)[number];

/** Which trails are drawn: of the running episodes, of those before as well, or none. */
export const TRAILS = ['recent', 'current', 'off'] as const;
export type TrailsShown = (typeof TRAILS)[number];

export const CAMERAS = ['orbit', 'top', 'follow'] as const;
export type CameraPreset = (typeof CAMERAS)[number];

export const THEMES = ['light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** Picks out the rollouts of one category, or a single one; everything else fades. */
export interface Isolation {
  readonly by: ColorBy | 'rollout';
  /** Index of the mode, the component, the status, or the rollout. */
  readonly category: number;
}

/** What the person at this page has chosen; nothing of it concerns the server. */
export interface Settings {
  readonly colorBy: ColorBy;
  readonly trails: TrailsShown;
  readonly camera: CameraPreset;
  readonly theme: Theme;
  readonly panel: boolean;
  /** A category that is pointed at or pinned; goes before {@link rollout}. */
  readonly isolation: Isolation | null;
  /** The rollout that is isolated. */
  readonly rollout: number | null;
}

/** Says what is picked out at the moment. */
export function isolationOf({ isolation, rollout }: Settings): Isolation | null {
  if (isolation !== null || rollout === null) return isolation;
  return { by: 'rollout', category: rollout };
}

type Listener = (settings: Settings, before: Settings) => void;

/** Holds the settings and tells those who depend on them. */
export class SettingsStore {
  #settings: Settings;
  readonly #listeners: Listener[] = [];

  constructor(initial: Settings) {
    this.#settings = initial;
  }

  get current(): Settings {
    return this.#settings;
  }

  /** Changes some of the settings and tells all listeners. */
  set(change: Partial<Settings>): void {
    const before = this.#settings;
    this.#settings = { ...before, ...change };
    for (const listener of this.#listeners) listener(this.#settings, before);
  }

  /** Moves a setting to the next of its values. */
  cycle(key: 'colorBy' | 'trails' | 'camera' | 'theme'): void {
    const next = <T>(values: readonly T[], value: T): T =>
      values[(values.indexOf(value) + 1) % values.length] ?? value;
    const { colorBy, trails, camera, theme } = this.#settings;
    switch (key) {
      case 'colorBy':
        this.set({ colorBy: next(COLOR_BY, colorBy) });
        return;
      case 'trails':
        this.set({ trails: next(TRAILS, trails) });
        return;
      case 'camera':
        this.set({ camera: next(CAMERAS, camera) });
        return;
      case 'theme':
        this.set({ theme: next(THEMES, theme) });
        return;
      default:
        key satisfies never;
    }
  }

  /** Calls the listener on every change, and once now. */
  subscribe(listener: Listener): void {
    this.#listeners.push(listener);
    listener(this.#settings, this.#settings);
  }
}
