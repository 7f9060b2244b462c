import { initWasm, Resvg } from '@resvg/resvg-wasm';
import type { RgbFrame } from '../gym/env.ts';

let loading: Promise<void> | null = null;

async function load(): Promise<void> {
  // imported here, so that a bundle for the browser that never draws pixels can be built
  const [{ readFile }, { createRequire }] = await Promise.all([
    import('node:fs/promises'),
    import('node:module'),
  ]);
  await initWasm(await readFile(createRequire(import.meta.url).resolve('@resvg/resvg-wasm/index_bg.wasm')));
}

/** Loads the rasteriser (WebAssembly; no display, no native code); once for the whole thread. */
export function loadRasterizer(): Promise<void> {
  loading ??= load();
  return loading;
}

/**
 * Draws an SVG picture into pixels; what is transparent in it becomes white.
 *
 * @returns rows from top to bottom, of the size that the picture states.
 * @throws Error when the text is no SVG or `loadRasterizer` has not been awaited.
 */
export function rasterize(svg: string): RgbFrame {
  const picture = new Resvg(svg, { background: '#ffffff', font: { loadSystemFonts: false } });
  try {
    const image = picture.render();
    try {
      const { height, pixels, width } = image;
      const data = new Uint8Array(width * height * 3);
      for (let from = 0, to = 0; from < pixels.length; from += 4, to += 3) {
        data[to] = pixels[from] as number;
        data[to + 1] = pixels[from + 1] as number;
        data[to + 2] = pixels[from + 2] as number;
      }
      return { shape: [height, width, 3], data };
    } finally {
      image.free();
    }
  } finally {
    picture.free();
  }
}
