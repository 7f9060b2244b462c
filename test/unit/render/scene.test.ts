import { describe, expect, it } from 'vitest';
import '../../../envs/index.ts';
import type { RgbFrame } from '../../../src/gym/env.ts';
import { list, make } from '../../../src/gym/registry.ts';
import type { Scene } from '../../../src/physics/scene.ts';
import { loadRasterizer, rasterize } from '../../../src/render/rasterize.ts';
import { sceneToSvg } from '../../../src/render/scene-svg.ts';

const scene: Scene = {
  bounds: [-1, -1, 1, 1],
  movingParts: 1,
  parts: [
    {
      name: 'a <robot> & more',
      role: 'robot',
      shape: { kind: 'box', halfWidth: 0.4, halfDepth: 0.1 },
      height: 0.1,
      poseInWorld: [0, 0, 0],
      color: '#0000ff',
      poseIndex: 0,
    },
    {
      name: 'mark',
      role: 'target',
      shape: {
        kind: 'polygon',
        points: [
          [-0.2, -0.2],
          [0.2, -0.2],
          [0, 0.2],
        ],
      },
      height: 0,
      poseInWorld: [0.5, 0.5, 0],
      color: '#00ff00',
    },
  ],
};

/** Colour at a point of the world, in a picture of 100 by 100 pixels. */
function colorAt({ data, shape }: RgbFrame, x: number, y: number): number[] {
  const column = Math.round(((x + 1) / 2) * 100);
  const row = Math.round(((1 - y) / 2) * 100);
  const at = (row * shape[1] + column) * 3;
  return Array.from(data.subarray(at, at + 3));
}

describe('a scene', () => {
  it('is drawn where its parts are: x to the right, y upwards, turned counter-clockwise', async () => {
    await loadRasterizer();
    const frame = rasterize(sceneToSvg(scene, [-0.5, 0, Math.PI / 2], { longerSide: 100 }));
    expect(frame.shape).toEqual([100, 100, 3]);
    expect(colorAt(frame, -0.5, 0.3)).toEqual([0, 0, 255]);
    expect(colorAt(frame, -0.2, 0)).toEqual([255, 255, 255]);
    expect(colorAt(frame, 0.5, 0.45)).toEqual([0, 255, 0]);
    expect(colorAt(frame, 0.5, -0.5)).toEqual([255, 255, 255]);
  });

  it('draws tall parts over low ones, and names them without breaking the text', () => {
    const svg = sceneToSvg(scene, [0.5, 0.5, 0]);
    expect(svg.indexOf('mark')).toBeLessThan(svg.indexOf('a &lt;robot&gt; &amp; more'));
  });
});

describe.each(list().map(({ id }) => id))('%s', (id) => {
  it('is drawn in every mode it states, and what moved shows', async () => {
    const svg = await make(id, { renderMode: 'svg' });
    svg.reset({ seed: 0 });
    const before = svg.render?.();
    expect(before).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    for (let i = 0; i < 10; i++) svg.step(svg.actionSpace.sample());
    expect(svg.render?.()).not.toBe(before);
    svg.close();
    const pixels = await make(id, { renderMode: 'rgb_array' });
    pixels.reset({ seed: 0 });
    const frame = pixels.render?.();
    if (typeof frame !== 'object') throw new TypeError('no pixels');
    const { data, shape } = frame;
    expect(data).toHaveLength(shape[0] * shape[1] * 3);
    expect(Math.max(shape[0], shape[1])).toBe(600);
    expect(new Set(data).size).toBeGreaterThan(2);
    pixels.close();
  });
});
