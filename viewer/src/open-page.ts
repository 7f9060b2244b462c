import { Banner } from './banner.ts';
import { CameraRig } from './camera.ts';
import { Capture } from './capture.ts';
import { ComparisonLabels } from './comparison-labels.ts';
import type { Source } from './connection.ts';
import { element } from './dom.ts';
import { Feed } from './feed.ts';
import { Heading } from './heading.ts';
import { Layout } from './layout.ts';
import type { Page, View } from './page.ts';
import { followPalette } from './palette.ts';
import { Panel } from './panel.ts';
import { Picking } from './picking.ts';
import { Playback } from './playback.ts';
import { RolloutCard } from './rollout-card.ts';
import { Rollouts } from './rollouts.ts';
import { SettingsStore } from './settings.ts';
import { Shortcuts } from './shortcuts.ts';
import { Stage } from './stage.ts';
import { Table } from './table.ts';
import { Teleoperation } from './teleoperation.ts';
import { Timeline } from './timeline.ts';
import { Toolbar } from './toolbar.ts';
import { Trails } from './trails.ts';
import { Training } from './training.ts';
import { settingsFromUrl, UrlState } from './url-state.ts';

/**
 * Composes the page around what its messages come from, and connects.
 *
 * @param more - views beside those that every page has.
 */
export function openPage(connection: Source, more: readonly View[] = []): void {
  const prefersDark = matchMedia('(prefers-color-scheme: dark)').matches;
  const settings = new SettingsStore(settingsFromUrl(location.hash, prefersDark));
  const feed = new Feed(connection);
  const stage = new Stage(document.querySelector('#stage') as HTMLCanvasElement);
  const camera = new CameraRig(stage);
  const banner = new Banner();
  const page: Page = {
    settings,
    connection,
    feed,
    playback: new Playback(connection, feed),
    palette: followPalette(settings, feed),
    stage,
    camera,
    layout: new Layout(camera),
    shortcuts: new Shortcuts(),
    tools: element('div', { class: 'tools' }),
    say: (text) => banner.say(text),
  };

  // the order is that in which they are told of what comes, and in which the sheet lists their keys
  const views: readonly View[] = [
    camera,
    new Table(),
    new Rollouts(),
    new Trails(),
    new ComparisonLabels(),
    new Heading(),
    new Toolbar(),
    new Timeline(),
    new Panel(),
    new Teleoperation(),
    new Training(),
    new RolloutCard(),
    new Picking(),
    new Capture(),
    banner,
    new UrlState(prefersDark),
    ...more,
    page.shortcuts,
  ];

  const overlay = document.querySelector('#overlay') as HTMLElement;
  for (const view of views) {
    if (view.root !== undefined) overlay.append(view.root);
    view.attach(page);
  }
  connection.connect();
}
