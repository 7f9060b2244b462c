import * as three from 'three';
import type { Frame } from '../../src/stream/frame.ts';
import type { Scene, ScenePart } from '../../src/stream/wire.ts';
import type { Page, View } from './page.ts';

/** A press that moves further than this turns the camera, CSS pixels. */
const STILL_PX = 5;
/** How far beside a part a click still means it, CSS pixels; fingers are less exact. */
const REACH_PX = { mouse: 10, touch: 22 } as const;

/** Isolates the rollout that is clicked, and lets go of it where nothing is. */
export class Picking implements View {
  attach(page: Page): void {
    const { settings, shortcuts, stage } = page;
    const canvas = stage.renderer.domElement;
    let pressed: { readonly x: number; readonly y: number } | null = null;
    let hovered: PointerEvent | null = null;
    canvas.addEventListener('pointerdown', (event) => {
      pressed = event.button === 0 && event.isPrimary ? { x: event.clientX, y: event.clientY } : null;
    });
    canvas.addEventListener('pointerup', (event) => {
      if (pressed === null || Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) > STILL_PX)
        return;
      pressed = null;
      const rollout = rolloutAt(page, event);
      settings.set({ rollout: rollout === settings.current.rollout ? null : rollout });
    });
    canvas.addEventListener('pointermove', (event) => {
      if (event.pointerType !== 'mouse' || event.buttons !== 0) return;
      // at most once per picture: hundreds of parts are looked at
      if (hovered === null) {
        requestAnimationFrame(() => {
          if (hovered !== null) canvas.style.cursor = rolloutAt(page, hovered) === null ? '' : 'pointer';
          hovered = null;
        });
      }
      hovered = event;
    });
    const cycle = (step: number) => () => {
      const count = page.playback.frame?.rollouts ?? 0;
      if (count === 0) return;
      const { rollout } = settings.current;
      const next = rollout === null ? (step > 0 ? 0 : count - 1) : (rollout + step + count) % count;
      settings.set({ rollout: next });
    };
    shortcuts.add(
      { key: 'n', label: 'N', does: 'isolate the next rollout', run: cycle(1) },
      { key: 'b', label: 'B', does: 'isolate the rollout before', run: cycle(-1) },
    );
  }
}

/** Finds the rollout that is shown where a pointer is; null when there is none. */
function rolloutAt({ feed, playback, stage }: Page, event: PointerEvent): number | null {
  const { frame } = playback;
  const scene = feed.scene.value?.scene;
  if (frame === undefined || scene === undefined) return null;
  const { height, left, top, width } = stage.renderer.domElement.getBoundingClientRect();
  const reach = event.pointerType === 'touch' ? REACH_PX.touch : REACH_PX.mouse;
  return nearestRollout(frame, scene, stage.camera, {
    x: event.clientX - left,
    y: event.clientY - top,
    width,
    height,
    reach,
  });
}

/** Where a pointer is in a picture, CSS pixels. */
export interface Pointer {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly reach: number;
}

/** Finds the rollout one of whose moving parts is nearest to a pointer; null when none is within its reach. */
export function nearestRollout(
  frame: Frame,
  scene: Scene,
  camera: three.PerspectiveCamera,
  pointer: Pointer,
): number | null {
  const parts = scene.parts.filter((part) => part.poseIndex !== undefined);
  return nearestPart(frame, parts, camera, pointer)?.rollout ?? null;
}

/** A moving part of one rollout. */
export interface FoundPart {
  readonly rollout: number;
  /** Index into the poses. */
  readonly part: number;
}

/**
 * Finds which of some moving parts is nearest to a pointer; null when none is within its reach.
 *
 * @param only - the one rollout that is looked at; null for all.
 */
export function nearestPart(
  frame: Frame,
  parts: readonly ScenePart[],
  camera: three.PerspectiveCamera,
  { height, reach, width, x, y }: Pointer,
  only: number | null = null,
): FoundPart | null {
  // pixels that a metre at a distance of 1 m takes
  const scale = height / (2 * Math.tan(three.MathUtils.degToRad(camera.fov / 2)));
  const point = new three.Vector3();
  let best: (FoundPart & { readonly distance: number }) | null = null;
  for (let rollout = 0; rollout < frame.rollouts; rollout++) {
    if (only !== null && rollout !== only) continue;
    for (const part of parts) {
      const at = 3 * (rollout * frame.movingParts + (part.poseIndex ?? 0));
      point.set(frame.poses[at] ?? 0, frame.poses[at + 1] ?? 0, part.height > 0 ? 0.017 : 0);
      const radius = (radiusOf(part) * scale) / Math.max(0.01, camera.position.distanceTo(point));
      point.project(camera);
      const beside = Math.hypot((0.5 + 0.5 * point.x) * width - x, (0.5 - 0.5 * point.y) * height - y);
      if (point.z > 1 || beside > radius + reach) continue;
      if (best === null || beside < best.distance)
        best = { rollout, part: part.poseIndex ?? 0, distance: beside };
    }
  }
  return best;
}

/** Radius of a disc of about the size of a part, metres. */
function radiusOf({ shape }: ScenePart): number {
  switch (shape.kind) {
    case 'disc':
      return shape.radius;
    case 'box':
      return Math.min(shape.halfWidth, shape.halfDepth);
    case 'polygon':
      return Math.max(...shape.points.map(([x, y]) => Math.hypot(x, y))) / 2;
    default:
      return shape satisfies never;
  }
}
