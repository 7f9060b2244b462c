import type { Device, TeleoperationInput, TeleoperationMessage } from '../../src/stream/wire.ts';
import type { Page } from './page.ts';
import { OPERATOR_CONTROLS, TAKE_CONTROL, type TeleoperationControl } from './teleoperation-actions.ts';

/** Velocities are sent this often while a key is down or a stick is out, milliseconds: about a control step. */
const SEND_EVERY_MS = 30;
/** Deflections of a stick below this are noise. */
const DEAD_ZONE = 0.12;
/** Share of the speed while Shift is down. */
const SLOW = 0.35;

/** Which axis a key moves, and which way: in the plane, or joints. */
type KeyMap = Readonly<Record<string, readonly [axis: number, sign: 1 | -1]>>;
const planeKeys: KeyMap = {
  arrowleft: [0, -1],
  arrowright: [0, 1],
  arrowdown: [1, -1],
  arrowup: [1, 1],
};
/** A joint turns counter-clockwise, to the left, as its angle grows. */
const jointKeys: KeyMap = {
  arrowleft: [0, 1],
  arrowright: [0, -1],
  arrowup: [1, 1],
  arrowdown: [1, -1],
  q: [2, 1],
  e: [2, -1],
};

/** What the devices need of whoever owns them. */
export interface DeviceHost {
  /** The newest state; null where nothing is driven by hand. */
  readonly state: TeleoperationMessage | null;
  /** This page operates. */
  readonly isOperator: boolean;
  steer(input: TeleoperationInput): void;
  press(control: TeleoperationControl): void;
}

/** Turns mouse, touch, keyboard and gamepad into what a hand asks for. */
export class TeleoperationDevices {
  readonly #page: Page;
  readonly #host: DeviceHost;
  readonly #held = new Set<string>();
  /** Buttons of the gamepad that were down at the last look. */
  #buttons: ReadonlySet<number> = new Set();
  /** The pointer that drags. */
  #pointer: number | null = null;
  /** The device that was last sent a velocity for, so that it can be told to stop. */
  #driving: Device | null = null;
  #slow = false;

  constructor(page: Page, host: DeviceHost) {
    this.#page = page;
    this.#host = host;
    const canvas = page.stage.renderer.domElement;
    // before the camera and whatever else listens to the same events
    const early = { capture: true } as const;
    const take = (event: PointerEvent) => {
      event.stopImmediatePropagation();
      event.preventDefault();
    };
    window.addEventListener(
      'pointerdown',
      (event) => {
        const { state } = this.#host;
        if (event.target !== canvas || event.button !== 0 || !this.#host.isOperator) return;
        if (state === null || !state.takesPoints) return;
        take(event);
        if (this.#pointer !== null) return;
        this.#pointer = event.pointerId;
        canvas.setPointerCapture(event.pointerId);
        this.#point(event);
      },
      early,
    );
    window.addEventListener(
      'pointermove',
      (event) => {
        if (event.pointerId !== this.#pointer) return;
        take(event);
        this.#point(event);
      },
      early,
    );
    for (const type of ['pointerup', 'pointercancel'] as const) {
      window.addEventListener(
        type,
        (event) => {
          if (event.pointerId !== this.#pointer) return;
          take(event);
          this.#pointer = null;
        },
        early,
      );
    }
    window.addEventListener('keydown', (event) => this.#keyDown(event), early);
    window.addEventListener('keyup', (event) => this.#keyUp(event), early);
    // keys that go up elsewhere are never heard of
    window.addEventListener('blur', () => this.#held.clear());
    document.addEventListener('visibilitychange', () => this.#held.clear());
    setInterval(() => this.#tick(), SEND_EVERY_MS);
  }

  #point(event: PointerEvent): void {
    const point = this.#page.stage.placeAt(event.clientX, event.clientY);
    const device = event.pointerType === 'touch' || event.pointerType === 'pen' ? event.pointerType : 'mouse';
    if (point !== null) this.#host.steer({ point, device });
  }

  #keyDown(event: KeyboardEvent): void {
    const { state } = this.#host;
    if (state === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    if (target instanceof HTMLInputElement || target instanceof HTMLSelectElement) return;
    if (document.querySelector('dialog[open]') !== null) return;
    const key = event.key.toLowerCase();
    // whoever has gone to a button by the keyboard means the button; one that was clicked only happens to have the focus
    const presses = key === ' ' || key === 'enter';
    if (presses && target instanceof HTMLButtonElement && target.matches(':focus-visible')) return;
    this.#slow = event.shiftKey;
    const controls = this.#host.isOperator ? OPERATOR_CONTROLS : [TAKE_CONTROL];
    const control = controls.find(({ keys }) => keys.includes(key));
    const moves = this.#host.isOperator && Object.hasOwn(this.#keyMap(), key);
    if (control === undefined && !moves) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (moves) {
      this.#held.add(key);
      this.#tick();
    } else if (control !== undefined && !event.repeat) this.#host.press(control);
  }

  #keyUp(event: KeyboardEvent): void {
    this.#slow = event.shiftKey;
    if (this.#held.delete(event.key.toLowerCase())) this.#tick();
  }

  #keyMap(): KeyMap {
    return this.#host.state?.takesPoints === false ? jointKeys : planeKeys;
  }

  /** Sends what keys and sticks ask for now, and once that they ask for nothing any more. */
  #tick(): void {
    const { state } = this.#host;
    if (state === null) return;
    const pad = this.#gamepad();
    if (pad !== null) this.#pressButtons(pad, state);
    if (!this.#host.isOperator) return;
    const fromKeys = this.#keyVelocity(state.axes.length);
    const velocity = fromKeys ?? (pad === null ? null : stickVelocity(pad, state));
    if (velocity !== null) {
      this.#driving = fromKeys === null ? 'gamepad' : 'keyboard';
      this.#host.steer({ velocity, device: this.#driving });
    } else if (this.#driving !== null) {
      this.#host.steer({ velocity: state.axes.map(() => 0), device: this.#driving });
      this.#driving = null;
    }
  }

  #keyVelocity(axes: number): number[] | null {
    if (this.#held.size === 0) return null;
    const velocity = new Array<number>(axes).fill(0);
    const map = this.#keyMap();
    for (const key of this.#held) {
      const [axis, sign] = map[key] ?? [0, 1];
      if (axis < axes) velocity[axis] = (velocity[axis] ?? 0) + sign;
    }
    const length = this.#host.state?.takesPoints === true ? Math.hypot(...velocity) : 1;
    const speed = (this.#slow ? SLOW : 1) / Math.max(length, 1);
    return velocity.map((share) => share * speed);
  }

  #gamepad(): Gamepad | null {
    // some browsers have it only on this machine and over https
    const pads = typeof navigator.getGamepads === 'function' ? navigator.getGamepads() : [];
    return pads.find((pad) => pad?.connected === true) ?? null;
  }

  #pressButtons(pad: Gamepad, state: TeleoperationMessage): void {
    const down = new Set(pad.buttons.flatMap(({ pressed }, button) => (pressed ? [button] : [])));
    const controls = this.#host.isOperator ? OPERATOR_CONTROLS : [TAKE_CONTROL];
    for (const button of down) {
      if (this.#buttons.has(button)) continue;
      const meant = controls.filter(({ buttons }) => buttons.includes(button));
      const control = meant.find((one) => one.isPossible(state));
      if (control !== undefined) this.#host.press(control);
    }
    this.#buttons = down;
  }
}

/** Reads the sticks, and the triggers for a third joint; null while they are at rest. */
function stickVelocity({ axes, buttons }: Gamepad, state: TeleoperationMessage): number[] | null {
  const [leftX = 0, leftY = 0, rightX = 0, rightY = 0] = axes;
  if (state.takesPoints) {
    // either stick
    const [x, y] = Math.hypot(rightX, rightY) > Math.hypot(leftX, leftY) ? [rightX, rightY] : [leftX, leftY];
    const length = Math.hypot(x, y);
    if (length < DEAD_ZONE) return null;
    const scale = (Math.min(length, 1) - DEAD_ZONE) / (1 - DEAD_ZONE) / length;
    return [x * scale, -y * scale];
  }
  const triggers = (buttons[6]?.value ?? 0) - (buttons[7]?.value ?? 0);
  const turns = [-leftX, -rightX, triggers].slice(0, state.axes.length);
  if (turns.every((turn) => Math.abs(turn) < DEAD_ZONE)) return null;
  const clipped = turns.map((turn) => (Math.abs(turn) < DEAD_ZONE ? 0 : Math.max(-1, Math.min(1, turn))));
  return [...clipped, ...new Array<number>(state.axes.length - clipped.length).fill(0)];
}
