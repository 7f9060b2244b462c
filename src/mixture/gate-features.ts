/**
 * What a gate's network is given of an observation o: `linear`, o itself; `quadratic`, o followed by all products
 * o_i·o_j with i ≤ j, so that one linear layer can hold the log densities of Gaussians.
 */
export const gateFeatureKinds = ['linear', 'quadratic'] as const;

/** One of {@link gateFeatureKinds}. */
export type GateFeatures = (typeof gateFeatureKinds)[number];

/** Counts the features of observations of a size. */
export function gateFeatureCount(kind: GateFeatures, observationSize: number): number {
  return kind === 'linear'
    ? observationSize
    : observationSize + (observationSize * (observationSize + 1)) / 2;
}

/**
 * Computes the features of one observation.
 *
 * @param observation - shape `[Do]`; returned itself where the features are linear.
 */
export function gateFeatures(kind: GateFeatures, observation: Float32Array): Float32Array {
  if (kind === 'linear') return observation;
  const size = observation.length;
  const features = new Float32Array(gateFeatureCount(kind, size));
  features.set(observation);
  let at = size;
  for (let i = 0; i < size; i++) {
    for (let j = i; j < size; j++) features[at++] = (observation[i] as number) * (observation[j] as number);
  }
  return features;
}
