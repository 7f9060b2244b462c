import * as three from 'three';
import { RoundedBoxGeometry } from 'three/addons/geometries/RoundedBoxGeometry.js';
import type { PartRole, Scene, ScenePart } from '../../src/stream/wire.ts';
import type { Page, View } from './page.ts';
import type { Theme } from './settings.ts';
import { partGeometry } from './shapes.ts';

/** How far the table goes on around the visible area, metres. */
const MARGIN = 0.05;
/** Rounded rim around the scene's own table, metres. */
const RIM = 0.015;
const THICKNESS = 0.03;
/** Distance of the grid lines, metres. */
const GRID = 0.1;

interface Look {
  readonly color: number;
  readonly roughness: number;
  readonly metalness?: number;
  readonly opacity?: number;
}

const looks: Readonly<Record<Theme, Readonly<Record<PartRole, Look>>>> = {
  light: {
    table: { color: 0xf6f5f2, roughness: 0.85 },
    robot: { color: 0x8f99a8, roughness: 0.35 },
    obstacle: { color: 0x5d6878, roughness: 0.42 },
    object: { color: 0xd8a24a, roughness: 0.5 },
    target: { color: 0x57b98d, roughness: 0.9, opacity: 0.45 },
    finish: { color: 0x2fa875, roughness: 0.9 },
  },
  dark: {
    table: { color: 0x2a2f38, roughness: 0.85 },
    robot: { color: 0xa7b2c2, roughness: 0.35 },
    obstacle: { color: 0x8793a6, roughness: 0.42 },
    object: { color: 0xdcab5c, roughness: 0.5 },
    target: { color: 0x4fae85, roughness: 0.9, opacity: 0.45 },
    finish: { color: 0x37b883, roughness: 0.9 },
  },
};

const gridColors: Readonly<Record<Theme, number>> = { light: 0xd9dade, dark: 0x39404c };

/** Makes the material of a part; a colour of its own goes before that of its role. */
export function partMaterial(
  part: Pick<ScenePart, 'role' | 'color'>,
  theme: Theme,
): three.MeshStandardMaterial {
  const look = looks[theme][part.role];
  const opacity = look.opacity ?? 1;
  return new three.MeshStandardMaterial({
    color: part.color === undefined ? look.color : new three.Color(part.color),
    roughness: look.roughness,
    metalness: look.metalness ?? 0,
    transparent: opacity < 1,
    opacity,
  });
}

/** The table with everything fixed on it. */
export class Table implements View {
  #group: three.Group | null = null;

  attach({ camera, feed, palette, settings, stage }: Page): void {
    feed.scene.subscribe((message) => {
      if (message === null) return;
      stage.lightUp(message.scene.bounds);
      camera.frame(message.scene.bounds, message.policies?.length ?? 1);
    });
    palette.subscribe(() => {
      const { theme } = settings.current;
      stage.applyTheme(settings.current);
      if (this.#group !== null) {
        stage.scene.remove(this.#group);
        disposeGroup(this.#group);
        this.#group = null;
      }
      const message = feed.scene.value ?? null;
      if (message === null) return;
      this.#group = buildTable(message.scene, theme);
      stage.scene.add(this.#group);
    });
  }
}

/** Builds the table and all fixed parts of a scene. */
export function buildTable(scene: Scene, theme: Theme): three.Group {
  const group = new three.Group();
  const slabs = scene.parts.filter(({ role }) => role === 'table');
  for (const own of slabs.length > 0 ? slabs : [null]) group.add(tableTop(scene, own, theme));
  for (const part of scene.parts) {
    if (part.poseIndex !== undefined || part.role === 'table') continue;
    const mesh = new three.Mesh(partGeometry(part), partMaterial(part, theme));
    const [x, y, angleRad] = part.poseInWorld;
    mesh.position.set(x, y, 0);
    mesh.rotation.z = angleRad;
    mesh.castShadow = part.height > 0;
    mesh.receiveShadow = true;
    mesh.name = part.name;
    group.add(mesh);
  }
  return group;
}

/** Frees what a group built here holds on the GPU. */
export function disposeGroup(group: three.Object3D): void {
  group.traverse((child) => {
    if (!(child instanceof three.Mesh)) return;
    child.geometry.dispose();
    (child.material as three.Material).dispose();
  });
}

/** Makes the slab: as great as a table of the scene, or else as its visible area with a margin. */
function tableTop(scene: Scene, own: ScenePart | null, theme: Theme): three.Mesh {
  const [minX, minY, maxX, maxY] = scene.bounds;
  let [x, y, angleRad] = [(minX + maxX) / 2, (minY + maxY) / 2, 0];
  let [width, depth] = [maxX - minX + 2 * MARGIN, maxY - minY + 2 * MARGIN];
  if (own?.shape.kind === 'box') {
    [x, y, angleRad] = own.poseInWorld;
    [width, depth] = [2 * (own.shape.halfWidth + RIM), 2 * (own.shape.halfDepth + RIM)];
  }
  const material = partMaterial(own ?? { role: 'table' }, theme);
  paintGrid(material, gridColors[theme]);
  const mesh = new three.Mesh(new RoundedBoxGeometry(width, depth, THICKNESS, 4, 0.012), material);
  mesh.position.set(x, y, -THICKNESS / 2);
  mesh.rotation.z = angleRad;
  mesh.receiveShadow = true;
  mesh.name = 'table';
  return mesh;
}

/** Adds grid lines in the world frame to a material: one pixel wide at every distance. */
function paintGrid(material: three.MeshStandardMaterial, color: number): void {
  material.onBeforeCompile = (shader) => {
    shader.uniforms.gridColor = { value: new three.Color(color) };
    shader.vertexShader = shader.vertexShader
      .replace('#include <common>', '#include <common>\nvarying vec3 gridPosition;')
      .replace(
        '#include <begin_vertex>',
        '#include <begin_vertex>\ngridPosition = (modelMatrix * vec4(position, 1.0)).xyz;',
      );
    shader.fragmentShader = shader.fragmentShader
      .replace('#include <common>', '#include <common>\nvarying vec3 gridPosition;\nuniform vec3 gridColor;')
      .replace(
        '#include <color_fragment>',
        `#include <color_fragment>
        vec2 cell = gridPosition.xy / ${GRID.toFixed(3)};
        vec2 line = abs(fract(cell - 0.5) - 0.5) / max(fwidth(cell), vec2(1e-6));
        float onLine = 1.0 - min(min(line.x, line.y), 1.0);
        diffuseColor.rgb = mix(diffuseColor.rgb, gridColor, onLine * step(-0.00001, gridPosition.z));`,
      );
  };
}
