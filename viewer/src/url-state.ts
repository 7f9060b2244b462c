import { CAMERAS, COLOR_BY, type Settings, type SettingsStore, THEMES, TRAILS } from './settings.ts';

/** Reads the settings that the address asks for, such as `#color=expert&camera=top&theme=dark`. */
export function settingsFromUrl(hash: string, prefersDark: boolean): Settings {
  const query = new URLSearchParams(hash.replace(/^#/, ''));
  const choice = <T extends string>(name: string, values: readonly T[], fallback: T): T =>
    values.find((value) => value === query.get(name)) ?? fallback;
  return {
    colorBy: choice('color', COLOR_BY, 'mode'),
    trails: choice('trails', TRAILS, 'recent'),
    camera: choice('camera', CAMERAS, 'orbit'),
    theme: choice('theme', THEMES, prefersDark ? 'dark' : 'light'),
    panel: query.get('panel') !== 'off',
    isolation: null,
  };
}

/** Keeps the address up to date, so that it can be copied, kept and reloaded. */
export function keepUrlState(settings: SettingsStore, prefersDark: boolean): void {
  const defaults = settingsFromUrl('', prefersDark);
  settings.subscribe((current) => {
    const query = new URLSearchParams();
    if (current.colorBy !== defaults.colorBy) query.set('color', current.colorBy);
    if (current.trails !== defaults.trails) query.set('trails', current.trails);
    if (current.camera !== defaults.camera) query.set('camera', current.camera);
    if (current.theme !== defaults.theme) query.set('theme', current.theme);
    if (!current.panel) query.set('panel', 'off');
    const hash = query.toString();
    history.replaceState(null, '', hash === '' ? location.pathname + location.search : `#${hash}`);
  });
}
