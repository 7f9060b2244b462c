import {
  TRAINING_TOPICS,
  type TrainingCurriculaMessage,
  type TrainingCurvesMessage,
  type TrainingDemonstrationsMessage,
  type TrainingIteration,
  type TrainingProgressMessage,
} from '../../src/stream/training-wire.ts';
import { decodeJson } from './connection.ts';
import { element, iconButton, setText } from './dom.ts';
import type { Page, View } from './page.ts';
import { CHARTS, TrainingChart } from './training-chart.ts';
import { TrainingExperts } from './training-experts.ts';
import { TrainingIterationBar } from './training-iteration-bar.ts';
import { TrainingMap } from './training-map.ts';
import { TrainingPaths } from './training-paths.ts';

const GRID = 'M4 4h16v16H4zM4 9.3h16M4 14.6h16M9.3 4v16M14.6 4v16';

const stateNames = { training: 'Training', interrupted: 'Interrupted', done: 'Trained' } as const;

/**
 * A training as it goes on: its curves, and where it has curricula, which expert claims which demonstration and what the gate
 * prefers, at every iteration so far. Shown when the server has the channels for it.
 */
export class Training implements View {
  readonly root = element('div', { class: 'training-view' });
  readonly #panel = element('aside', { class: 'panel training', 'aria-label': 'Training', hidden: '' });
  readonly #state = element('strong', { id: 'training-state', role: 'status' });
  readonly #phase = element('span', { class: 'note', id: 'training-phase' });
  readonly #done = element('i', { class: 'fill' });
  readonly #steps = element('span');
  readonly #evaluation = element('span');
  readonly #charts = CHARTS.map((plan) => new TrainingChart(plan));
  readonly #chartCard = element('section', { class: 'card charts' });
  readonly #mapNote = element('div', { class: 'note', id: 'map-note' });
  readonly #mapButton = iconButton('gate-map', 'Gate map (G)', GRID);
  readonly #paths = new TrainingPaths();
  readonly #map = new TrainingMap();
  readonly #bar = new TrainingIterationBar((iteration, before) => this.#showIteration(iteration, before));
  #experts: TrainingExperts | null = null;
  #page: Page | null = null;
  #progress: TrainingProgressMessage | null = null;
  #curves: TrainingCurvesMessage = { curves: [] };
  #curricula: TrainingCurriculaMessage | null = null;
  #shown: TrainingIteration | null = null;
  #mapIsOn = true;
  #isWelcomed = false;

  attach(page: Page): void {
    this.#page = page;
    const { connection, layout, palette, settings, shortcuts, stage, tools } = page;
    const experts = new TrainingExperts(page);
    this.#experts = experts;
    this.#chartCard.append(...this.#charts.map(({ root }) => root));
    this.#panel.append(
      element(
        'section',
        { class: 'card' },
        element('header', {}, this.#state, this.#phase),
        element('div', { class: 'track' }, this.#done),
        element('div', { class: 'note split' }, this.#steps, this.#evaluation),
      ),
      this.#chartCard,
    );
    experts.card.append(this.#mapNote);
    this.root.append(this.#panel, experts.root, this.#bar.root);
    layout.cover(this.#panel, 'left');
    layout.cover(experts.root, 'right');
    layout.cover(this.#bar.root, 'bottom');
    stage.scene.add(this.#paths.mesh, this.#map.mesh);
    this.#mapButton.hidden = true;
    this.#mapButton.addEventListener('click', () => this.toggleMap());
    tools.prepend(this.#mapButton);
    shortcuts.add(
      { key: '[', label: '[', does: 'training: one iteration back', run: () => this.#bar.step(-1) },
      { key: ']', label: ']', does: 'training: one iteration forward', run: () => this.#bar.step(1) },
      { key: 'g', label: 'G', does: 'training: show or hide the gate map', run: () => this.toggleMap() },
    );

    connection.topics.subscribe((topics) => {
      if (connection.state.value === 'open') this.#setShown(topics.has(TRAINING_TOPICS.progress));
    });
    connection.on(TRAINING_TOPICS.demonstrations, decodeJson<TrainingDemonstrationsMessage>, (message) => {
      // whatever was shown before belongs to another training
      this.#shown = null;
      this.#curricula = null;
      this.#paths.setDemonstrations(message);
      this.#paint();
    });
    connection.on(TRAINING_TOPICS.progress, decodeJson<TrainingProgressMessage>, (progress) => {
      this.#welcome();
      this.#showProgress(progress);
    });
    connection.on(TRAINING_TOPICS.curves, decodeJson<TrainingCurvesMessage>, (curves) => {
      this.#curves = curves;
      this.#showCurves();
    });
    connection.on(TRAINING_TOPICS.curricula, decodeJson<TrainingCurriculaMessage>, (curricula) => {
      if (this.#curricula === null && !location.hash.includes('color=')) settings.set({ colorBy: 'expert' });
      this.#curricula = curricula;
      this.#setShown(true);
      this.#bar.take(curricula.iterations);
    });
    palette.subscribe(() => {
      this.#showCurves();
      if (this.#shown !== null) this.#bar.show();
      this.#paint();
    });
    settings.subscribe((current, before) => {
      if (current.isolation === null && before.isolation !== null) experts.unpin();
      if (current.isolation !== before.isolation || current.colorBy !== before.colorBy) this.#paint();
    });
    new ResizeObserver(() => this.#showCurves()).observe(this.#chartCard);
  }

  /** Shows or hides the gate map. */
  toggleMap(): void {
    this.#mapIsOn = !this.#mapIsOn;
    this.#paint();
  }

  #setShown(isShown: boolean): void {
    this.#panel.hidden = !isShown;
    this.#paths.mesh.visible = isShown;
    if (isShown) document.body.dataset.training = this.#curricula === null ? 'curves' : 'curricula';
    else delete document.body.dataset.training;
    if (isShown) return;
    this.#bar.take([]);
    if (this.#experts !== null) this.#experts.root.hidden = true;
  }

  /** Sets the page up for looking at the table, the first time. */
  #welcome(): void {
    const page = this.#page;
    if (page === null || this.#isWelcomed) return;
    this.#isWelcomed = true;
    this.#setShown(true);
    const { camera } = page.settings.current;
    page.settings.set({ panel: false, ...(camera === 'orbit' ? { camera: 'top' } : {}) });
  }

  #showProgress(progress: TrainingProgressMessage): void {
    const { done, evaluating, phase, rollouts, state, total } = progress;
    const isLonger = total !== this.#progress?.total;
    this.#progress = progress;
    this.#panel.dataset.state = state;
    setText(this.#state, `${stateNames[state]} ${progress.method}`);
    setText(this.#phase, state === 'training' ? phase : '');
    this.#done.style.width = `${total > 0 ? (100 * done) / total : 0}%`;
    setText(this.#steps, total > 0 ? `${done} of ${total} steps` : 'getting ready');
    setText(this.#evaluation, rollouts === 0 ? '' : evaluating ? `${rollouts} rollouts running` : '');
    if (isLonger) this.#showCurves();
  }

  #showCurves(): void {
    const { curves } = this.#curves;
    this.#chartCard.hidden = curves.length === 0;
    for (const chart of this.#charts) chart.show(curves, this.#progress?.total ?? 0);
  }

  #showIteration(iteration: TrainingIteration, before: TrainingIteration | null): void {
    this.#shown = iteration;
    this.#experts?.show(iteration, before);
    const source = iteration.map?.source ?? null;
    setText(
      this.#mapNote,
      source === null
        ? ''
        : source === 'gate'
          ? 'Map: which expert the gate prefers.'
          : 'Map: experts of the demonstrations nearby, until the gate is fitted to them.',
    );
    this.#paint();
  }

  /** Colours what lies on the table. */
  #paint(): void {
    const page = this.#page;
    const palette = page?.palette.value;
    if (page === null || palette === undefined) return;
    const settings = page.settings.current;
    this.#paths.paint(this.#shown, settings, palette);
    const hasMap = (this.#shown?.map ?? null) !== null;
    this.#mapButton.hidden = !hasMap;
    this.#mapButton.setAttribute('aria-pressed', String(this.#mapIsOn));
    this.#map.paint(this.#mapIsOn ? this.#shown : null, this.#curricula?.grid ?? null, { settings, palette });
    page.stage.invalidate();
  }
}
