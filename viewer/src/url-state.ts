import { SPEED_RANGE } from '../../src/stream/wire.ts';
import type { Page, View } from './page.ts';
import { CAMERAS, COLOR_BY, type Settings, THEMES, TRAILS } from './settings.ts';

/** Least time between two changes of the address, milliseconds: browsers refuse more than some per second. */
const WRITE_EVERY_MS = 250;

/** What an address asks for beside the settings. */
export interface UrlMoment {
  /** Simulated time at which the picture stands still, seconds; null where it goes on. */
  readonly t: number | null;
  /** Speed of a recording; null for the usual one. */
  readonly speed: number | null;
}

/** Reads the settings that the address asks for, such as `#color=expert&camera=top&theme=dark`. */
export function settingsFromUrl(hash: string, prefersDark: boolean): Settings {
  const query = queryOf(hash);
  const choice = <T extends string>(name: string, values: readonly T[], fallback: T): T =>
    values.find((value) => value === query.get(name)) ?? fallback;
  const rollout = numberOf(query, 'rollout');
  return {
    colorBy: choice('color', COLOR_BY, 'mode'),
    trails: choice('trails', TRAILS, 'recent'),
    camera: choice('camera', CAMERAS, 'orbit'),
    theme: choice('theme', THEMES, prefersDark ? 'dark' : 'light'),
    panel: query.get('panel') !== 'off',
    isolation: null,
    rollout: rollout !== null && Number.isInteger(rollout) && rollout >= 0 ? rollout : null,
  };
}

/** Reads the moment that the address asks for. */
export function momentFromUrl(hash: string): UrlMoment {
  const query = queryOf(hash);
  const [slowest, fastest] = SPEED_RANGE;
  const [t, speed] = [numberOf(query, 't'), numberOf(query, 'speed')];
  return {
    t: t !== null && t >= 0 ? t : null,
    speed: speed !== null && speed >= slowest && speed <= fastest ? speed : null,
  };
}

/** Writes an address that {@link settingsFromUrl} and {@link momentFromUrl} read; what is as usual is left out. */
export function hashOf(settings: Settings, moment: UrlMoment, prefersDark: boolean): string {
  const usual = settingsFromUrl('', prefersDark);
  const query = new URLSearchParams();
  if (moment.t !== null) query.set('t', String(Math.round(moment.t * 1000) / 1000));
  if (settings.rollout !== null) query.set('rollout', String(settings.rollout));
  if (settings.colorBy !== usual.colorBy) query.set('color', settings.colorBy);
  if (settings.trails !== usual.trails) query.set('trails', settings.trails);
  if (settings.camera !== usual.camera) query.set('camera', settings.camera);
  if (settings.theme !== usual.theme) query.set('theme', settings.theme);
  if (!settings.panel) query.set('panel', 'off');
  if (moment.speed !== null && moment.speed !== 1) query.set('speed', String(moment.speed));
  return query.toString();
}

/**
 * Keeps the address up to date, so that it can be copied, kept and reloaded, and follows it when it is edited. `t` is there
 * while a recording or the past stands still: whoever opens the address sees that moment.
 */
export class UrlState implements View {
  readonly #prefersDark: boolean;
  /** What the address asks for and has not been carried out yet. */
  #wanted: UrlMoment = { t: null, speed: null };
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(prefersDark: boolean) {
    this.#prefersDark = prefersDark;
  }

  attach(page: Page): void {
    page.connection.state.subscribe((state) => {
      // also when the connection was lost: what stood still stands still again
      if (state === 'open') this.#wanted = momentFromUrl(location.hash);
    });
    page.playback.state.subscribe(() => {
      this.#carryOut(page);
      this.#writeSoon(page);
    });
    page.settings.subscribe(() => this.#writeSoon(page));
    window.addEventListener('hashchange', () => {
      this.#wanted = momentFromUrl(location.hash);
      page.settings.set(settingsFromUrl(location.hash, this.#prefersDark));
      this.#carryOut(page);
    });
  }

  /** Goes to the moment that the address asks for, once there is something to be shown. */
  #carryOut({ playback, say }: Page): void {
    const { speed, t } = this.#wanted;
    const state = playback.state.value ?? null;
    if ((t === null && speed === null) || state === null || playback.frame === undefined) return;
    this.#wanted = { t: null, speed: null };
    if (state.kind === 'recording') {
      if (speed !== null) playback.control({ speed });
      if (t !== null) playback.control({ paused: true, position: Math.min(t, state.end) });
    } else if (t !== null) {
      if (t < state.begin || t > state.end) {
        say(`Second ${t} is not kept: there is ${state.begin.toFixed(1)} to ${state.end.toFixed(1)}.`);
        return;
      }
      playback.seek(t);
      if (playback.state.value?.kind === 'past') playback.control({ paused: true });
    }
  }

  #writeSoon(page: Page): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      const state = page.playback.state.value ?? null;
      // while the connection is lost the address keeps what it has
      if (state === null || this.#wanted.t !== null) return;
      const stands = state.kind !== 'live' && state.paused;
      const moment = {
        t: stands ? state.position : null,
        speed: state.kind === 'recording' ? state.speed : null,
      };
      const hash = hashOf(page.settings.current, moment, this.#prefersDark);
      const wanted = hash === '' ? location.pathname + location.search : `#${hash}`;
      if (hash !== location.hash.replace(/^#/, '')) history.replaceState(null, '', wanted);
    }, WRITE_EVERY_MS);
  }
}

function queryOf(hash: string): URLSearchParams {
  return new URLSearchParams(hash.replace(/^#/, ''));
}

function numberOf(query: URLSearchParams, name: string): number | null {
  const text = query.get(name) ?? '';
  return text === '' || !Number.isFinite(Number(text)) ? null : Number(text);
}
