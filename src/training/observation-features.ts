import { exactCos, exactSin } from '../tensor/exact-math.ts';

/** Returns how many numbers describe one observation: itself, and a sine and a cosine per frequency and dimension. */
export function featureCount(observationSize: number, frequencies: number): number {
  return observationSize * (1 + 2 * frequencies);
}

/**
 * Describes observations by themselves and by sines and cosines of 2^j times them, j from 0 (Tancik et al. 2020, Fourier
 * features, in the form of Mildenhall et al. 2020, NeRF, equation 4): networks then tell states apart that lie close together.
 *
 * @param observations - normalized, shape `[n, Do]`; borrowed.
 * @returns the observations given where there are no frequencies; else per observation itself, then sines and cosines by rising frequency, shape `[n, Do·(1 + 2·frequencies)]`.
 */
export function observationFeatures(
  observations: Float32Array,
  observationSize: number,
  frequencies: number,
): Float32Array {
  if (frequencies === 0) return observations;
  const width = featureCount(observationSize, frequencies);
  const rows = observations.length / observationSize;
  const features = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let d = 0; d < observationSize; d++) {
      const value = observations[row * observationSize + d] as number;
      let at = row * width + d;
      features[at] = value;
      for (let j = 0; j < frequencies; j++) {
        at += observationSize;
        features[at] = exactSin(2 ** j * value);
        at += observationSize;
        features[at] = exactCos(2 ** j * value);
      }
    }
  }
  return features;
}
