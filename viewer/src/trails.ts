import * as three from 'three';
import { type Frame, ROLLOUT_STATUS } from '../../src/stream/frame.ts';
import type { Scene } from '../../src/stream/wire.ts';
import type { Page, View } from './page.ts';
import { PALETTE_SIZE, type Palette } from './palette.ts';
import { isSameEpisode } from './rollouts.ts';
import { COLOR_BY, isolationOf, type Settings, type TrailsShown } from './settings.ts';
import { trailFragmentShader, trailVertexShader } from './trail-shader.ts';

/** Stretches kept on the GPU; the oldest are overwritten. */
const CAPACITY = 65_536;
/** Trails that can be told apart at a time: a 256 x 32 texture of their properties. */
const TRAILS = 8192;
const TRAILS_WIDTH = 256;
/** Floats of a corner: points a, b, c, d, then trail and component. */
const CORNER = 10;
/**
 * Floats of a stretch: its four corners hold the same numbers, and the shader tells them apart by their index.
 * Instancing would need a quarter of the memory, but draws of four corners each are slow, most of all in software.
 */
const STRIDE = 4 * CORNER;
/** Points nearer to the last one than this are left out, metres. */
const MIN_STEP = 0.0005;
/**
 * A slow page does not get every frame. Over more control steps than this between two frames the trail has a gap:
 * a straight line would show a way that the rollout did not take.
 */
const LONGEST_GAP_STEPS = 8;
/** Width of a trail on the table, metres. */
const WIDTH = 0.0028;
/** Trails lie this far above the table, above its painted marks, metres. */
const LIFT = 0.0014;
/** What the shader knows isolation by rollout as. */
const BY_ROLLOUT = COLOR_BY.length;
/** With few rollouts more of their earlier trails stay, so that the picture is rich either way. */
const WANTED_TRAILS = 720;
const MOST_EARLIER_TRAILS = 16;

/** One thing that draws a trail: a moving part of a rollout, during one episode. */
interface Pen {
  episode: number;
  trail: number;
  /** The last three points, oldest first, as x and y; the first ones are repeated. */
  readonly points: Float32Array;
  /** Control step of the last frame. */
  step: number;
  /** Component in force on the way to the last point. */
  component: number;
  finished: boolean;
  /** Trails of earlier episodes, newest first. */
  readonly earlier: number[];
}

/** The trails of all rollouts: appended to as frames arrive, recoloured by exchanging a uniform. */
export class Trails implements View {
  readonly mesh: three.Mesh;
  readonly #buffer = new three.InterleavedBuffer(new Float32Array(CAPACITY * STRIDE), CORNER);
  readonly #geometry = new three.BufferGeometry();
  readonly #material: three.ShaderMaterial;
  readonly #properties = dataTexture(TRAILS_WIDTH, TRAILS / TRAILS_WIDTH, three.NoColorSpace);
  readonly #palette = dataTexture(PALETTE_SIZE, COLOR_BY.length, three.SRGBColorSpace);
  /** Which of the moving parts draw. */
  #partIndexes: readonly number[] = [];
  #pens: Pen[] = [];
  #nextStretch = 0;
  #nextTrail = 0;
  #shown: TrailsShown = 'recent';
  #slots = 1;
  #rollouts = 0;
  /** Policies that are compared. */
  #policies = 1;
  /** The rollout that is isolated; -1 for none. */
  #picked = -1;
  #timeSeconds = 0;

  constructor() {
    this.#buffer.setUsage(three.DynamicDrawUsage);
    const corners = new Uint32Array(6 * CAPACITY);
    for (let i = 0; i < CAPACITY; i++)
      corners.set(
        [0, 1, 2, 0, 2, 3].map((corner) => 4 * i + corner),
        6 * i,
      );
    this.#geometry.setIndex(new three.BufferAttribute(corners, 1));
    this.#geometry.setAttribute('startPoints', new three.InterleavedBufferAttribute(this.#buffer, 4, 0));
    this.#geometry.setAttribute('endPoints', new three.InterleavedBufferAttribute(this.#buffer, 4, 4));
    this.#geometry.setAttribute('tags', new three.InterleavedBufferAttribute(this.#buffer, 2, 8));
    this.#geometry.setDrawRange(0, 0);
    this.#material = new three.ShaderMaterial({
      vertexShader: trailVertexShader,
      fragmentShader: trailFragmentShader,
      uniforms: {
        trails: { value: this.#properties },
        palette: { value: this.#palette },
        colorBy: { value: 0 },
        isolation: { value: [-1, 0] },
        halfWidth: { value: WIDTH / 2 },
        halfPixel: { value: 0.0005 },
        lift: { value: LIFT },
      },
      transparent: true,
      depthWrite: false,
      side: three.DoubleSide,
      toneMapped: false,
    });
    this.mesh = new three.Mesh(this.#geometry, this.#material);
    this.mesh.frustumCulled = false;
    this.mesh.renderOrder = 1;
    this.mesh.name = 'trails';
  }

  attach({ feed, palette, playback, settings, stage }: Page): void {
    stage.scene.add(this.mesh);
    feed.scene.subscribe((scene) => {
      if (scene !== null) this.setScene(scene.scene, scene.policies?.length);
    });
    playback.shown.subscribe(({ fresh, frames }) => {
      if (fresh) this.clear();
      for (const frame of frames) this.push(frame);
    });
    palette.subscribe((colors) => this.setPalette(colors));
    settings.subscribe((current) => {
      this.apply(current);
      stage.invalidate();
    });
    stage.onResize((_, height) => {
      const halfFieldOfView = three.MathUtils.degToRad(stage.camera.fov / 2);
      this.setHalfPixel(Math.tan(halfFieldOfView) / Math.max(height * stage.renderer.getPixelRatio(), 1));
    });
  }

  /** Takes over which parts draw: those of the robot, or where it does not move, all. */
  setScene(scene: Scene, policies = 1): void {
    this.#policies = policies;
    const moving = scene.parts.filter((part) => part.poseIndex !== undefined);
    const robot = moving.filter((part) => part.role === 'robot');
    this.#partIndexes = (robot.length > 0 ? robot : moving).map((part) => part.poseIndex ?? 0);
    this.clear();
  }

  /** Forgets all trails. */
  clear(): void {
    this.#pens = [];
    this.#nextStretch = 0;
    this.#nextTrail = 0;
    this.#geometry.setDrawRange(0, 0);
  }

  /** Half a pixel at a distance of 1 m, metres: no trail gets thinner than about a pixel. */
  setHalfPixel(halfPixel: number): void {
    this.#uniform('halfPixel').value = halfPixel;
  }

  /** Writes the colours of a theme. */
  setPalette(palette: Palette): void {
    const data = this.#palette.image.data as Uint8Array;
    COLOR_BY.forEach((by, row) => {
      for (let column = 0; column < PALETTE_SIZE; column++) {
        data.set([...palette.color(by, column - 1), 255], 4 * (row * PALETTE_SIZE + column));
      }
    });
    this.#palette.needsUpdate = true;
  }

  /** Applies what the person has chosen to see. */
  apply(settings: Settings): void {
    this.#uniform('colorBy').value = COLOR_BY.indexOf(settings.colorBy);
    const isolation = isolationOf(settings);
    this.#picked = isolation?.by === 'rollout' ? isolation.category : -1;
    if (isolation === null) this.#uniform('isolation').value = [-1, 0];
    else if (isolation.by === 'rollout') this.#uniform('isolation').value = [BY_ROLLOUT, 1];
    else this.#uniform('isolation').value = [COLOR_BY.indexOf(isolation.by), isolation.category + 1];
    this.#markPicked();
    this.mesh.visible = settings.trails !== 'off';
    if (settings.trails === this.#shown) return;
    this.#shown = settings.trails;
    for (const pen of this.#pens) this.#fade(pen);
  }

  /** Draws the newest step of every rollout. */
  push(frame: Frame): void {
    const parts = this.#partIndexes;
    // another number of rollouts, or time that starts again: another loop, whose episodes count from their own start
    if (frame.rollouts !== this.#rollouts || frame.timeSeconds < this.#timeSeconds) this.clear();
    this.#rollouts = frame.rollouts;
    this.#timeSeconds = frame.timeSeconds;
    this.#slots = frame.rollouts * parts.length;
    const firstStretch = this.#nextStretch;
    for (let rollout = 0; rollout < frame.rollouts; rollout++) {
      parts.forEach((part, p) => {
        const at = 3 * (rollout * frame.movingParts + part);
        const slot = rollout * parts.length + p;
        this.#draw(frame, rollout, slot, frame.poses[at] ?? 0, frame.poses[at + 1] ?? 0);
      });
    }
    this.#upload(firstStretch);
    this.#markPicked();
  }

  /** Marks the trails of the isolated rollout, and of the same episode with other policies; no earlier ones. */
  #markPicked(): void {
    const properties = this.#properties.image.data as Uint8Array;
    const parts = this.#partIndexes.length;
    this.#pens.forEach((pen, slot) => {
      const rollout = Math.floor(slot / parts);
      const isPicked =
        this.#picked >= 0 && isSameEpisode(rollout, this.#picked, this.#rollouts, this.#policies);
      properties[4 * pen.trail + 2] = isPicked ? 255 : 0;
      for (const trail of pen.earlier) properties[4 * trail + 2] = 0;
    });
    this.#properties.needsUpdate = true;
  }

  #draw(frame: Frame, rollout: number, slot: number, x: number, y: number): void {
    const episode = frame.episode[rollout] ?? 0;
    const step = frame.step[rollout] ?? 0;
    let pen = this.#pens[slot];
    if (pen === undefined || pen.episode !== episode) {
      pen = this.#begin(pen, episode, step, x, y);
      this.#pens[slot] = pen;
    }
    if (step - pen.step > LONGEST_GAP_STEPS) this.#lift(pen, x, y);
    pen.step = step;
    const component = frame.component[rollout] ?? -1;
    const { points } = pen;
    if (!pen.finished && Math.hypot(x - at(points, 4), y - at(points, 5)) >= MIN_STEP) {
      this.#stretch(pen, x, y);
      points.copyWithin(0, 2);
      points[4] = x;
      points[5] = y;
      pen.component = component;
    }
    const status = frame.status[rollout] ?? ROLLOUT_STATUS.running;
    if (status !== ROLLOUT_STATUS.running && !pen.finished) {
      // the last stretch has no successor to wait for
      this.#stretch(pen, at(points, 4), at(points, 5));
      pen.finished = true;
    }
    const properties = this.#properties.image.data as Uint8Array;
    properties[4 * pen.trail] = Math.min(255, (frame.mode[rollout] ?? -1) + 1);
    properties[4 * pen.trail + 1] = status + 1;
  }

  /** Starts a trail; the ones before it in the same slot fade. */
  #begin(before: Pen | undefined, episode: number, step: number, x: number, y: number): Pen {
    const trail = this.#nextTrail;
    this.#nextTrail = (trail + 1) % TRAILS;
    const earlier = before === undefined ? [] : [before.trail, ...before.earlier];
    const pen: Pen = {
      episode,
      trail,
      points: Float32Array.of(x, y, x, y, x, y),
      step,
      component: -1,
      finished: false,
      earlier,
    };
    this.#fade(pen);
    return pen;
  }

  /** Ends the line at the last point known, and goes on at another. */
  #lift(pen: Pen, x: number, y: number): void {
    const { points } = pen;
    if (!pen.finished) this.#stretch(pen, at(points, 4), at(points, 5));
    points.set([x, y, x, y, x, y]);
  }

  /** Sets the opacities of the trails of a slot: the older, the fainter. */
  #fade(pen: Pen): void {
    const wanted = Math.round(WANTED_TRAILS / Math.max(1, this.#slots));
    const kept = Math.min(MOST_EARLIER_TRAILS, Math.max(1, wanted));
    for (const gone of pen.earlier.splice(kept)) this.#setOpacity(gone, 0);
    this.#setOpacity(pen.trail, 0.92);
    pen.earlier.forEach((trail, rank) => {
      this.#setOpacity(trail, this.#shown === 'recent' ? 0.6 * (1 - rank / kept) : 0);
    });
    this.#properties.needsUpdate = true;
  }

  #setOpacity(trail: number, opacity: number): void {
    (this.#properties.image.data as Uint8Array)[4 * trail + 3] = Math.round(255 * opacity);
  }

  /** Appends the stretch between the last two points, now that the point (x, y) behind it is known. */
  #stretch(pen: Pen, x: number, y: number): void {
    const { points } = pen;
    if (at(points, 2) === at(points, 4) && at(points, 3) === at(points, 5)) return;
    const target = (this.#nextStretch % CAPACITY) * STRIDE;
    const array = this.#buffer.array as Float32Array;
    array.set(points, target);
    array[target + 6] = x;
    array[target + 7] = y;
    array[target + 8] = pen.trail;
    array[target + 9] = pen.component;
    for (let corner = 1; corner < 4; corner++) {
      array.copyWithin(target + corner * CORNER, target, target + CORNER);
    }
    this.#nextStretch++;
  }

  /** Sends the stretches from `first` on to the GPU: one range, or two where the ring begins anew. */
  #upload(first: number): void {
    const count = Math.min(this.#nextStretch - first, CAPACITY);
    if (count === 0) return;
    const begin = first % CAPACITY;
    const untilEnd = Math.min(count, CAPACITY - begin);
    this.#buffer.addUpdateRange(begin * STRIDE, untilEnd * STRIDE);
    if (count > untilEnd) this.#buffer.addUpdateRange(0, (count - untilEnd) * STRIDE);
    this.#buffer.needsUpdate = true;
    this.#geometry.setDrawRange(0, 6 * Math.min(this.#nextStretch, CAPACITY));
  }

  #uniform(name: string): three.IUniform {
    const uniform = this.#material.uniforms[name];
    if (uniform === undefined) throw new Error(`the trail shader has no uniform ${name}`);
    return uniform;
  }
}

function at(points: Float32Array, index: number): number {
  return points[index] ?? 0;
}

function dataTexture(width: number, height: number, colorSpace: three.ColorSpace): three.DataTexture {
  const texture = new three.DataTexture(new Uint8Array(4 * width * height), width, height, three.RGBAFormat);
  texture.colorSpace = colorSpace;
  texture.magFilter = three.NearestFilter;
  texture.minFilter = three.NearestFilter;
  texture.generateMipmaps = false;
  texture.needsUpdate = true;
  return texture;
}
