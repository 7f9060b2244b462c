import type { Feed } from './feed.ts';
import type { ColorBy, SettingsStore, Theme } from './settings.ts';
import { Signal } from './signal.ts';

/** A colour as sRGB bytes. */
export type Rgb = readonly [number, number, number];

/** Entries per row of the palette: "none", and up to 255 categories. */
export const PALETTE_SIZE = 256;

/** Colours of one theme, for as many categories as the task and policy have. */
export interface Palette {
  /** Colour of a category (mode, component or status); negative for "none". */
  color(by: ColorBy, category: number): Rgb;
}

/** Makes the palette of a theme. */
export function makePalette(theme: Theme, modes: number): Palette {
  const none: Rgb = theme === 'light' ? [184, 190, 200] : [140, 150, 166];
  const lift = theme === 'light' ? 0 : 0.1;
  const outcomes: readonly Rgb[] = [
    oklch(0.62 + lift, 0.13, 250),
    oklch(0.64 + lift, 0.13, 168),
    oklch(0.6 + lift, 0.19, 28),
  ];
  return {
    color(by, category) {
      if (category < 0) return none;
      switch (by) {
        case 'mode':
          return modeColor(category, Math.max(modes, 3), lift);
        case 'expert':
          return expertColor(category, lift);
        case 'outcome':
          return outcomes[category] ?? none;
        default:
          return by satisfies never;
      }
    },
  };
}

/** Makes the palette anew with every scene and theme, and gives the document its theme. */
export function followPalette(settings: SettingsStore, feed: Feed): Signal<Palette> {
  const palette = new Signal<Palette>();
  const make = (): void =>
    palette.set(makePalette(settings.current.theme, feed.scene.value?.modes.length ?? 0));
  settings.subscribe((current, before) => {
    document.documentElement.dataset.theme = current.theme;
    if (current === before || current.theme !== before.theme) make();
  });
  feed.scene.subscribe(make);
  return palette;
}

/** Writes a colour for style sheets. */
export function css([r, g, b]: Rgb): string {
  return `rgb(${r} ${g} ${b})`;
}

/** Modes lie around the hue circle in their order; three lightness steps tell neighbours apart. */
function modeColor(mode: number, modes: number, lift: number): Rgb {
  const hue = 25 + (360 * mode) / modes;
  const lightness = [0.66, 0.56, 0.74][mode % 3] ?? 0.66;
  return oklch(lightness + lift, 0.155, hue);
}

/** Components have no order: the golden angle sets any number of them far apart. */
function expertColor(component: number, lift: number): Rgb {
  const hue = 255 + component * 137.508;
  const lightness = [0.64, 0.74, 0.55][component % 3] ?? 0.64;
  const chroma = component % 2 === 0 ? 0.165 : 0.12;
  return oklch(lightness + lift, chroma, hue);
}

/** Converts OKLCH (Ottosson 2020) to sRGB, with as much of the chroma as the screen can show. */
function oklch(lightness: number, chroma: number, hueDegrees: number): Rgb {
  for (let c = chroma; ; c -= 0.005) {
    const rgb = oklab(lightness, c, (hueDegrees * Math.PI) / 180);
    if (c <= 0 || rgb.every((v) => v >= -0.001 && v <= 1.001)) {
      const [r, g, b] = rgb.map((v) => Math.round(255 * gamma(Math.min(1, Math.max(0, v)))));
      return [r ?? 0, g ?? 0, b ?? 0];
    }
  }
}

function oklab(lightness: number, chroma: number, hueRad: number): readonly number[] {
  const a = chroma * Math.cos(hueRad);
  const b = chroma * Math.sin(hueRad);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

function gamma(linear: number): number {
  return linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
}
