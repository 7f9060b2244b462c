import { ModewiseError } from '../errors.ts';
import type { Env } from '../gym/env.ts';
import type { Renderer } from '../gym/registry.ts';
import type { Scene } from '../physics/scene.ts';
import { sceneRenderModes } from './modes.ts';
import { sceneToSvg } from './scene-svg.ts';

/** An environment that can be drawn from its scene and the poses of what moves in it. */
export interface SceneEnv extends Env {
  readonly scene: Scene;
  /** Writes the poses of the moving parts in the world frame, shape [M, 3] as x, y, angleRad. */
  poses(target: Float32Array): void;
}

function hasScene(env: Env): env is SceneEnv {
  return 'scene' in env && 'poses' in env && typeof env.poses === 'function';
}

/**
 * Prepares to draw an environment from its scene: as SVG text, or as pixels of the same picture. To be given as
 * `renderer` to `register`.
 *
 * @throws ModewiseError when the environment has no scene or the mode is none of `sceneRenderModes`.
 */
export async function openSceneRenderer(env: Env, renderMode: string): Promise<Renderer> {
  if (!hasScene(env) || !sceneRenderModes.some((mode) => mode === renderMode)) {
    throw new ModewiseError({
      what: `'${env.spec?.id ?? env.constructor.name}' cannot be drawn from a scene`,
      where: 'renderMode',
      found: `'${renderMode}'`,
      expected: `one of ${sceneRenderModes.join(', ')}, and an environment with scene and poses`,
    });
  }
  const draw = () => {
    const { scene } = env;
    const poses = new Float32Array(3 * scene.movingParts);
    env.poses(poses);
    return sceneToSvg(scene, poses);
  };
  if (renderMode === 'svg') return draw;
  const { loadRasterizer, rasterize } = await import('./rasterize.ts');
  await loadRasterizer();
  return () => rasterize(draw());
}
