import { ConfigError } from '../errors.ts';
import { exactCos, exactExp, exactSin } from '../tensor/exact-math.ts';

/** Offset of the cosine schedule, and the greatest variance of a step (Nichol and Dhariwal 2021, equation 17). */
const offset = 0.008;
const greatestBeta = 0.999;
/** ln 10⁴, written out: logarithms are left to each engine. */
const ln10000 = 9.210340371976184;

/** How samples are drawn: DDPM adds noise at every step but the last, DDIM (with η = 0) only at the start. */
export const samplers = ['ddpm', 'ddim'] as const;

/** One of {@link samplers}. */
export type Sampler = (typeof samplers)[number];

/**
 * Computes ᾱ of the cosine schedule: ᾱ_t = Π (1 − β_i) with β_t = min(1 − g(t/T)/g((t−1)/T), 0.999) and
 * g(u) = cos²((u + s)/(1 + s)·π/2), s = 0.008 (Nichol and Dhariwal 2021, equation 17).
 *
 * @param steps - T.
 * @returns ᾱ_0 = 1 to ᾱ_T, shape `[T + 1]`.
 */
export function cosineSchedule(steps: number): Float64Array {
  const g = (u: number) => exactCos((((u + offset) / (1 + offset)) * Math.PI) / 2) ** 2;
  const alphaBar = new Float64Array(steps + 1);
  alphaBar[0] = 1;
  for (let t = 1; t <= steps; t++) {
    const beta = Math.min(1 - g(t / steps) / g((t - 1) / steps), greatestBeta);
    alphaBar[t] = (alphaBar[t - 1] as number) * (1 - beta);
  }
  return alphaBar;
}

/**
 * What the network predicts of x_t = √ᾱ·x₀ + √(1 − ᾱ)·ε: the noise ε (Ho et al. 2020), the velocity
 * √ᾱ·ε − √(1 − ᾱ)·x₀ (Salimans and Ho 2022, section 4 and appendix D), or the clean sample x₀.
 */
export const predictions = ['noise', 'velocity', 'sample'] as const;

/** One of {@link predictions}. */
export type Prediction = (typeof predictions)[number];

/** Returns how much of the noise and of the clean sample is in what the network predicts. */
export function predictionTarget(
  prediction: Prediction,
  alphaBar: number,
): { readonly noise: number; readonly clean: number } {
  switch (prediction) {
    case 'noise':
      return { noise: 1, clean: 0 };
    case 'velocity':
      return { noise: Math.sqrt(alphaBar), clean: -Math.sqrt(1 - alphaBar) };
    case 'sample':
      return { noise: 0, clean: 1 };
    default:
      throw new TypeError(`unknown prediction ${prediction satisfies never}`);
  }
}

/** Returns x̂₀ as fromSample·x_t + fromOutput·(what the network predicts). */
function estimateOf(prediction: Prediction, alphaBar: number) {
  switch (prediction) {
    case 'noise':
      return { fromSample: 1 / Math.sqrt(alphaBar), fromOutput: -Math.sqrt((1 - alphaBar) / alphaBar) };
    case 'velocity':
      return { fromSample: Math.sqrt(alphaBar), fromOutput: -Math.sqrt(1 - alphaBar) };
    case 'sample':
      return { fromSample: 0, fromOutput: 1 };
    default:
      throw new TypeError(`unknown prediction ${prediction satisfies never}`);
  }
}

/** One step of denoising: x̂₀ = fromSample·x + fromOutput·(network), clipped, then x ← clean·x̂₀ + keep·x + noise·z. */
export interface ReverseStep {
  /** t, from T down to 1: what the denoiser is told. */
  readonly time: number;
  readonly fromSample: number;
  readonly fromOutput: number;
  readonly clean: number;
  readonly keep: number;
  /** Standard deviation of fresh noise. */
  readonly noise: number;
}

/** How {@link reverseSteps} denoises. */
export interface ReverseOptions {
  readonly sampler: Sampler;
  readonly prediction: Prediction;
  /** Steps to take, evenly spaced from T to 1; all where it is T. */
  readonly count: number;
}

/**
 * Lists the steps from pure noise to a sample.
 *
 * DDPM (Ho et al. 2020, equations 6 and 7): the posterior q(x_{t'} | x_t, x̂₀), with β = 1 − ᾱ_t/ᾱ_{t'} where steps are
 * left out (Nichol and Dhariwal 2021, section 4). DDIM (Song et al. 2021, equation 12, σ = 0):
 * x_{t'} = √ᾱ_{t'}·x̂₀ + √(1 − ᾱ_{t'})·ε̂, with ε̂ = (x_t − √ᾱ_t·x̂₀)/√(1 − ᾱ_t) after clipping.
 *
 * @param alphaBar - of {@link cosineSchedule}.
 * @throws ConfigError when more steps are asked for than the schedule has.
 */
export function reverseSteps(
  alphaBar: Float64Array,
  { count, prediction, sampler }: ReverseOptions,
): ReverseStep[] {
  const last = alphaBar.length - 1;
  if (!(count >= 1 && count <= last)) {
    throw new ConfigError({
      what: 'More denoising steps are asked for than the policy was trained with',
      where: 'samplingSteps',
      found: String(count),
      expected: `at most ${last}`,
    });
  }
  const times = Array.from({ length: count }, (_, i) =>
    count === 1 ? last : Math.round(last - ((last - 1) * i) / (count - 1)),
  );
  return times.map((time, i) => {
    const now = alphaBar[time] as number;
    const next = alphaBar[times[i + 1] ?? 0] as number;
    const estimate = { time, ...estimateOf(prediction, now) };
    if (sampler === 'ddim') {
      const keep = Math.sqrt((1 - next) / (1 - now));
      return { ...estimate, clean: Math.sqrt(next) - keep * Math.sqrt(now), keep, noise: 0 };
    }
    const beta = 1 - now / next;
    return {
      ...estimate,
      clean: (beta * Math.sqrt(next)) / (1 - now),
      keep: ((1 - next) * Math.sqrt(1 - beta)) / (1 - now),
      noise: Math.sqrt((beta * (1 - next)) / (1 - now)),
    };
  });
}

/**
 * Embeds diffusion times as sines and cosines of geometrically spaced frequencies exp(−i·ln 10⁴/(D/2 − 1)) (Vaswani et
 * al. 2017, section 3.5, in the form of Ho et al. 2020).
 *
 * @param size - D, even, at least 4.
 * @returns for t = 0 .. T, shape `[T + 1, D]`.
 */
export function timeFeatures(steps: number, size: number): Float32Array {
  const half = size / 2;
  const features = new Float32Array((steps + 1) * size);
  for (let t = 0; t <= steps; t++) {
    for (let i = 0; i < half; i++) {
      const angle = t * exactExp((-i * ln10000) / (half - 1));
      features[t * size + i] = exactSin(angle);
      features[t * size + half + i] = exactCos(angle);
    }
  }
  return features;
}
