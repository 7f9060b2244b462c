import { ConfigError, DivergenceError } from '../../errors.ts';
import type { LatentModel } from './latent-model.ts';

/** How a model's parameters are moved: `em`, `squarem`, `gradient-em` or `gradient-descent`. */
export type FitAlgorithm = 'em' | 'squarem' | 'gradient-em' | 'gradient-descent';

/** When a fit ends, and what it tells meanwhile. */
export interface FitOptions {
  /** One iteration is one update; SQUAREM's cycle of up to three EM updates counts as one. */
  readonly maxIterations: number;
  /** Ends when the loss changes by less than this share of itself; 0 never does. */
  readonly tolerance: number;
  /** Multiplies the safe step of the gradient algorithms; 1 cannot increase the loss. */
  readonly stepScale?: number;
  /** Called after every iteration, and for iteration 0 with the start. */
  readonly onIteration?: (iteration: number, theta: Float64Array, loss: number) => void;
}

/** Where a fit ended. */
export interface FitOutcome {
  readonly theta: Float64Array;
  /** L(θ) before the first and after every iteration, nats per sample. */
  readonly losses: readonly number[];
  readonly iterations: number;
  /** Whether the tolerance was met. */
  readonly converged: boolean;
}

type Update = (theta: Float64Array, loss: number) => { theta: Float64Array; loss: number };

/**
 * Fits a model from a start, by any of the algorithms on equal terms: the same loss, the same start, one update an
 * iteration.
 *
 * - `em`: θ ← argmin Q(·|θ).
 * - `gradient-em`: one gradient step on Q. Q is separable, so every block has the largest step that is safe for it.
 * - `gradient-descent`: one gradient step on L, which is not separable and has one step, safe for the steepest block.
 *   At the current θ both gradients agree.
 * - `squarem`: EM, extrapolated and guarded by the loss (scheme S3 of Varadhan and Roland 2008).
 *
 * @throws DivergenceError when a loss is not finite; with the default step only a start that is far off leads there.
 */
export function fitModel(
  model: LatentModel,
  start: Float64Array,
  algorithm: FitAlgorithm,
  options: FitOptions,
): FitOutcome {
  const update = updateOf(model, algorithm, options.stepScale ?? 1);
  let theta: Float64Array = start.slice();
  let loss = model.loss(theta);
  const losses = [loss];
  options.onIteration?.(0, theta, loss);
  let converged = false;
  let iteration = 0;
  while (iteration < options.maxIterations && !converged) {
    const next = update(theta, loss);
    iteration++;
    if (!Number.isFinite(next.loss)) {
      throw new DivergenceError({
        what: 'The likelihood is no longer finite',
        where: `iteration ${iteration} of ${algorithm}`,
        found: String(next.loss),
        remedy: algorithm.startsWith('gradient') ? 'use a smaller step' : 'start nearer to the data',
      });
    }
    converged = options.tolerance > 0 && Math.abs(loss - next.loss) <= options.tolerance * Math.abs(loss);
    theta = next.theta;
    loss = next.loss;
    losses.push(loss);
    options.onIteration?.(iteration, theta, loss);
  }
  return { theta, losses, iterations: iteration, converged };
}

function updateOf(model: LatentModel, algorithm: FitAlgorithm, stepScale: number): Update {
  switch (algorithm) {
    case 'em':
      return (theta) => withLoss(model, model.maximize(theta));
    case 'squarem':
      return squarem(model);
    case 'gradient-em':
      requireBounded(model);
      return gradientStep(model, (curvature) => stepScale / curvature);
    case 'gradient-descent': {
      requireBounded(model);
      const steepest = Math.max(...model.blocks.map(({ curvature }) => curvature));
      return gradientStep(model, () => stepScale / steepest);
    }
  }
}

/** Refuses gradient steps where no step is safe. */
function requireBounded(model: LatentModel): void {
  if (model.blocks.every(({ curvature }) => Number.isFinite(curvature))) return;
  throw new ConfigError({
    what: 'The curvature of this model is not bounded, so that no gradient step is safe',
    remedy: 'fix the variance of the experts, or fit with em or squarem',
  });
}

function withLoss(model: LatentModel, theta: Float64Array): { theta: Float64Array; loss: number } {
  return { theta, loss: model.loss(theta) };
}

function gradientStep(model: LatentModel, stepFor: (curvature: number) => number): Update {
  return (theta) => {
    const gradient = model.gradient(theta);
    const next = theta.slice();
    for (const { curvature, end, start } of model.blocks) {
      // a block without curvature has no influence on the loss
      const step = curvature > 0 ? stepFor(curvature) : 0;
      for (let d = start; d < end; d++) next[d] = (next[d] as number) - step * (gradient[d] as number);
    }
    return withLoss(model, next);
  };
}

/** Factor by which the longest extrapolation grows and shrinks. */
const STEP_GROWTH = 4;

/** Makes the SQUAREM cycle; it remembers how far extrapolation has proved safe. */
function squarem(model: LatentModel): Update {
  let longest = 1;
  return (theta, loss) => {
    const first = model.maximize(theta);
    const second = model.maximize(first);
    let change = 0;
    let curvature = 0;
    for (let d = 0; d < theta.length; d++) {
      const r = (first[d] as number) - (theta[d] as number);
      const v = (second[d] as number) - (first[d] as number) - r;
      change += r * r;
      curvature += v * v;
    }
    const plain = withLoss(model, second);
    if (curvature === 0 || change === 0) return plain;
    const length = Math.max(1, Math.min(longest, Math.sqrt(change / curvature)));
    const far = theta.map((t, d) => {
      const r = (first[d] as number) - t;
      const v = (second[d] as number) - (first[d] as number) - r;
      return t + 2 * length * r + length * length * v;
    });
    const extrapolated = Number.isFinite(model.loss(far)) ? withLoss(model, model.maximize(far)) : plain;
    const accepted = extrapolated.loss <= Math.min(loss, plain.loss);
    if (!accepted) longest = Math.max(1, longest / STEP_GROWTH);
    else if (length === longest) longest *= STEP_GROWTH;
    return accepted ? extrapolated : plain;
  };
}
