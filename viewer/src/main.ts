import * as three from 'three';
import type { Frame } from '../../src/stream/frame.ts';
import type { ControlChange, SceneMessage, StatusMessage } from '../../src/stream/wire.ts';
import { Banner } from './banner.ts';
import { CameraRig } from './camera.ts';
import { Connection, websocketUrl } from './connection.ts';
import { Heading } from './heading.ts';
import { makePalette, type Palette } from './palette.ts';
import { Panel } from './panel.ts';
import { Rollouts } from './rollouts.ts';
import { SettingsStore } from './settings.ts';
import { helpSheet, listenForShortcuts, type Shortcut } from './shortcuts.ts';
import { Stage } from './stage.ts';
import { buildTable, disposeGroup } from './table.ts';
import { Timeline } from './timeline.ts';
import { Toolbar } from './toolbar.ts';
import { Trails } from './trails.ts';
import { keepUrlState, settingsFromUrl } from './url-state.ts';

const prefersDark = matchMedia('(prefers-color-scheme: dark)').matches;
const settings = new SettingsStore(settingsFromUrl(location.hash, prefersDark));
const stage = new Stage(document.querySelector('#stage') as HTMLCanvasElement);
const camera = new CameraRig(stage);
const rollouts = new Rollouts();
const trails = new Trails();
stage.scene.add(rollouts.group, trails.mesh);

const heading = new Heading();
const panel = new Panel(settings);
const banner = new Banner(() => connection.connect());
const control = (change: ControlChange): void => connection.control(change);
const timeline = new Timeline(control);
const toolbar = new Toolbar(settings, { control, help: () => toggleHelp() });

const shortcuts: readonly Shortcut[] = [
  { key: ' ', label: 'space', does: 'pause, go on', run: () => toolbar.togglePause({ control }) },
  { key: '-', label: '−', does: 'slower', run: () => toolbar.changeSpeed({ control }, -1) },
  { key: '+', label: '+', does: 'faster', run: () => toolbar.changeSpeed({ control }, 1) },
  { key: ',', label: ',', does: 'recording: one step back', run: () => timeline.step(-1) },
  { key: '.', label: '.', does: 'recording: one step forward', run: () => timeline.step(1) },
  { key: 'l', label: 'L', does: 'recording: loop', run: () => timeline.toggleLoop() },
  { key: '1', label: '1', does: 'view from the robot', run: () => settings.set({ camera: 'orbit' }) },
  { key: '2', label: '2', does: 'view from above', run: () => settings.set({ camera: 'top' }) },
  { key: 'c', label: 'C', does: 'colour by mode, expert, outcome', run: () => settings.cycle('colorBy') },
  { key: 't', label: 'T', does: 'trails: recent, current, off', run: () => settings.cycle('trails') },
  { key: 'd', label: 'D', does: 'light or dark', run: () => settings.cycle('theme') },
  { key: 'p', label: 'P', does: 'show or hide the scores', run: togglePanel },
  { key: 'escape', label: 'Esc', does: 'show all rollouts again', run: () => panel.unpin() },
  { key: '?', label: '?', does: 'this sheet', run: () => toggleHelp() },
];
const help = helpSheet(shortcuts);
document
  .querySelector('#overlay')
  ?.append(heading.root, panel.root, toolbar.root, timeline.root, banner.root, banner.notice, help);

let scene: SceneMessage | null = null;
let status: StatusMessage | null = null;
let newest: Frame | null = null;
let table: three.Group | null = null;
let palette: Palette = makePalette(settings.current.theme, 0);
let everConnected = false;

const connection = new Connection(websocketUrl(location.href), {
  onOpen() {
    everConnected = true;
    forget();
    banner.hide();
    showState();
  },
  onClosed() {
    status = null;
    toolbar.setStatus(null);
    timeline.setStatus(undefined);
    heading.setState('lost');
    banner.showDisconnected(everConnected);
  },
  onScene(message) {
    forget();
    scene = message;
    heading.setFacts(message);
    timeline.setStepSeconds(message.dtSeconds);
    panel.setFacts(message);
    panel.showLegend(settings.current.colorBy);
    rollouts.setScene(message.scene, settings.current.theme);
    trails.setScene(message.scene);
    stage.lightUp(message.scene.bounds);
    camera.frame(message.scene.bounds);
    dress();
  },
  onHistory: () => trails.clear(),
  onFrames(frames) {
    for (const past of frames) trails.push(past);
    const frame = frames.at(-1);
    if (frame === undefined) return;
    newest = frame;
    rollouts.push(frame, performance.now());
    heading.setFrame(frame);
    timeline.setPosition(frame.timeSeconds);
    panel.countLegend(frame);
    stage.invalidate();
  },
  onScore: (score) => panel.setScore(score),
  onStatus(message) {
    status = message;
    toolbar.setStatus(message);
    const before = timeline.root.hidden;
    timeline.setStatus(message.timeline);
    if (timeline.root.hidden !== before) camera.setInsets(insets());
    heading.setStatus(message);
    showState();
  },
  onNotice: (text) => banner.say(text),
});

stage.onBeforeDraw((milliseconds) => rollouts.update(milliseconds, palette, settings.current));
stage.onResize((_, height) => {
  const halfFieldOfView = three.MathUtils.degToRad(stage.camera.fov / 2);
  trails.setHalfPixel(Math.tan(halfFieldOfView) / Math.max(height * stage.renderer.getPixelRatio(), 1));
  camera.setInsets(insets());
});

settings.subscribe((current, before) => {
  document.documentElement.dataset.theme = current.theme;
  panel.root.hidden = !current.panel;
  trails.apply(current);
  rollouts.recolor();
  if (current.colorBy !== before.colorBy) panel.showLegend(current.colorBy);
  if (newest !== null) panel.countLegend(newest);
  if (current.panel !== before.panel) camera.setInsets(insets());
  if (current.camera !== before.camera) camera.goTo(current.camera);
  if (current === before || current.theme !== before.theme) dress();
  stage.invalidate();
});
if (settings.current.camera !== 'orbit') camera.goTo(settings.current.camera);
keepUrlState(settings, prefersDark);
listenForShortcuts(shortcuts);
connection.connect();

/** Forgets all that came from a server: what follows belongs to another run. */
function forget(): void {
  newest = null;
  trails.clear();
  rollouts.clear();
  panel.setScore(null);
  stage.invalidate();
}

/** Gives everything the colours of the theme. */
function dress(): void {
  const { theme } = settings.current;
  palette = makePalette(theme, scene?.modes.length ?? 0);
  stage.applyTheme(settings.current);
  trails.setPalette(palette);
  panel.setPalette(palette);
  rollouts.setTheme(theme);
  rollouts.recolor();
  if (table !== null) {
    stage.scene.remove(table);
    disposeGroup(table);
    table = null;
  }
  if (scene !== null) {
    table = buildTable(scene.scene, theme);
    stage.scene.add(table);
  }
  stage.invalidate();
}

function showState(): void {
  if (status === null) heading.setState('connecting');
  else if (status.paused) heading.setState('paused');
  else heading.setState(status.timeline === undefined ? 'live' : 'replay');
}

function togglePanel(): void {
  settings.set({ panel: !settings.current.panel });
}

function toggleHelp(): void {
  if (help.open) help.close();
  else help.showModal();
}

/** Says what the panels cover, so that the table is framed beside them. */
function insets(): { right: number; top: number; bottom: number } {
  const { panel: shown } = settings.current;
  const beside = shown && window.innerWidth > 560;
  const above = shown && !beside;
  return {
    right: beside ? panel.root.offsetWidth + 24 : 0,
    top: above ? panel.root.offsetTop + panel.root.offsetHeight : 72,
    bottom: timeline.root.hidden ? 76 : 128,
  };
}
