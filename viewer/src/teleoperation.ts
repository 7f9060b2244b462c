import * as three from 'three';
import {
  CLIENT_TOPICS,
  type TeleoperationInput,
  type TeleoperationMessage,
  TOPICS,
} from '../../src/stream/wire.ts';
import { decodeJson } from './connection.ts';
import { element, setText } from './dom.ts';
import type { Page, View } from './page.ts';
import { css } from './palette.ts';
import { OPERATOR_CONTROLS, TAKE_CONTROL, type TeleoperationControl } from './teleoperation-actions.ts';
import { type DeviceHost, TeleoperationDevices } from './teleoperation-devices.ts';

/** Radii of the ring that shows the command, metres. */
const RING = { inner: 0.013, outer: 0.017 } as const;
/** Height of the ring over the table, metres. */
const RING_HEIGHT = 0.0015;

/** How often one mode has been demonstrated, as a bar. */
interface ModeRow {
  readonly row: HTMLElement;
  readonly bar: HTMLElement;
  readonly number: HTMLElement;
}

/**
 * The page for driving an episode by hand: buttons, the mode reached, how often each mode has been demonstrated, and who
 * operates. Shown when the server has a channel for it.
 */
export class Teleoperation implements View, DeviceHost {
  readonly root = element('aside', {
    class: 'panel teleoperation',
    'aria-label': 'Demonstrate by hand',
    hidden: '',
  });
  readonly #who = element('span', { class: 'note who' });
  readonly #phase = element('strong', { class: 'phase', id: 'teleoperation-phase', role: 'status' });
  readonly #mode = element('span', { class: 'mode-reached', id: 'teleoperation-mode' });
  readonly #steps = element('i', { class: 'fill' });
  readonly #buttons = element('div', { class: 'actions' });
  readonly #note = element('div', { class: 'note said', id: 'teleoperation-note', role: 'status' });
  readonly #hint = element('div', { class: 'note' });
  readonly #covered = element('span', { class: 'value' });
  readonly #modes = element('div', {
    class: 'demonstrated',
    role: 'list',
    'aria-label': 'Demonstrations per mode',
  });
  readonly #total = element('div', { class: 'note' });
  readonly #made: { readonly control: TeleoperationControl; readonly button: HTMLButtonElement }[] = [];
  readonly #command = new three.Mesh(
    new three.RingGeometry(RING.inner, RING.outer, 40),
    new three.MeshBasicMaterial({ color: 0x2f6fde, transparent: true, opacity: 0.9, depthTest: false }),
  );
  #rows: readonly ModeRow[] = [];
  #page: Page | null = null;
  #state: TeleoperationMessage | null = null;
  #shortcutsListed = false;

  constructor() {
    for (const control of [...OPERATOR_CONTROLS, TAKE_CONTROL]) {
      const button = element(
        'button',
        {
          type: 'button',
          id: `teleoperation-${control.action}`,
          title: `${control.label} (${control.keyLabel})`,
        },
        control.label,
        element('kbd', {}, control.keyLabel),
      );
      button.addEventListener('click', () => {
        this.press(control);
        // the keys are for driving again, not for this button
        button.blur();
      });
      this.#made.push({ control, button });
      this.#buttons.append(button);
    }
    this.root.append(
      element(
        'section',
        { class: 'card' },
        element('header', {}, element('h2', {}, 'By hand'), this.#who),
        element('div', { class: 'line' }, this.#phase, this.#mode),
        element('div', { class: 'track' }, this.#steps),
        this.#buttons,
        this.#note,
        this.#hint,
      ),
      element(
        'section',
        { class: 'card demonstrated-card' },
        element('header', {}, element('h2', {}, 'Demonstrations per mode'), this.#covered),
        this.#modes,
        this.#total,
      ),
    );
    this.#command.visible = false;
    this.#command.renderOrder = 5;
  }

  get state(): TeleoperationMessage | null {
    return this.#state;
  }

  get isOperator(): boolean {
    return this.#state !== null && this.#state.operator === this.#page?.connection.clientId.value;
  }

  attach(page: Page): void {
    this.#page = page;
    page.layout.cover(this.root, 'right');
    page.stage.scene.add(this.#command);
    new TeleoperationDevices(page, this);
    page.connection.on(TOPICS.teleoperation, decodeJson<TeleoperationMessage>, (state) => this.#show(state));
    page.connection.topics.subscribe((topics) => {
      if (!topics.has(TOPICS.teleoperation)) return;
      for (const topic of Object.values(CLIENT_TOPICS)) page.connection.offer(topic);
    });
    page.connection.state.subscribe((state) => {
      if (state !== 'closed') return;
      this.#state = null;
      for (const { button } of this.#made) button.disabled = true;
      delete document.body.dataset.teleoperation;
    });
    page.feed.scene.subscribe(() => this.#paint());
    page.palette.subscribe(() => this.#paint());
  }

  steer(input: TeleoperationInput): void {
    this.#page?.connection.publish(CLIENT_TOPICS.input, input);
  }

  press({ action }: TeleoperationControl): void {
    if (this.#state !== null) this.#page?.connection.publish(CLIENT_TOPICS.command, { action });
  }

  #show(state: TeleoperationMessage): void {
    const isFirst = this.root.hidden;
    const starts = state.phase === 'recording' && this.#state?.phase !== 'recording';
    this.#state = state;
    // nobody can drive by a picture of the past
    if (starts && this.isOperator) this.#page?.playback.follow();
    this.root.hidden = false;
    this.root.dataset.phase = state.phase === 'ended' && state.success ? 'solved' : state.phase;
    if (isFirst) this.#welcome();
    const { isOperator } = this;
    document.body.dataset.teleoperation = state.phase;
    document.body.dataset.operator = isOperator ? 'this' : state.operator === null ? 'none' : 'other';
    setText(this.#who, isOperator ? `as ${state.operatorName}` : 'watching');
    setText(this.#phase, this.#phaseText(state));
    this.#phase.dataset.outcome = state.phase !== 'ended' ? '' : state.success ? 'good' : 'bad';
    const modeName = state.mode === null ? '' : (this.#page?.feed.scene.value?.modes[state.mode] ?? '');
    setText(this.#mode, modeName);
    this.#steps.style.width = `${state.maxSteps === null ? 0 : (100 * state.step) / state.maxSteps}%`;
    for (const { button, control } of this.#made) {
      button.hidden = (control === TAKE_CONTROL) === isOperator;
      button.disabled = !control.isPossible(state);
    }
    setText(this.#note, state.note.text);
    this.#note.dataset.outcome = state.note.isGood ? 'good' : 'bad';
    setText(this.#hint, this.#hintText(state));
    this.#showCounts(state);
    this.#showCommand(state);
  }

  #phaseText({ phase, step, success }: TeleoperationMessage): string {
    const seconds = step * (this.#page?.feed.scene.value?.dtSeconds ?? 0);
    switch (phase) {
      case 'ready':
        return 'Ready';
      case 'recording':
        return `Recording ${seconds.toFixed(1)} s`;
      case 'ended':
        return success ? 'Solved' : 'Not solved';
      case 'saving':
        return 'Replaying and saving …';
      default:
        return phase satisfies never;
    }
  }

  #hintText({ axes, takesPoints }: TeleoperationMessage): string {
    if (!this.isOperator) return 'One page operates at a time; this one watches until it takes over.';
    return takesPoints
      ? 'Drag on the table, hold the arrow keys (Shift: slower), or use a gamepad.'
      : `Turn ${axes.join(', ')} by ← →, ↑ ↓, Q E (Shift: slower), or by a gamepad. A lower speed helps.`;
  }

  #showCounts({ counts, episodes, mode, saved }: TeleoperationMessage): void {
    const most = Math.max(1, ...counts);
    this.#rows.forEach(({ bar, number, row }, index) => {
      const count = counts[index] ?? 0;
      bar.style.width = `${(100 * count) / most}%`;
      setText(number, String(count));
      row.dataset.count = String(count);
      row.classList.toggle('reached', index === mode);
      row.classList.toggle('empty', count === 0);
    });
    setText(this.#covered, `${counts.filter((count) => count > 0).length} / ${counts.length}`);
    setText(this.#total, `Episodes in the dataset: ${episodes}; saved since the start: ${saved}`);
  }

  /** Puts the ring where the command is. */
  #showCommand({ commanded, takesPoints }: TeleoperationMessage): void {
    const [x = 0, y = 0] = commanded;
    this.#command.visible = takesPoints;
    this.#command.position.set(x, y, RING_HEIGHT);
    this.#page?.stage.invalidate();
  }

  /** Makes the rows of the modes, in their colours. */
  #paint(): void {
    const page = this.#page;
    const modes = page?.feed.scene.value?.modes ?? [];
    const palette = page?.palette.value;
    if (palette === undefined) return;
    this.#rows = modes.map((name, mode) => {
      const bar = element('i');
      bar.style.background = css(palette.color('mode', mode));
      const number = element('b');
      const track = element('div', { class: 'bar' }, bar);
      const title = element('span', { title: name }, name);
      const row = element('div', { role: 'listitem', 'data-mode': name }, title, track, number);
      return { row, bar, number };
    });
    this.#modes.replaceChildren(...this.#rows.map(({ row }) => row));
    if (this.#state !== null) this.#showCounts(this.#state);
  }

  /** Sets the page up for driving, the first time. */
  #welcome(): void {
    const page = this.#page;
    if (page === null) return;
    const { camera } = page.settings.current;
    // from above a place on the screen is a place on the table
    page.settings.set({ panel: false, ...(camera === 'orbit' ? { camera: 'top' } : {}) });
    if (this.#shortcutsListed) return;
    this.#shortcutsListed = true;
    page.shortcuts.add(
      ...[...OPERATOR_CONTROLS, TAKE_CONTROL].map((control) => ({
        key: control.keys[0] ?? '',
        label: control.keyLabel,
        does: `${control.does} (pad: ${control.buttonLabel})`,
        run: () => this.press(control),
      })),
    );
  }
}
