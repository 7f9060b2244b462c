import type { Page } from 'playwright-core';

/** Part of a picture: x, y, width, height in pixels. */
export type Area = readonly [number, number, number, number];

/** The pixels of a screenshot, to be asked about. */
export class Picture {
  readonly #width: number;
  readonly #pixels: Uint8Array;

  constructor(width: number, pixels: Uint8Array) {
    this.#width = width;
    this.#pixels = pixels;
  }

  /** Counts the pixels that look different in another picture. */
  differingFrom(other: Picture, area: Area): number {
    let count = 0;
    this.#each(area, (r, g, b, at) => {
      const [or, og, ob] = other.#pixels.subarray(at, at + 3);
      const difference = Math.abs(r - (or ?? 0)) + Math.abs(g - (og ?? 0)) + Math.abs(b - (ob ?? 0));
      if (difference > 48) count++;
    });
    return count;
  }

  /** Counts the pixels with a strong colour. */
  colourful(area: Area): number {
    let count = 0;
    this.#each(area, (r, g, b) => {
      if (Math.max(r, g, b) - Math.min(r, g, b) > 70) count++;
    });
    return count;
  }

  /** The middle of the pixels with a strong colour that another picture has not, in pixels of the picture. */
  colourfulCenter(area: Area, unlike: Picture): { readonly x: number; readonly y: number } {
    const strong = (r: number, g: number, b: number) => Math.max(r, g, b) - Math.min(r, g, b) > 70;
    let [x, y, count] = [0, 0, 0];
    this.#each(area, (r, g, b, at) => {
      const [or, og, ob] = unlike.#pixels.subarray(at, at + 3);
      if (!strong(r, g, b) || strong(or ?? 0, og ?? 0, ob ?? 0)) return;
      x += (at / 4) % this.#width;
      y += Math.floor(at / 4 / this.#width);
      count++;
    });
    return { x: x / count, y: y / count };
  }

  /** Counts the twelfths of the hue circle that at least 60 strongly coloured pixels fall into. */
  hues(area: Area): number {
    const counts = new Array<number>(12).fill(0);
    this.#each(area, (r, g, b) => {
      const most = Math.max(r, g, b);
      const span = most - Math.min(r, g, b);
      if (span <= 70) return;
      const sixth = most === r ? (g - b) / span : most === g ? 2 + (b - r) / span : 4 + (r - g) / span;
      counts[Math.floor(2 * sixth + 12) % 12]!++;
    });
    return counts.filter((count) => count >= 60).length;
  }

  /** Mean brightness, 0 to 255. */
  brightness(area: Area): number {
    let sum = 0;
    this.#each(area, (r, g, b) => {
      sum += (r + g + b) / 3;
    });
    return sum / (area[2] * area[3]);
  }

  #each([x, y, width, height]: Area, visit: (r: number, g: number, b: number, at: number) => void): void {
    for (let row = y; row < y + height; row++) {
      for (let column = x; column < x + width; column++) {
        const at = 4 * (row * this.#width + column);
        const [r, g, b] = this.#pixels.subarray(at, at + 3);
        visit(r ?? 0, g ?? 0, b ?? 0, at);
      }
    }
  }
}

/** Reads a PNG with a browser: in an empty page, so that the tested one is left alone. */
export async function readPicture(emptyPage: Page, png: Buffer): Promise<Picture> {
  const { width, pixels } = await emptyPage.evaluate(async (base64) => {
    const blob = await (await fetch(`data:image/png;base64,${base64}`)).blob();
    const bitmap = await createImageBitmap(blob);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    let text = '';
    for (let i = 0; i < data.length; i += 8192) text += String.fromCharCode(...data.subarray(i, i + 8192));
    return { width: bitmap.width, pixels: btoa(text) };
  }, png.toString('base64'));
  return new Picture(width, Buffer.from(pixels, 'base64'));
}
