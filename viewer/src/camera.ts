import * as three from 'three';
import { OrbitControls } from 'three/addons/controls/OrbitControls.js';
import type { Page, View } from './page.ts';
import type { CameraPreset } from './settings.ts';
import type { Stage } from './stage.ts';

/** Directions from the table to the camera: the robot stands at negative y, and so does who watches. */
const directions: Readonly<Record<CameraPreset, three.Vector3>> = {
  orbit: new three.Vector3(0, -0.64, 0.77).normalize(),
  // not quite from above, so that "up" on the screen stays away from the robot
  top: new three.Vector3(0, -0.0008, 1).normalize(),
  // lower and behind the rod
  follow: new three.Vector3(0, -0.86, 0.5).normalize(),
};

/** Share of the free area that the table fills. */
const FILL = 0.92;
const TRANSITION_MS = 450;
/** Distance from which a rollout is followed, as a share of the size of the table. */
const FOLLOW_DISTANCE = 0.42;
/** How far ahead of the rod the camera looks, metres. */
const FOLLOW_AHEAD = 0.06;
/** The camera has caught up with the rod by two thirds after this time, milliseconds. */
const FOLLOW_MS = 120;
/** Nearer than this it has caught up, metres. */
const CAUGHT_UP = 2e-4;

/** Space on the screen that panels cover, CSS pixels. */
export interface Insets {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly left: number;
}

/** Moves the camera: by mouse and touch, and to presets. New data never moves it. */
export class CameraRig implements View {
  readonly #stage: Stage;
  readonly #controls: OrbitControls;
  /** Where the camera looks to follow the rod of the isolated rollout. */
  readonly #followed = new three.Vector3();
  #drawnAt = 0;
  #bounds: readonly [number, number, number, number] = [-0.5, -0.5, 0.5, 0.5];
  /** Tables that lie side by side in them. */
  #tables = 1;
  #preset: CameraPreset = 'orbit';
  #insets: Insets = { top: 0, right: 0, bottom: 0, left: 0 };
  /** The person has moved the camera since the last preset. */
  #moved = false;
  #transition: {
    readonly from: three.Vector3;
    readonly fromTarget: three.Vector3;
    start: number | null;
  } | null = null;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#controls = new OrbitControls(stage.camera, stage.renderer.domElement);
    this.#controls.maxPolarAngle = 1.5;
    this.#controls.minDistance = 0.1;
    this.#controls.maxDistance = 6;
    this.#controls.zoomToCursor = true;
    this.#controls.addEventListener('start', () => {
      this.#moved = true;
      this.#transition = null;
    });
    this.#controls.addEventListener('change', () => stage.invalidate());
    stage.onBeforeDraw((milliseconds) => this.#animate(milliseconds) || this.#follow(milliseconds));
    stage.onResize((width, height) => {
      stage.camera.aspect = width / Math.max(height, 1);
      this.#applyInsets();
      if (!this.#moved) this.#jump();
    });
  }

  attach({ feed, playback, settings }: Page): void {
    settings.subscribe((current, before) => {
      const { camera, rollout } = current;
      // without a rollout there is nothing to follow, and following one means to isolate it
      if (camera === 'follow' && rollout === null) {
        settings.set(before.camera === 'follow' ? { camera: 'orbit' } : { rollout: 0 });
        return;
      }
      if (camera !== before.camera || (camera === 'follow' && rollout !== before.rollout)) this.goTo(camera);
    });
    if (settings.current.camera !== 'orbit') this.goTo(settings.current.camera);
    playback.shown.subscribe(({ frames }) => {
      const frame = frames.at(-1);
      const { camera, rollout } = settings.current;
      const parts = feed.scene.value?.scene.parts ?? [];
      const followed =
        parts.find((part) => part.role === 'robot' && part.poseIndex !== undefined) ??
        parts.find((part) => part.poseIndex !== undefined);
      if (frame === undefined || rollout === null || followed?.poseIndex === undefined) return;
      const at = 3 * (rollout * frame.movingParts + followed.poseIndex);
      this.#followed.set(frame.poses[at] ?? 0, (frame.poses[at + 1] ?? 0) + FOLLOW_AHEAD, 0);
      if (camera === 'follow') this.#stage.invalidate();
    });
  }

  /** Frames a table, or several side by side; the view of a person who has moved the camera stays. */
  frame(bounds: readonly [number, number, number, number], tables = 1): void {
    this.#bounds = bounds;
    this.#tables = tables;
    if (!this.#moved) this.#jump();
  }

  /** Says which part of the picture is covered. */
  setInsets(insets: Insets): void {
    this.#insets = insets;
    this.#applyInsets();
    if (!this.#moved) this.#jump();
  }

  /** Glides to a preset. */
  goTo(preset: CameraPreset): void {
    this.#preset = preset;
    this.#moved = false;
    if (this.#isMotionReduced()) {
      this.#jump();
      return;
    }
    const { camera } = this.#stage;
    this.#transition = {
      from: camera.position.clone(),
      fromTarget: this.#controls.target.clone(),
      start: null,
    };
    this.#stage.invalidate();
  }

  /** Moves with the rod, however the person has turned the view. */
  #follow(milliseconds: number): boolean {
    const elapsed = Math.min(milliseconds - this.#drawnAt, 100);
    this.#drawnAt = milliseconds;
    if (this.#preset !== 'follow' || this.#transition !== null) return false;
    const way = this.#followed.clone().sub(this.#controls.target);
    if (way.length() < CAUGHT_UP) return false;
    if (!this.#isMotionReduced()) way.multiplyScalar(1 - Math.exp(-elapsed / FOLLOW_MS));
    this.#place(this.#stage.camera.position.clone().add(way), this.#controls.target.clone().add(way));
    return true;
  }

  #isMotionReduced(): boolean {
    return matchMedia('(prefers-reduced-motion: reduce)').matches;
  }

  #jump(): void {
    this.#transition = null;
    const { position, target } = this.#goal();
    this.#place(position, target);
  }

  /** Finds where the camera stands so that the whole table fills the uncovered part of the picture. */
  #goal(): { readonly position: three.Vector3; readonly target: three.Vector3 } {
    const [minX, minY, maxX, maxY] = this.#bounds;
    if (this.#preset === 'follow') {
      const size = Math.hypot(maxX - minX, maxY - minY) / Math.sqrt(this.#tables);
      const distance = FOLLOW_DISTANCE * size;
      const target = this.#followed.clone();
      return { position: target.clone().addScaledVector(directions.follow, distance), target };
    }
    const target = new three.Vector3((minX + maxX) / 2, (minY + maxY) / 2, 0);
    let distance = this.#distance(target);
    // seen at an angle, the near half takes more of the picture: look nearer until both ends have equal room
    for (let i = 0; i < 8; i++) {
      const { low, high } = this.#extent(target, distance);
      target.y += 0.5 * (low + high) * distance * Math.tan((this.#stage.camera.fov * Math.PI) / 360);
      distance = this.#distance(target);
    }
    return { position: target.clone().addScaledVector(directions[this.#preset], distance), target };
  }

  #place(position: three.Vector3, target: three.Vector3): void {
    this.#stage.camera.position.copy(position);
    this.#controls.target.copy(target);
    this.#controls.update();
    this.#stage.invalidate();
  }

  #animate(milliseconds: number): boolean {
    const transition = this.#transition;
    if (transition === null) return false;
    transition.start ??= milliseconds;
    const t = Math.min(1, (milliseconds - transition.start) / TRANSITION_MS);
    const eased = t * t * (3 - 2 * t);
    const goal = this.#goal();
    const target = transition.fromTarget.clone().lerp(goal.target, eased);
    // along an arc around the table, not through it
    const a = new three.Spherical().setFromVector3(toYUp(transition.from.clone().sub(transition.fromTarget)));
    const b = new three.Spherical().setFromVector3(toYUp(goal.position.clone().sub(goal.target)));
    const turn = Math.atan2(Math.sin(b.theta - a.theta), Math.cos(b.theta - a.theta));
    const between = new three.Spherical(
      a.radius + (b.radius - a.radius) * eased,
      a.phi + (b.phi - a.phi) * eased,
      a.theta + turn * eased,
    );
    if (t === 1) this.#transition = null;
    this.#place(fromYUp(new three.Vector3().setFromSpherical(between)).add(target), target);
    return t < 1;
  }

  /** Finds the distance at which the table is no wider and no higher than the uncovered part. */
  #distance(target: three.Vector3): number {
    const { width, height } = this.#size();
    const reachX = FILL * Math.max(0.2, 1 - (this.#insets.left + this.#insets.right) / width);
    const reachY = FILL * Math.max(0.2, 1 - (this.#insets.top + this.#insets.bottom) / height);
    let near = 0.15;
    let far = 6;
    for (let i = 0; i < 24; i++) {
      const middle = (near + far) / 2;
      const { low, high, side } = this.#extent(target, middle);
      if (side <= reachX && high - low <= 2 * reachY) far = middle;
      else near = middle;
    }
    return far;
  }

  /** Measures how much of the picture the table takes, in the picture's coordinates from -1 to 1. */
  #extent(
    target: three.Vector3,
    distance: number,
  ): { readonly low: number; readonly high: number; readonly side: number } {
    const probe = this.#stage.camera.clone();
    probe.clearViewOffset();
    probe.position.copy(target).addScaledVector(directions[this.#preset], distance);
    probe.lookAt(target);
    probe.updateMatrixWorld(true);
    const [minX, minY, maxX, maxY] = this.#bounds;
    const corners = [minX, maxX].flatMap((x) =>
      [minY, maxY].map((y) => new three.Vector3(x, y, 0).project(probe)),
    );
    return {
      low: Math.min(...corners.map((corner) => corner.y)),
      high: Math.max(...corners.map((corner) => corner.y)),
      side: Math.max(...corners.map((corner) => Math.abs(corner.x))),
    };
  }

  /** Shifts the picture so that its middle is the middle of the uncovered part. */
  #applyInsets(): void {
    const { width, height } = this.#size();
    const { top, right, bottom, left } = this.#insets;
    this.#stage.camera.setViewOffset(width, height, (right - left) / 2, (bottom - top) / 2, width, height);
    this.#stage.invalidate();
  }

  #size(): { readonly width: number; readonly height: number } {
    const { clientWidth, clientHeight } = this.#stage.renderer.domElement;
    return { width: Math.max(clientWidth, 1), height: Math.max(clientHeight, 1) };
  }
}

/** three.js measures spherical coordinates around y; the table's "up" is z. */
function toYUp(v: three.Vector3): three.Vector3 {
  return v.set(v.x, v.z, -v.y);
}

function fromYUp(v: three.Vector3): three.Vector3 {
  return v.set(v.x, -v.z, v.y);
}
