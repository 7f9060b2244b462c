import type { ControlChange, TimelineStatus } from '../../src/stream/wire.ts';
import { element, icon, setText } from './dom.ts';
import type { Page, View } from './page.ts';

const BACK = 'M7 5v14M19 5l-9 7 9 7z';
const FORWARD = 'M17 5v14M5 5l9 7-9 7z';
const LOOP = 'M17 3l3 3-3 3M4 11V9a3 3 0 0 1 3-3h13M7 21l-3-3 3-3M20 13v2a3 3 0 0 1-3 3H4';

/** The line above the toolbar that a recording is scrubbed on; hidden while a live loop is watched. */
export class Timeline implements View {
  readonly root = element('section', { class: 'timeline', 'aria-label': 'Timeline' });
  readonly #slider = element('input', {
    id: 'position',
    type: 'range',
    min: '0',
    step: 'any',
    'aria-label': 'Position',
  });
  readonly #time = element('output', { for: 'position' });
  readonly #loop = element('button', {
    type: 'button',
    class: 'icon',
    id: 'loop',
    title: 'Loop (L)',
    'aria-label': 'Loop (L)',
  });
  #control: (change: ControlChange) => void = () => undefined;
  #status: TimelineStatus | null = null;
  #stepSeconds = 0.05;
  /** Seconds of the frame that is shown. */
  #position = 0;
  /** The slider is being dragged: what comes must not pull it back. */
  #dragging = false;

  constructor() {
    const button = (id: string, title: string, path: string, act: () => void) => {
      const made = element(
        'button',
        { type: 'button', class: 'icon', id, title, 'aria-label': title },
        icon(path),
      );
      made.addEventListener('click', act);
      return made;
    };
    this.#slider.addEventListener('input', () => {
      this.#dragging = true;
      this.#show(Number(this.#slider.value));
      this.#control({ position: Number(this.#slider.value) });
    });
    this.#slider.addEventListener('change', () => {
      this.#dragging = false;
    });
    this.#loop.append(icon(LOOP));
    this.#loop.addEventListener('click', () => this.toggleLoop());
    this.root.append(
      button('back', 'One step back (,)', BACK, () => this.step(-1)),
      this.#slider,
      button('forward', 'One step forward (.)', FORWARD, () => this.step(1)),
      this.#time,
      this.#loop,
    );
    this.#setStatus(undefined);
  }

  attach({ connection, feed, layout, shortcuts }: Page): void {
    this.#control = (change) => connection.control(change);
    layout.cover(this.root, 'bottom');
    feed.scene.subscribe((scene) => {
      this.#stepSeconds = scene?.dtSeconds ?? this.#stepSeconds;
    });
    feed.status.subscribe((status) => this.#setStatus(status?.timeline));
    feed.frames.subscribe(({ frames }) => {
      const frame = frames.at(-1);
      if (frame !== undefined) this.#setPosition(frame.timeSeconds);
    });
    shortcuts.add(
      { key: ',', label: ',', does: 'recording: one step back', run: () => this.step(-1) },
      { key: '.', label: '.', does: 'recording: one step forward', run: () => this.step(1) },
      { key: 'l', label: 'L', does: 'recording: loop', run: () => this.toggleLoop() },
    );
  }

  /** Shows how the playback stands; hides the line when there is none. */
  #setStatus(status: TimelineStatus | undefined): void {
    this.#status = status ?? null;
    this.root.hidden = status === undefined;
    document.body.dataset.timeline = status === undefined ? 'off' : 'on';
    if (status === undefined) return;
    this.#slider.max = String(status.durationSeconds);
    this.#loop.setAttribute('aria-pressed', String(status.loop));
  }

  /** Moves the knob to the frame that is shown. */
  #setPosition(seconds: number): void {
    this.#position = seconds;
    if (this.#status === null || this.#dragging) return;
    this.#slider.value = String(seconds);
    this.#show(seconds);
  }

  /** Pauses and shows the next or the previous step. */
  step(direction: 1 | -1): void {
    if (this.#status === null) return;
    const wanted = this.#position + direction * this.#stepSeconds;
    const position = Math.min(Math.max(wanted, 0), this.#status.durationSeconds);
    this.#control({ paused: true, position });
  }

  /** Turns the repetition on or off. */
  toggleLoop(): void {
    if (this.#status !== null) this.#control({ loop: !this.#status.loop });
  }

  #show(seconds: number): void {
    setText(this.#time, `${seconds.toFixed(2)} / ${(this.#status?.durationSeconds ?? 0).toFixed(2)} s`);
  }
}
