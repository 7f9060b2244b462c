import type { RendererFactory } from '../src/gym/registry.ts';

/** Draws any task from its scene; what that takes is loaded when an environment is made to be drawn. */
export const sceneRenderer: RendererFactory = async (env, renderMode) =>
  (await import('../src/render/scene-renderer.ts')).openSceneRenderer(env, renderMode);
