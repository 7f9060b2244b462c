import * as three from 'three';
import type { GateGrid, TrainingIteration } from '../../src/stream/training-wire.ts';
import type { Palette } from './palette.ts';
import { isolationOf, type Settings } from './settings.ts';
import { readBytes, readWords } from './training-numbers.ts';

/** Height over the table, metres: below the demonstrations. */
const LIFT = 0.0012;
/** Opacity of a cell where the expert is certain; less where it is not. */
const OPACITY = 0.55;
const FADED = 0.12;

/** The gate map: a coloured grid on the table. */
export class TrainingMap {
  readonly mesh = new three.Mesh(
    new three.PlaneGeometry(1, 1),
    new three.MeshBasicMaterial({ transparent: true, depthWrite: false }),
  );
  #texture: three.DataTexture | null = null;

  constructor() {
    this.mesh.renderOrder = 2;
    this.mesh.visible = false;
  }

  /** Draws the map of an iteration; nothing where it has none. */
  paint(
    iteration: TrainingIteration | null,
    grid: GateGrid | null,
    { settings, palette }: { readonly settings: Settings; readonly palette: Palette },
  ): void {
    const map = iteration?.map ?? null;
    this.mesh.visible = map !== null && grid !== null;
    if (map === null || grid === null || iteration === null) return;
    const { bounds, columns, rows } = grid;
    const pixels = this.#pixels(columns, rows);
    const experts = readWords(map.experts);
    const shares = readBytes(map.shares);
    const isolation = isolationOf(settings);
    const least = 1 / iteration.names.length;
    for (let cell = 0; cell < columns * rows; cell++) {
      const share = (shares[cell] ?? 0) / 255;
      const name = iteration.names[experts[cell] ?? -1] ?? -1;
      const certainty = Math.max(0, (share - least) / Math.max(1e-6, 1 - least));
      const picked = isolation === null || isolation.by !== 'expert' || isolation.category === name;
      const alpha = share === 0 ? 0 : (picked ? OPACITY : FADED * OPACITY) * (0.35 + 0.65 * certainty);
      pixels.set([...palette.color('expert', name), Math.round(255 * alpha)], 4 * cell);
    }
    if (this.#texture !== null) this.#texture.needsUpdate = true;
    const [minX, minY, maxX, maxY] = bounds;
    this.mesh.scale.set(maxX - minX, maxY - minY, 1);
    this.mesh.position.set((minX + maxX) / 2, (minY + maxY) / 2, LIFT);
  }

  /** The pixels of a texture of a size. */
  #pixels(columns: number, rows: number): Uint8Array {
    const { image } = this.#texture ?? {};
    if (this.#texture !== null && image?.width === columns && image.height === rows) {
      return image.data as Uint8Array;
    }
    this.#texture?.dispose();
    const pixels = new Uint8Array(4 * columns * rows);
    this.#texture = new three.DataTexture(pixels, columns, rows);
    this.#texture.colorSpace = three.SRGBColorSpace;
    this.#texture.magFilter = three.NearestFilter;
    this.mesh.material.map = this.#texture;
    this.mesh.material.needsUpdate = true;
    return pixels;
  }
}
