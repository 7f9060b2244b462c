import type { PartRole, Scene, ScenePart, Shape } from '../physics/scene.ts';

/** Fill and outline of a part that has no colour of its own. */
const paints: Readonly<Record<PartRole, { readonly fill: string; readonly stroke: string }>> = {
  table: { fill: '#f4f1ea', stroke: '#d8d2c4' },
  finish: { fill: '#2e9e5b', stroke: 'none' },
  target: { fill: '#bfe3c9', stroke: '#2e9e5b' },
  obstacle: { fill: '#b0433a', stroke: '#7d2c25' },
  object: { fill: '#3d78b8', stroke: '#27527f' },
  robot: { fill: '#2b2f36', stroke: '#12151a' },
};

/** Length of the longer side of a picture unless told otherwise, pixels. */
const LONGER_SIDE = 600;
/** Width of the outlines, metres. */
const OUTLINE = 0.002;

/** Writes a number with a tenth of a millimetre or of a thousandth of a degree, without an exponent or a minus zero. */
function short(value: number): string {
  return String(Number(value.toFixed(5)) + 0);
}

function outlineOf(shape: Shape): string {
  switch (shape.kind) {
    case 'disc':
      return `<circle r="${short(shape.radius)}"`;
    case 'box': {
      const { halfDepth, halfWidth } = shape;
      const corner = `x="${short(-halfWidth)}" y="${short(-halfDepth)}"`;
      return `<rect ${corner} width="${short(2 * halfWidth)}" height="${short(2 * halfDepth)}"`;
    }
    case 'polygon':
      return `<polygon points="${shape.points.map(([x, y]) => `${short(x)},${short(y)}`).join(' ')}"`;
    default:
      return shape satisfies never;
  }
}

function escapeText(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
  return text.replace(/[&<>]/g, (character) => entities[character] as string);
}

function drawPart(part: ScenePart, poses: ArrayLike<number>): string {
  const at = part.poseIndex === undefined ? null : 3 * part.poseIndex;
  const [x, y, angleRad] =
    at === null ? part.poseInWorld : [poses[at] as number, poses[at + 1] as number, poses[at + 2] as number];
  const { fill, stroke } = paints[part.role];
  const paint = `fill="${part.color ?? fill}" stroke="${stroke}" stroke-width="${short(OUTLINE)}"`;
  const turn = angleRad === 0 ? '' : ` rotate(${short((angleRad * 180) / Math.PI)})`;
  const place = `transform="translate(${short(x)} ${short(y)})${turn}"`;
  return `${outlineOf(part.shape)} ${place} ${paint}><title>${escapeText(part.name)}</title></${tagOf(part.shape)}>`;
}

function tagOf(shape: Shape): string {
  return { disc: 'circle', box: 'rect', polygon: 'polygon' }[shape.kind];
}

/**
 * Draws a scene from above as SVG: x to the right, y upwards. Lower parts are drawn first.
 *
 * @param poses - poses of the moving parts in the world frame, shape [M, 3] as x, y, angleRad; metres.
 * @param options - `longerSide` is the length of the picture's longer side, pixels.
 */
export function sceneToSvg(
  scene: Scene,
  poses: ArrayLike<number>,
  options: { readonly longerSide?: number } = {},
): string {
  const [minX, minY, maxX, maxY] = scene.bounds;
  const scale = (options.longerSide ?? LONGER_SIDE) / Math.max(maxX - minX, maxY - minY);
  const width = Math.round((maxX - minX) * scale);
  const height = Math.round((maxY - minY) * scale);
  const pixelFromWorld = `matrix(${[scale, 0, 0, -scale, -minX * scale, maxY * scale].map(short).join(' ')})`;
  const parts = [...scene.parts].sort((a, b) => a.height - b.height);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<g transform="${pixelFromWorld}">`,
    ...parts.map((part) => drawPart(part, poses)),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}
