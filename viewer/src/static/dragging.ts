import { HAND_TOPIC, type HandMessage } from '../../../src/live/page-messages.ts';
import type { Page, View } from '../page.ts';
import { type FoundPart, nearestPart } from '../picking.ts';

/** A press that moves further than this drags, CSS pixels; one that does not isolates the rollout. */
const STILL_PX = 5;
/** How far beside a part a press still means it, CSS pixels; fingers are less exact. */
const REACH_PX = { mouse: 3, touch: 14 } as const;

/** A part that is pressed, and dragged once the pointer has moved. */
interface Drag extends FoundPart {
  readonly pointer: number;
  readonly from: { readonly x: number; readonly y: number };
  /** From the place under the pointer to the part, metres: it is held where it was grasped. */
  readonly offset: readonly [number, number];
  isMoving: boolean;
}

/** Drags rods and blocks of running rollouts; with them under the pointer the camera stays. */
export class Dragging implements View {
  #drag: Drag | null = null;

  attach(page: Page): void {
    const { connection, feed, settings, stage } = page;
    const canvas = stage.renderer.domElement;
    // before the camera and whatever else listens to the same events
    const early = { capture: true } as const;
    const send = (hand: HandMessage) => connection.publish(HAND_TOPIC, hand);
    connection.topics.subscribe((topics) => {
      if (topics.has(HAND_TOPIC)) connection.offer(HAND_TOPIC);
    });
    let told = false;
    feed.scene.subscribe((scene) => {
      if (scene === null || told) return;
      told = true;
      page.say('Everything runs in this page. Drag a rod or a block: the policy carries on.');
    });
    window.addEventListener(
      'pointerdown',
      (event) => {
        if (event.target !== canvas || event.button !== 0 || this.#drag !== null) return;
        this.#drag = grasp(page, event);
        if (this.#drag === null) return;
        event.stopImmediatePropagation();
        canvas.setPointerCapture(event.pointerId);
      },
      early,
    );
    window.addEventListener(
      'pointermove',
      (event) => {
        const drag = this.#drag;
        if (drag === null || event.pointerId !== drag.pointer) return;
        event.stopImmediatePropagation();
        const moved = Math.hypot(event.clientX - drag.from.x, event.clientY - drag.from.y);
        drag.isMoving ||= moved > STILL_PX;
        const place = stage.placeAt(event.clientX, event.clientY);
        if (!drag.isMoving || place === null) return;
        canvas.style.cursor = 'grabbing';
        const { offset, part, rollout } = drag;
        send({ rollout, hold: { part, x: place[0] + offset[0], y: place[1] + offset[1] } });
      },
      early,
    );
    for (const type of ['pointerup', 'pointercancel'] as const) {
      window.addEventListener(
        type,
        (event) => {
          const drag = this.#drag;
          if (drag === null || event.pointerId !== drag.pointer) return;
          event.stopImmediatePropagation();
          this.#drag = null;
          canvas.style.cursor = '';
          const { isMoving, rollout } = drag;
          if (isMoving) send({ rollout, hold: null });
          else if (type === 'pointerup') {
            settings.set({ rollout: rollout === settings.current.rollout ? null : rollout });
          }
        },
        early,
      );
    }
  }
}

/** Finds what a press means: the rod or block under it, in the isolated rollout where one is; null where there is none. */
function grasp({ feed, playback, settings, stage }: Page, event: PointerEvent): Drag | null {
  const { frame } = playback;
  const scene = feed.scene.value?.scene;
  const place = stage.placeAt(event.clientX, event.clientY);
  // the past cannot be changed
  if (frame === undefined || scene === undefined || place === null) return null;
  if (playback.state.value?.kind !== 'live') return null;
  const parts = scene.parts.filter(
    ({ poseIndex, role }) => poseIndex !== undefined && (role === 'robot' || role === 'object'),
  );
  const { height, left, top, width } = stage.renderer.domElement.getBoundingClientRect();
  const pointer = {
    x: event.clientX - left,
    y: event.clientY - top,
    width,
    height,
    reach: event.pointerType === 'touch' ? REACH_PX.touch : REACH_PX.mouse,
  };
  const found = nearestPart(frame, parts, stage.camera, pointer, settings.current.rollout);
  if (found === null) return null;
  const at = 3 * (found.rollout * frame.movingParts + found.part);
  return {
    ...found,
    pointer: event.pointerId,
    from: { x: event.clientX, y: event.clientY },
    offset: [(frame.poses[at] ?? 0) - place[0], (frame.poses[at + 1] ?? 0) - place[1]],
    isMoving: false,
  };
}
