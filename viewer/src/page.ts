import type { CameraRig } from './camera.ts';
import type { Source } from './connection.ts';
import type { Feed } from './feed.ts';
import type { Layout } from './layout.ts';
import type { Palette } from './palette.ts';
import type { Playback } from './playback.ts';
import type { SettingsStore } from './settings.ts';
import type { Shortcuts } from './shortcuts.ts';
import type { Signal } from './signal.ts';
import type { Stage } from './stage.ts';

/** What the page offers to its views. */
export interface Page {
  /** What the person at this page has chosen. */
  readonly settings: SettingsStore;
  /** Listens to channels of the server that {@link feed} does not know of, and asks it for changes. */
  readonly connection: Source;
  /** Scene, frames, scores and status as they come from the server. */
  readonly feed: Feed;
  /** The frames that are to be drawn, live or past, and what moves them on. */
  readonly playback: Playback;
  /** Colours of the theme, anew with every scene and theme. */
  readonly palette: Signal<Palette>;
  /** Where 3D objects go; `stage.invalidate()` asks for a picture. */
  readonly stage: Stage;
  readonly camera: CameraRig;
  /** Told of panels that cover the picture, so that the table is framed beside them. */
  readonly layout: Layout;
  readonly shortcuts: Shortcuts;
  /** The buttons at the end of the toolbar; views may add theirs. */
  readonly tools: HTMLElement;
  /** Shows a notice for some seconds. */
  say(text: string): void;
}

/** A part of the page: a panel, a bar, or something in the 3D scene. */
export interface View {
  /** Element that goes on the overlay; none for what is only in the 3D scene. */
  readonly root?: HTMLElement;
  /** Begins to listen; called once, before the page connects. */
  attach(page: Page): void;
}
