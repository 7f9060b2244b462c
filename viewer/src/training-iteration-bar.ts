import type { TrainingIteration } from '../../src/stream/training-wire.ts';
import { element, iconButton, setText } from './dom.ts';

const BACK = 'M7 5v14M19 5l-9 7 9 7z';
const FORWARD = 'M17 5v14M5 5l9 7-9 7z';

/** The slider over the iterations of a training; it follows the newest one until it is moved. */
export class TrainingIterationBar {
  readonly root = element('section', {
    class: 'timeline iterations',
    'aria-label': 'Iterations',
    hidden: '',
  });
  readonly #slider = element('input', {
    id: 'iteration',
    type: 'range',
    min: '0',
    step: '1',
    'aria-label': 'Iteration',
  });
  readonly #title = element('output', { for: 'iteration', id: 'iteration-title' });
  readonly #newest = element(
    'button',
    { type: 'button', class: 'live', id: 'newest', title: 'Follow the newest iteration' },
    'Newest',
  );
  readonly #onShow: (iteration: TrainingIteration, before: TrainingIteration | null) => void;
  #iterations: readonly TrainingIteration[] = [];
  /** Number of the snapshot that is shown while the newest is not followed. */
  #kept: number | null = null;

  /** @param onShow - told of the snapshot to show, and the one before it. */
  constructor(onShow: (iteration: TrainingIteration, before: TrainingIteration | null) => void) {
    this.#onShow = onShow;
    const back = iconButton('iteration-back', 'One iteration back ([)', BACK);
    const forward = iconButton('iteration-forward', 'One iteration forward (])', FORWARD);
    back.addEventListener('click', () => this.step(-1));
    forward.addEventListener('click', () => this.step(1));
    this.#slider.addEventListener('input', () => this.#goTo(Number(this.#slider.value)));
    this.#newest.addEventListener('click', () => this.#goTo(this.#iterations.length - 1));
    this.root.append(back, this.#slider, forward, this.#title, this.#newest);
  }

  /** Takes over all snapshots, oldest first; none hide the bar. */
  take(iterations: readonly TrainingIteration[]): void {
    this.#iterations = iterations;
    this.root.hidden = iterations.length === 0;
    this.show();
  }

  /** Shows the next or the previous snapshot. */
  step(direction: 1 | -1): void {
    this.#goTo(this.#index + direction);
  }

  /** Shows again what is to be shown. */
  show(): void {
    const index = this.#index;
    const iteration = this.#iterations[index];
    if (iteration === undefined) return;
    const last = this.#iterations.length - 1;
    this.#slider.max = String(last);
    this.#slider.value = String(index);
    const before = this.#iterations[index - 1] ?? null;
    const end = this.#iterations[last]?.iteration ?? 0;
    const isRevised = before?.iteration === iteration.iteration;
    setText(
      this.#title,
      iteration.iteration === 0
        ? 'the start'
        : `iteration ${iteration.iteration} of ${end}${isRevised ? ', revised' : ''}`,
    );
    this.#newest.setAttribute('aria-pressed', String(this.#kept === null));
    this.#onShow(iteration, before);
  }

  /** The snapshot to show: the one kept, or where it was thinned out the next one. */
  get #index(): number {
    const last = this.#iterations.length - 1;
    const kept = this.#kept;
    if (kept === null) return last;
    const index = this.#iterations.findIndex(({ number }) => number >= kept);
    return index < 0 ? last : index;
  }

  #goTo(index: number): void {
    const last = this.#iterations.length - 1;
    const wanted = this.#iterations[Math.min(Math.max(0, index), last)];
    if (wanted === undefined) return;
    this.#kept = index >= last ? null : wanted.number;
    this.show();
  }
}
