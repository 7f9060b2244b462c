import { entropy } from '../entropy.ts';
import { DivergenceError } from '../errors.ts';
import { columnLogSumExp, logSumExp } from './log-space.ts';
import { type Pacing, pacedEta } from './pacing.ts';

/**
 * How curricula of different units compare: `paper` keeps p̃ as it is, so that units which no component explains
 * weigh little; `released` divides each unit by its largest p̃, so that every unit has weight 1 under its best
 * component, as the authors' published code does.
 */
export const curriculumForms = ['paper', 'released'] as const;

/** One of {@link curriculumForms}. */
export type CurriculumForm = (typeof curriculumForms)[number];

/** What an update of the curricula found. */
export interface CurriculumUpdate {
  /** Lower bound L of the objective, in nats. */
  readonly bound: number;
  /** The pacing that was used: given, or found for the wanted share of active samples. */
  readonly eta: number;
}

/** A {@link Curriculum} as plain data, for checkpoints. */
export interface CurriculumState {
  readonly logWeights: Float64Array;
  readonly posteriorIsUniform: boolean;
}

/**
 * The curricula p(u|z) of C components over U units of data, with the prior p(z) and the posterior p(z|u) that
 * follow from them; all kept as un-normalized log weights log p̃(u|z) in double precision, because exponents
 * accumulate from one iteration to the next and underflow in linear space.
 *
 * The updates are those of Information Maximizing Curriculum (arXiv 2303.15349): with the auxiliary posterior
 * q(z|u) = p̃(u|z) / Σ_z' p̃(u|z') of the curricula before,
 * log p̃(u|z) = log p_θz(u) / η + log q(z|u), p(u|z) = p̃(u|z) / Σ_u p̃(u|z), p(z) ∝ Σ_u p̃(u|z) and
 * L = η log Σ_u Σ_z p̃(u|z).
 */
export class Curriculum {
  readonly units: number;
  readonly components: number;
  readonly form: CurriculumForm;
  readonly #logWeights: Float64Array;
  #posteriorIsUniform: boolean;

  private constructor(units: number, components: number, form: CurriculumForm, state: CurriculumState) {
    this.units = units;
    this.components = components;
    this.form = form;
    this.#logWeights = state.logWeights;
    this.#posteriorIsUniform = state.posteriorIsUniform;
  }

  /** Starts with all units equally likely under every component. */
  static uniform(units: number, components: number, form: CurriculumForm): Curriculum {
    const logWeights = new Float64Array(units * components);
    return new Curriculum(units, components, form, { logWeights, posteriorIsUniform: true });
  }

  /**
   * Starts every component on the units that its seed holds. They steer the first training of the experts only:
   * the first update begins with a uniform posterior, so that no unit stays locked to a component.
   *
   * @param seeds - first unit and the one after the last, per component, shape `[C][2]`.
   */
  static seeded(
    units: number,
    seeds: readonly (readonly [number, number])[],
    form: CurriculumForm,
  ): Curriculum {
    const components = seeds.length;
    const logWeights = new Float64Array(units * components).fill(-Infinity);
    for (const [component, [first, end]] of seeds.entries()) {
      for (let unit = first; unit < end; unit++) logWeights[unit * components + component] = 0;
    }
    return new Curriculum(units, components, form, { logWeights, posteriorIsUniform: true });
  }

  /**
   * Starts every component on the units that are given to it; as for {@link Curriculum.seeded}, for the first
   * training only.
   *
   * @param componentOfUnit - the component of each unit, -1 for none, shape `[U]`.
   */
  static divided(componentOfUnit: Int32Array, components: number, form: CurriculumForm): Curriculum {
    const logWeights = new Float64Array(componentOfUnit.length * components).fill(-Infinity);
    for (const [unit, component] of componentOfUnit.entries()) {
      if (component >= 0) logWeights[unit * components + component] = 0;
    }
    const state = { logWeights, posteriorIsUniform: true };
    return new Curriculum(componentOfUnit.length, components, form, state);
  }

  /** Continues from a saved state, which is copied. */
  static fromState(components: number, form: CurriculumForm, state: CurriculumState): Curriculum {
    const logWeights = state.logWeights.slice();
    return new Curriculum(logWeights.length / components, components, form, { ...state, logWeights });
  }

  /** Takes the curricula of some of the components, as they are. */
  pick(components: readonly number[]): Curriculum {
    const logWeights = new Float64Array(this.units * components.length);
    for (let i = 0; i < logWeights.length; i++) {
      const row = Math.floor(i / components.length) * this.components;
      logWeights[i] = this.#logWeights[row + (components[i % components.length] as number)] as number;
    }
    const posteriorIsUniform = this.#posteriorIsUniform;
    return new Curriculum(this.units, components.length, this.form, { logWeights, posteriorIsUniform });
  }

  /** Copies the state out, for {@link Curriculum.fromState}. */
  state(): CurriculumState {
    return { logWeights: this.#logWeights.slice(), posteriorIsUniform: this.#posteriorIsUniform };
  }

  /** The log weights log p̃(u|z), row-major, shape `[U, C]`; not to be written to. */
  get logWeights(): Float64Array {
    return this.#logWeights;
  }

  /**
   * Does the E-step on the present curricula, then finds the best curricula for the experts' log-likelihoods.
   *
   * @param logLikelihoods - log p_θz of each unit, added over its steps, in nats, shape `[U, C]`.
   * @throws DivergenceError when a log-likelihood is not finite.
   */
  update(logLikelihoods: Float64Array, pacing: Pacing): CurriculumUpdate {
    this.#requireFinite(logLikelihoods);
    const weights = this.#logWeights;
    this.#replaceByLogPosterior();
    const eta = pacedEta(pacing, logLikelihoods, weights, this.components);
    for (let i = 0; i < weights.length; i++) {
      weights[i] = (logLikelihoods[i] as number) / eta + (weights[i] as number);
    }
    const bound = eta * logSumExp(weights);
    if (this.form === 'released') this.#divideByUnitMaximum();
    return { bound, eta };
  }

  /**
   * Does the E-step of expectation maximization: p̃(u|z) becomes the responsibility r(z|u) ∝ prior(z|u) p_θz(u), which
   * sums to 1 over the components.
   *
   * @param logLikelihoods - log p_θz of each unit, added over its steps, in nats, shape `[U, C]`.
   * @param logPrior - log prior(z|u), shape `[U, C]`; the posterior so far where left out.
   * @returns Σ_u log Σ_z prior(z|u) p_θz(u), in nats.
   * @throws DivergenceError when a log-likelihood is not finite.
   */
  updateByResponsibility(logLikelihoods: Float64Array, logPrior?: Float64Array): number {
    this.#requireFinite(logLikelihoods);
    const { components } = this;
    const weights = this.#logWeights;
    this.#replaceByLogPosterior();
    if (logPrior !== undefined) weights.set(logPrior);
    let total = 0;
    for (let row = 0; row < weights.length; row += components) {
      for (let i = row; i < row + components; i++) {
        weights[i] = (weights[i] as number) + (logLikelihoods[i] as number);
      }
      const evidence = logSumExp(weights, row, components);
      for (let i = row; i < row + components; i++) weights[i] = (weights[i] as number) - evidence;
      total += evidence;
    }
    return total;
  }

  #requireFinite(logLikelihoods: Float64Array): void {
    const bad = logLikelihoods.findIndex((value) => !Number.isFinite(value));
    if (bad < 0) return;
    throw new DivergenceError({
      what: 'A log-likelihood is not finite',
      where: `unit ${Math.floor(bad / this.components)}, component ${bad % this.components}`,
      found: String(logLikelihoods[bad]),
      remedy: 'lower expert.learningRate, or look for extreme values in the data',
    });
  }

  /** Turns log p̃(u|z) into log q(z|u), in place. */
  #replaceByLogPosterior(): void {
    const { components } = this;
    const weights = this.#logWeights;
    if (this.#posteriorIsUniform) {
      weights.fill(-Math.log(components));
      this.#posteriorIsUniform = false;
      return;
    }
    for (let row = 0; row < weights.length; row += components) {
      const total = logSumExp(weights, row, components);
      for (let i = row; i < row + components; i++) weights[i] = (weights[i] as number) - total;
    }
  }

  #divideByUnitMaximum(): void {
    const { components } = this;
    const weights = this.#logWeights;
    for (let row = 0; row < weights.length; row += components) {
      let max = -Infinity;
      for (let i = row; i < row + components; i++) max = Math.max(max, weights[i] as number);
      for (let i = row; i < row + components; i++) weights[i] = (weights[i] as number) - max;
    }
  }

  /** Computes the posterior p(z|u), shape `[U, C]`; uniform where no component has the unit. */
  posterior(): Float64Array {
    const { components } = this;
    const result = new Float64Array(this.#logWeights.length);
    for (let row = 0; row < result.length; row += components) {
      const total = logSumExp(this.#logWeights, row, components);
      for (let i = row; i < row + components; i++) {
        result[i] = total === -Infinity ? 1 / components : Math.exp((this.#logWeights[i] as number) - total);
      }
    }
    return result;
  }

  /** Computes log Σ_u p̃(u|z) of every component, shape `[C]`. */
  logNormalizers(): Float64Array {
    return columnLogSumExp(this.#logWeights, this.components);
  }

  /** Computes the prior p(z), shape `[C]`. */
  prior(): Float64Array {
    const normalizers = this.logNormalizers();
    const total = logSumExp(normalizers);
    return normalizers.map((value) => Math.exp(value - total));
  }

  /** Computes one component's curriculum p(u|z), shape `[U]`; uniform where it has no unit. */
  selection(component: number): Float64Array {
    const total = logSumExp(this.#logWeights, component, this.units, this.components);
    const result = new Float64Array(this.units);
    if (total === -Infinity) return result.fill(1 / this.units);
    for (let unit = 0; unit < this.units; unit++) {
      result[unit] = Math.exp((this.#logWeights[unit * this.components + component] as number) - total);
    }
    return result;
  }

  /** Computes the entropy H(p(u|z)) of every curriculum, in nats, shape `[C]`. */
  entropies(): number[] {
    return Array.from({ length: this.components }, (_, z) => entropy(this.selection(z)));
  }
}
