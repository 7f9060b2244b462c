import { BestSnapshot } from '../training/best-snapshot.ts';
import { joinParts, takePart } from '../training/parts.ts';
import type { Snapshot } from '../training/trained-weights.ts';
import type { Checkpoint, Json } from '../training/training-run.ts';
import type { AlternatingPosition } from './alternating-checkpoint.ts';
import type { Curriculum } from './curriculum.ts';
import type { Experts } from './experts.ts';
import type { Gate } from './gate.ts';
import { atDeviation, type LikelihoodWidth } from './likelihood-width.ts';
import { logSumExp } from './log-space.ts';
import type { GateContexts, MixtureProblem } from './mixture-problem.ts';

/** A mixture in training, as it is judged. */
export interface JudgedMixture {
  readonly experts: Experts;
  readonly gate: Gate;
  readonly curriculum: Curriculum;
  /** Of the experts' Gaussians, now. */
  readonly standardDeviation: number;
}

/**
 * Judges a mixture in training by demonstrations that are held out, and keeps the best experts and the best gate.
 */
export class HeldOutJudge {
  readonly #problem: MixtureProblem;
  readonly #width: LikelihoodWidth;
  readonly #contexts: GateContexts;
  readonly #experts = new BestSnapshot();
  readonly #gate = new BestSnapshot();

  /** @param contexts - of the problem: at which the gate is asked; all of it where left out. */
  constructor(problem: MixtureProblem, width: LikelihoodWidth, contexts: GateContexts = problem) {
    this.#problem = problem;
    this.#width = width;
    this.#contexts = contexts;
  }

  /**
   * Computes the loss of what a phase trains: that of the gate in the phase `gate`, that of the experts in all others. Keeps the
   * experts of the phase `refine`, whose curricula are final, and gates, if theirs is the lowest so far.
   *
   * @returns a column of the log; none where the loss is not finite.
   */
  async judge(
    { phase, step }: Pick<AlternatingPosition, 'phase' | 'step'>,
    mixture: JudgedMixture,
  ): Promise<{ validationLoss?: number }> {
    const { experts, gate } = mixture;
    const loss = phase === 'gate' ? await this.gateLoss(mixture) : await this.expertLoss(mixture);
    if (phase === 'refine') await this.#experts.offer({ loss, step }, () => experts.snapshot());
    if (phase === 'gate') await this.#gate.offer({ loss, step }, () => gate.snapshot());
    return Number.isFinite(loss) ? { validationLoss: loss } : {};
  }

  /** Computes -1/N Σ_u log Σ_z p(z) p_z(u), N being the steps held out and p(z) the prior of the curricula, in nats. */
  async expertLoss(mixture: JudgedMixture): Promise<number> {
    const { components, evidence } = await this.#joint(mixture);
    let total = 0;
    for (let row = 0; row < evidence.length; row += components) total += logSumExp(evidence, row, components);
    return -total / this.#problem.unitOfStep.length;
  }

  /**
   * Computes -1/N Σ_n Σ_z p(z|u) log g(z|o_n), in nats, p(z|u) being ∝ p(z) p_z(u). What the gate is fitted to are the curricula,
   * which a large η or many updates make softer or harder than that; they have no say about units that are held out.
   */
  async gateLoss(mixture: JudgedMixture): Promise<number> {
    const { components, evidence } = await this.#joint(mixture);
    const { observations, unitOfStep } = this.#contexts;
    const logGate = await mixture.gate.logProbabilities(observations);
    let total = 0;
    for (const [step, unit] of unitOfStep.entries()) {
      const row = unit * components;
      const all = logSumExp(evidence, row, components);
      for (let z = 0; z < components; z++) {
        const responsibility = Math.exp((evidence[row + z] as number) - all);
        // nothing is responsible with certainty: 0 · -∞ must not arise
        if (responsibility > 0) total += responsibility * (logGate[step * components + z] as number);
      }
    }
    return -total / unitOfStep.length;
  }

  /** The weights kept; undefined for what none were kept of. */
  get best(): { readonly experts: Snapshot | undefined; readonly gate: Snapshot | undefined } {
    return { experts: this.#experts.snapshot, gate: this.#gate.snapshot };
  }

  /** log p(z) p_z(u) of the units held out, shape `[U, C]`. */
  async #joint({ curriculum, experts, standardDeviation }: JudgedMixture) {
    const explained = await experts.logLikelihoods(this.#problem);
    const logPrior = curriculum.prior().map(Math.log);
    const { components } = curriculum;
    const evidence = atDeviation(explained, this.#width, standardDeviation).map(
      (value, i) => value + (logPrior[i % components] as number),
    );
    return { components, evidence };
  }

  /** Puts what is kept into a checkpoint. */
  getState(): { readonly arrays: Checkpoint['arrays']; readonly state: Json } {
    const [experts, gate] = [this.#experts.getState(), this.#gate.getState()];
    return {
      arrays: joinParts({ experts: experts.arrays, gate: gate.arrays }),
      state: { experts: experts.state, gate: gate.state },
    };
  }

  /** Continues from what {@link HeldOutJudge.getState} gave. */
  setState({ arrays, state }: { readonly arrays: Checkpoint['arrays']; readonly state: Json | undefined }) {
    const { experts, gate } = (state ?? {}) as { readonly experts?: Json; readonly gate?: Json };
    this.#experts.setState({ arrays: takePart(arrays, 'experts'), state: experts });
    this.#gate.setState({ arrays: takePart(arrays, 'gate'), state: gate });
  }
}
