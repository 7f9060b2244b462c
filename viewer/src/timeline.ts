import { element, iconButton, setText } from './dom.ts';
import type { Page, View } from './page.ts';
import type { Playback, PlaybackState } from './playback.ts';

const BACK = 'M7 5v14M19 5l-9 7 9 7z';
const FORWARD = 'M17 5v14M5 5l9 7-9 7z';
const LOOP = 'M17 3l3 3-3 3M4 11V9a3 3 0 0 1 3-3h13M7 21l-3-3 3-3M20 13v2a3 3 0 0 1-3 3H4';
/** Seconds of a leap by key. */
const LEAP_SECONDS = 1;

/** The line above the toolbar: what is shown is scrubbed on it, a recording as well as the past of a live loop. */
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
  readonly #loop = iconButton('loop', 'Loop (L)', LOOP);
  readonly #live = element(
    'button',
    { type: 'button', class: 'live', id: 'live', title: 'Follow the live loop (F)' },
    'Live',
  );
  /** The slider is being dragged: what comes must not pull it back. */
  #dragging = false;
  /** Where it has been dragged to since the last picture; null for nowhere new. */
  #wanted: number | null = null;

  attach({ layout, playback, shortcuts }: Page): void {
    layout.cover(this.root, 'bottom');
    const back = iconButton('back', 'One step back (,)', BACK);
    const forward = iconButton('forward', 'One step forward (.)', FORWARD);
    back.addEventListener('click', () => playback.step(-1));
    forward.addEventListener('click', () => playback.step(1));
    this.#loop.addEventListener('click', () => playback.toggleLoop());
    this.#live.addEventListener('click', () => playback.follow());
    this.#slider.addEventListener('input', () => this.#drag(playback));
    this.#slider.addEventListener('change', () => {
      this.#dragging = false;
    });
    this.root.append(back, this.#slider, forward, this.#time, this.#loop, this.#live);
    playback.state.subscribe((state) => this.#show(state));
    const leap = (seconds: number) => () => playback.seek((playback.state.value?.position ?? 0) + seconds);
    shortcuts.add(
      { key: ',', label: ',', does: 'one step back', run: () => playback.step(-1) },
      { key: '.', label: '.', does: 'one step forward', run: () => playback.step(1) },
      { key: 'j', label: 'J', does: 'one second back', run: leap(-LEAP_SECONDS) },
      { key: 'k', label: 'K', does: 'one second forward', run: leap(LEAP_SECONDS) },
      { key: 'l', label: 'L', does: 'loop', run: () => playback.toggleLoop() },
      { key: 'f', label: 'F', does: 'follow the live loop again', run: () => playback.follow() },
    );
  }

  /** Goes where the slider is, at most once per picture. */
  #drag(playback: Playback): void {
    this.#dragging = true;
    if (this.#wanted === null) {
      requestAnimationFrame(() => {
        if (this.#wanted !== null) playback.seek(this.#wanted);
        this.#wanted = null;
      });
    }
    this.#wanted = Number(this.#slider.value);
  }

  #show(state: PlaybackState | null): void {
    this.root.hidden = state === null;
    document.body.dataset.timeline = state?.kind ?? 'off';
    if (state === null) return;
    const { begin, end, kind, loop, position } = state;
    this.#live.hidden = kind === 'recording';
    this.#live.setAttribute('aria-pressed', String(kind === 'live'));
    this.#loop.disabled = kind === 'live';
    this.#loop.setAttribute('aria-pressed', String(loop));
    if (kind === 'recording') setText(this.#time, `${position.toFixed(2)} / ${end.toFixed(2)} s`);
    else
      setText(this.#time, kind === 'live' ? `${position.toFixed(2)} s` : `−${(end - position).toFixed(2)} s`);
    if (this.#dragging) return;
    this.#slider.min = String(begin);
    this.#slider.max = String(end);
    this.#slider.value = String(position);
    const share = end > begin ? (position - begin) / (end - begin) : 1;
    this.#slider.style.setProperty('--share', `${(100 * share).toFixed(2)}%`);
  }
}
