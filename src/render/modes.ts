/** The render modes of every environment that has a scene, for its `metadata`. */
export const sceneRenderModes = ['rgb_array', 'svg'] as const;
