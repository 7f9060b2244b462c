import * as three from 'three';
import type { TrainingDemonstrationsMessage, TrainingIteration } from '../../src/stream/training-wire.ts';
import type { Palette } from './palette.ts';
import { isolationOf, type Settings } from './settings.ts';
import { readBytes, readFloats, readWords } from './training-numbers.ts';

/** Width of a path on the table, metres. */
const WIDTH = 0.003;
/** Paths lie this far above the table, metres: above its painted marks and the gate map. */
const LIFT = 0.002;
/** Opacity of the lightest and of the greatest weight in a curriculum, and where there are no weights. */
const LIGHTEST = 0.1;
const GREATEST = 0.95;
const UNWEIGHTED = 0.7;
/** What is left of the opacity of paths that are not picked out. */
const FADED = 0.06;

/** What a path is coloured by: its expert or its mode, and how strongly. */
interface PathLook {
  readonly mode: number;
  /** Name of the component that claims it; -1 for none. */
  readonly expert: number;
  /** 0 to 255; null where there are no curricula. */
  readonly weight: number | null;
}

/** The demonstrations as ribbons on the table. */
export class TrainingPaths {
  readonly mesh = new three.Mesh(
    new three.BufferGeometry(),
    new three.MeshBasicMaterial({
      vertexColors: true,
      transparent: true,
      depthWrite: false,
      side: three.DoubleSide,
    }),
  );
  #demonstrations: TrainingDemonstrationsMessage | null = null;

  constructor() {
    this.mesh.renderOrder = 3;
    // its bounds are those of the table; nothing is won by computing them
    this.mesh.frustumCulled = false;
  }

  /** Takes over what is learned from. */
  setDemonstrations(demonstrations: TrainingDemonstrationsMessage): void {
    this.#demonstrations = demonstrations;
    const { pathStarts, points } = demonstrations;
    const places = readFloats(points);
    const count = places.length / 2;
    const positions = new Float32Array(6 * count);
    const corners: number[] = [];
    for (let path = 0; path + 1 < pathStarts.length; path++) {
      const [first = 0, end = 0] = [pathStarts[path], pathStarts[path + 1]];
      for (let at = first; at < end; at++) {
        const before = Math.max(first, at - 1);
        const after = Math.min(end - 1, at + 1);
        const dx = (places[2 * after] ?? 0) - (places[2 * before] ?? 0);
        const dy = (places[2 * after + 1] ?? 0) - (places[2 * before + 1] ?? 0);
        const length = Math.hypot(dx, dy) || 1;
        const [sideX, sideY] = [(-dy / length) * (WIDTH / 2), (dx / length) * (WIDTH / 2)];
        const [x, y] = [places[2 * at] ?? 0, places[2 * at + 1] ?? 0];
        positions.set([x + sideX, y + sideY, LIFT, x - sideX, y - sideY, LIFT], 6 * at);
        if (at + 1 < end) corners.push(2 * at, 2 * at + 1, 2 * at + 2, 2 * at + 2, 2 * at + 1, 2 * at + 3);
      }
    }
    const { geometry } = this.mesh;
    geometry.dispose();
    this.mesh.geometry = new three.BufferGeometry()
      .setAttribute('position', new three.BufferAttribute(positions, 3))
      .setAttribute('color', new three.BufferAttribute(new Float32Array(8 * count), 4))
      .setIndex(corners);
  }

  /** Colours all paths. @param iteration - null for methods without curricula. */
  paint(iteration: TrainingIteration | null, settings: Settings, palette: Palette): void {
    const demonstrations = this.#demonstrations;
    const colors = this.mesh.geometry.getAttribute('color');
    if (demonstrations === null || colors === undefined) return;
    const isolation = isolationOf(settings);
    const by = iteration !== null && settings.colorBy === 'expert' ? 'expert' : 'mode';
    const paint = new three.Color();
    looksOf(demonstrations, iteration).forEach((look, path) => {
      const [r, g, b] = palette.color(by, look[by]);
      // as the material expects them
      paint.setRGB(r / 255, g / 255, b / 255, three.SRGBColorSpace);
      const picked =
        isolation === null ||
        (isolation.by !== 'mode' && isolation.by !== 'expert') ||
        look[isolation.by] === isolation.category;
      const opacity =
        look.weight === null ? UNWEIGHTED : LIGHTEST + (GREATEST - LIGHTEST) * (look.weight / 255);
      const alpha = picked ? opacity : FADED * opacity;
      const [first = 0, end = 0] = [demonstrations.pathStarts[path], demonstrations.pathStarts[path + 1]];
      for (let corner = 2 * first; corner < 2 * end; corner++) {
        colors.setXYZW(corner, paint.r, paint.g, paint.b, alpha);
      }
    });
    colors.needsUpdate = true;
  }
}

function looksOf(
  { modes }: TrainingDemonstrationsMessage,
  iteration: TrainingIteration | null,
): readonly PathLook[] {
  if (iteration === null) return modes.map((mode) => ({ mode, expert: -1, weight: null }));
  const claims = readWords(iteration.claims);
  const weights = readBytes(iteration.weights);
  return modes.map((mode, i) => ({
    mode,
    expert: iteration.names[claims[i] ?? -1] ?? -1,
    weight: weights[i] ?? 0,
  }));
}
