import * as three from 'three';
import type { Settings, Theme } from './settings.ts';

/** Light and surroundings of one theme. */
interface Mood {
  readonly background: number;
  readonly sky: number;
  readonly ground: number;
  readonly ambient: number;
  readonly key: number;
}

const moods: Readonly<Record<Theme, Mood>> = {
  light: { background: 0xe9ecf0, sky: 0xffffff, ground: 0xdfe2e7, ambient: 1.5, key: 1.75 },
  dark: { background: 0x12151a, sky: 0xc6d2e6, ground: 0x4a5261, ambient: 1.6, key: 1.5 },
};

/** Edge of the shadow map, texels. */
const SHADOW_MAP_SIZE = 2048;

/** The renderer, the lights, and a loop that draws only when something has changed. */
export class Stage {
  readonly scene = new three.Scene();
  readonly camera = new three.PerspectiveCamera(34, 1, 0.02, 20);
  readonly renderer: three.WebGLRenderer;
  readonly #key = new three.DirectionalLight(0xffffff, 1);
  readonly #hemisphere = new three.HemisphereLight(0xffffff, 0xffffff, 1);
  readonly #beforeDraw: ((milliseconds: number) => boolean)[] = [];
  readonly #afterResize: ((width: number, height: number) => void)[] = [];
  #requested = false;
  #drawn = 0;

  constructor(canvas: HTMLCanvasElement) {
    this.renderer = new three.WebGLRenderer({ canvas, antialias: true, powerPreference: 'high-performance' });
    this.renderer.shadowMap.enabled = true;
    this.renderer.shadowMap.type = three.PCFShadowMap;
    this.camera.up.set(0, 0, 1);
    this.scene.add(this.#hemisphere, this.#key, this.#key.target);
    this.#key.castShadow = true;
    this.#key.shadow.mapSize.set(SHADOW_MAP_SIZE, SHADOW_MAP_SIZE);
    this.#key.shadow.radius = 5;
    this.#key.shadow.intensity = 0.8;
    this.#key.shadow.bias = -0.0004;
    this.#key.shadow.normalBias = 0.004;
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#resize();
  }

  /** Pictures drawn so far. */
  get drawn(): number {
    return this.#drawn;
  }

  /** Calls back before every picture; the callback returns true while it has more to animate. */
  onBeforeDraw(callback: (milliseconds: number) => boolean): void {
    this.#beforeDraw.push(callback);
  }

  /** Calls back when the size of the picture has changed, and once now; in CSS pixels. */
  onResize(callback: (width: number, height: number) => void): void {
    this.#afterResize.push(callback);
    callback(this.renderer.domElement.clientWidth, this.renderer.domElement.clientHeight);
  }

  /** Finds the place on the table under a pointer; null above the horizon. */
  placeAt(clientX: number, clientY: number): readonly [number, number] | null {
    const { camera, renderer } = this;
    const { height, left, top, width } = renderer.domElement.getBoundingClientRect();
    const x = (2 * (clientX - left)) / width - 1;
    const y = 1 - (2 * (clientY - top)) / height;
    camera.updateMatrixWorld();
    const ray = new three.Raycaster();
    ray.setFromCamera(new three.Vector2(x, y), camera);
    const hit = ray.ray.intersectPlane(new three.Plane(new three.Vector3(0, 0, 1), 0), new three.Vector3());
    return hit === null || Math.hypot(hit.x, hit.y) > 20 ? null : [hit.x, hit.y];
  }

  /** Asks for a picture; many calls make one. */
  invalidate(): void {
    if (this.#requested) return;
    this.#requested = true;
    requestAnimationFrame((milliseconds) => this.#frame(milliseconds));
  }

  /**
   * Draws a picture of everything as it stands, in the middle whatever panels there are, and hands it to `use`: it is gone
   * once the browser has shown it. The next picture is as before.
   */
  drawFor(use: (canvas: HTMLCanvasElement) => void): void {
    const { camera, renderer } = this;
    const { view } = camera;
    if (view === null) this.#draw();
    else {
      const { fullHeight, fullWidth, height, offsetX, offsetY, width } = view;
      camera.clearViewOffset();
      this.#draw();
      camera.setViewOffset(fullWidth, fullHeight, offsetX, offsetY, width, height);
    }
    use(renderer.domElement);
    this.invalidate();
  }

  #draw(): void {
    this.renderer.render(this.scene, this.camera);
  }

  /** Aims the lights at the table, so that its shadows use the whole map. */
  lightUp(bounds: readonly [number, number, number, number]): void {
    const [minX, minY, maxX, maxY] = bounds;
    const centerX = (minX + maxX) / 2;
    const centerY = (minY + maxY) / 2;
    const reach = 0.62 * Math.hypot(maxX - minX, maxY - minY);
    this.#key.position.set(centerX - 0.8 * reach, centerY - 0.75 * reach, 1.7 * reach);
    this.#key.target.position.set(centerX, centerY, 0);
    const view = this.#key.shadow.camera;
    view.left = -reach;
    view.right = reach;
    view.top = reach;
    view.bottom = -reach;
    view.near = 0.05;
    view.far = 5 * reach;
    view.updateProjectionMatrix();
    this.invalidate();
  }

  /** Sets the mood of a theme. */
  applyTheme({ theme }: Settings): void {
    const mood = moods[theme];
    this.scene.background = new three.Color(mood.background);
    this.#hemisphere.color.setHex(mood.sky);
    this.#hemisphere.groundColor.setHex(mood.ground);
    this.#hemisphere.intensity = mood.ambient;
    this.#key.intensity = mood.key;
    this.invalidate();
  }

  #frame(milliseconds: number): void {
    this.#requested = false;
    let more = false;
    for (const callback of this.#beforeDraw) more = callback(milliseconds) || more;
    this.#draw();
    this.#drawn++;
    if (more) this.invalidate();
  }

  #resize(): void {
    const { clientWidth, clientHeight } = this.renderer.domElement;
    if (clientWidth === 0 || clientHeight === 0) return;
    this.renderer.setPixelRatio(Math.min(window.devicePixelRatio, 2));
    this.renderer.setSize(clientWidth, clientHeight, false);
    for (const callback of this.#afterResize) callback(clientWidth, clientHeight);
    this.invalidate();
  }
}
