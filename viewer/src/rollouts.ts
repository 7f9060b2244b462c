import * as three from 'three';
import type { Frame } from '../../src/stream/frame.ts';
import type { Scene, ScenePart } from '../../src/stream/wire.ts';
import type { Page, View } from './page.ts';
import type { Palette } from './palette.ts';
import { type Isolation, isolationOf, type Settings, type Theme } from './settings.ts';
import { partGeometry } from './shapes.ts';
import { disposeGroup, partMaterial } from './table.ts';

/** Index that a rollout has in each of the things it can be coloured by. */
export function category(frame: Frame, rollout: number, by: Isolation['by']): number {
  switch (by) {
    case 'mode':
      return frame.mode[rollout] ?? -1;
    case 'expert':
      return frame.component[rollout] ?? -1;
    case 'outcome':
      return frame.status[rollout] ?? -1;
    case 'rollout':
      return rollout;
    default:
      return by satisfies never;
  }
}

/**
 * Says whether a rollout belongs to those that are picked out. Where policies are compared, a single rollout is picked out
 * together with those of the same episode.
 */
export function isIsolated(
  frame: Frame,
  rollout: number,
  isolation: Isolation | null,
  policies = 1,
): boolean {
  if (isolation === null) return true;
  if (isolation.by === 'rollout') return isSameEpisode(rollout, isolation.category, frame.rollouts, policies);
  return category(frame, rollout, isolation.by) === isolation.category;
}

/** Says whether two of R rollouts are at the same place within their policies, and so run the same episode. */
export function isSameEpisode(one: number, other: number, rollouts: number, policies: number): boolean {
  const each = rollouts / policies;
  return one % each === other % each && other < rollouts;
}

/** Slots are allocated in steps of this many rollouts. */
const CAPACITY_STEP = 128;
/** How much larger a rod is drawn than that of the rollout before it, as a share. */
const SIZE_STEP = 0.0008;
/** How much larger the moving parts of the isolated rollout are drawn: many begin in the same place. */
const ISOLATED_SIZE = 1.2;
/** Longest time over which a picture glides from one frame to the next, milliseconds. */
const LONGEST_GLIDE_MS = 250;

/** The moving parts of all rollouts, one instanced mesh per part, gliding between the newest two frames. */
export class Rollouts implements View {
  readonly group = new three.Group();
  #parts: readonly ScenePart[] = [];
  /** Policies that are compared. */
  #policies = 1;
  #meshes: three.InstancedMesh[] = [];
  /** Rollouts that the meshes have room for; negative while they have to be made anew. */
  #capacity = -1;
  #theme: Theme = 'light';
  #before: Frame | null = null;
  #newest: Frame | null = null;
  #arrivedMs = 0;
  #intervalMs = 35;
  #colorsStale = true;

  attach({ feed, palette, playback, settings, stage }: Page): void {
    stage.scene.add(this.group);
    feed.scene.subscribe((scene) => {
      if (scene === null) return;
      this.setScene(scene.scene, settings.current.theme, scene.policies?.length);
    });
    playback.shown.subscribe(({ fresh, frames }) => {
      if (fresh) this.clear();
      const frame = frames.at(-1);
      if (frame !== undefined) this.push(frame, performance.now());
      stage.invalidate();
    });
    palette.subscribe(() => {
      this.setTheme(settings.current.theme);
      this.#colorsStale = true;
    });
    settings.subscribe(() => {
      this.#colorsStale = true;
      stage.invalidate();
    });
    stage.onBeforeDraw((milliseconds) => {
      const colors = palette.value;
      return colors !== undefined && this.update(milliseconds, colors, settings.current);
    });
  }

  /** Takes over the moving parts of a scene and forgets all frames. */
  setScene(scene: Scene, theme: Theme, policies = 1): void {
    this.#policies = policies;
    this.#parts = scene.parts.filter((part) => part.poseIndex !== undefined);
    this.#theme = theme;
    this.clear();
    this.#capacity = -1;
    this.#allocate(0);
  }

  /** Forgets all frames. */
  clear(): void {
    this.#before = null;
    this.#newest = null;
    for (const mesh of this.#meshes) mesh.count = 0;
  }

  setTheme(theme: Theme): void {
    if (theme === this.#theme) return;
    this.#theme = theme;
    const rollouts = this.#capacity;
    this.#capacity = -1;
    this.#allocate(rollouts);
  }

  /** Takes the newest frame; `nowMs` is when it arrived. */
  push(frame: Frame, nowMs: number): void {
    const elapsed = Math.min(LONGEST_GLIDE_MS, Math.max(1, nowMs - this.#arrivedMs));
    // the newest intervals count for most: frames come unevenly over a network
    this.#intervalMs += 0.2 * (elapsed - this.#intervalMs);
    this.#arrivedMs = nowMs;
    const follows =
      this.#newest?.rollouts === frame.rollouts && this.#newest.timeSeconds <= frame.timeSeconds;
    this.#before = follows ? this.#newest : null;
    this.#newest = frame;
    this.#colorsStale = true;
    this.#allocate(frame.rollouts);
  }

  /**
   * Places all instances for the picture at `nowMs`.
   *
   * @returns true while they are still gliding.
   */
  update(nowMs: number, palette: Palette, settings: Settings): boolean {
    const frame = this.#newest;
    if (frame === null) return false;
    const t = Math.min(1, Math.max(0, (nowMs - this.#arrivedMs) / this.#intervalMs));
    const { rollout } = settings;
    this.#place(frame, t, rollout);
    if (this.#colorsStale) this.#color(frame, palette, settings);
    return t < 1;
  }

  #place(frame: Frame, t: number, isolated: number | null): void {
    const before = this.#before;
    const matrix = new three.Matrix4();
    const scale = new three.Vector3();
    this.#parts.forEach((part, p) => {
      const mesh = this.#meshes[p];
      if (mesh === undefined) return;
      mesh.count = frame.rollouts;
      for (let rollout = 0; rollout < frame.rollouts; rollout++) {
        const at = 3 * (rollout * frame.movingParts + (part.poseIndex ?? 0));
        const same = before !== null && before.episode[rollout] === frame.episode[rollout];
        const from = same && before.movingParts === frame.movingParts ? before.poses : frame.poses;
        const x = mix(from[at], frame.poses[at], t);
        const y = mix(from[at + 1], frame.poses[at + 1], t);
        matrix.makeRotationZ(mixAngle(from[at + 2] ?? 0, frame.poses[at + 2] ?? 0, t));
        // rods in the same place differ a little in size, so that their surfaces do not flicker through each other
        const size = rollout === isolated ? ISOLATED_SIZE : 1 + SIZE_STEP * (rollout % 61);
        matrix.scale(scale.setScalar(size)).setPosition(x, y, 0);
        mesh.setMatrixAt(rollout, matrix);
      }
      mesh.instanceMatrix.needsUpdate = true;
    });
  }

  #color(frame: Frame, palette: Palette, settings: Settings): void {
    this.#colorsStale = false;
    const color = new three.Color();
    const isolation = isolationOf(settings);
    const faded = new three.Color(this.#theme === 'light' ? 0xdfe2e6 : 0x656e7d);
    this.#parts.forEach((part, p) => {
      const mesh = this.#meshes[p];
      if (mesh === undefined || part.role !== 'robot') return;
      for (let rollout = 0; rollout < frame.rollouts; rollout++) {
        const [r, g, b] = palette.color(settings.colorBy, category(frame, rollout, settings.colorBy));
        color.setRGB(r / 255, g / 255, b / 255, three.SRGBColorSpace);
        mesh.setColorAt(rollout, isIsolated(frame, rollout, isolation, this.#policies) ? color : faded);
      }
      if (mesh.instanceColor !== null) mesh.instanceColor.needsUpdate = true;
    });
  }

  #allocate(rollouts: number): void {
    if (rollouts <= this.#capacity) return;
    this.#capacity = Math.max(CAPACITY_STEP, Math.ceil(rollouts / CAPACITY_STEP) * CAPACITY_STEP);
    disposeGroup(this.group);
    for (const mesh of this.#meshes) mesh.dispose();
    this.group.clear();
    this.#meshes = this.#parts.map((part) => {
      const material = partMaterial(part, this.#theme);
      // the colour of a robot part is that of its rollout
      if (part.role === 'robot') material.color.setHex(0xffffff);
      const mesh = new three.InstancedMesh(partGeometry(part), material, this.#capacity);
      mesh.instanceMatrix.setUsage(three.DynamicDrawUsage);
      mesh.count = 0;
      mesh.castShadow = part.height > 0;
      mesh.receiveShadow = true;
      // instances are spread over the table: the sphere around one of them says nothing
      mesh.frustumCulled = false;
      mesh.name = part.name;
      this.group.add(mesh);
      return mesh;
    });
    this.#colorsStale = true;
  }
}

function mix(from: number | undefined, to: number | undefined, t: number): number {
  return (from ?? 0) + ((to ?? 0) - (from ?? 0)) * t;
}

/** Turns the short way round. */
function mixAngle(from: number, to: number, t: number): number {
  const turn = Math.atan2(Math.sin(to - from), Math.cos(to - from));
  return from + turn * t;
}
