import type { CameraRig } from './camera.ts';

/** Where a panel lies. */
export type Side = 'top' | 'right' | 'bottom' | 'left';

/** A panel at a side that takes more than this share of the width lies above or below the picture instead. */
const WIDEST_AT_SIDE = 0.6;
/** Room between a panel and the picture, CSS pixels. */
const GAP = 8;

/** Knows which panels cover the picture, and has the table framed in what is left. */
export class Layout {
  readonly #camera: CameraRig;
  readonly #panels: { readonly root: HTMLElement; readonly side: Side }[] = [];
  readonly #observer = new ResizeObserver(() => this.update());

  constructor(camera: CameraRig) {
    this.#camera = camera;
    window.addEventListener('resize', () => this.update());
  }

  /** Counts a panel among those that cover the picture, as long as it is shown. */
  cover(root: HTMLElement, side: Side): void {
    this.#panels.push({ root, side });
    this.#observer.observe(root);
  }

  /** Measures all panels anew. */
  update(): void {
    const { innerHeight, innerWidth } = window;
    const insets = { top: 0, right: 0, bottom: 0, left: 0 };
    for (const { root, side } of this.#panels) {
      const box = root.getBoundingClientRect();
      if (box.width === 0 || box.height === 0) continue;
      const needs = {
        top: box.bottom + GAP,
        right: innerWidth - box.left + GAP,
        bottom: innerHeight - box.top + GAP,
        left: box.right + GAP,
      };
      const across = side === 'left' || side === 'right';
      const place =
        across && box.width > WIDEST_AT_SIDE * innerWidth
          ? box.top + box.bottom < innerHeight
            ? 'top'
            : 'bottom'
          : side;
      insets[place] = Math.max(insets[place], needs[place]);
    }
    this.#camera.setInsets(insets);
  }
}
