import type { Rng } from '../random.ts';
import type { LoopConfig } from '../training/gradient-config.ts';
import type { RunIdentity } from '../training/run-identity.ts';
import type { MetricsRow } from '../training/training-run.ts';
import type { Curriculum, CurriculumForm } from './curriculum.ts';
import type { Experts } from './experts.ts';
import type { Gate } from './gate.ts';
import type { HeldOut } from './held-out.ts';
import type { AutoConfig } from './imc-config.ts';
import type { LikelihoodWidth } from './likelihood-width.ts';
import type { MixtureProblem } from './mixture-problem.ts';

/** What an update of the curricula may ask for. */
export interface UpdateContext {
  readonly gate: Gate;
  /** 0 in the first iteration, 1 in the last: what annealed settings follow. */
  readonly progress: number;
}

/** What tells methods apart that alternate between experts and the assignment of the data to them. */
export interface AssignmentRule {
  /** Whether the gate is fitted in every iteration, before the update, and not only at the end. */
  readonly fitsGateEachIteration: boolean;
  /**
   * Replaces the curricula by those that follow from the experts' log-likelihoods (shape `[U, C]`, nats).
   *
   * @returns columns of the log, among them `bound`: the value whose settling ends the updates; `eta` where the rule
   *   has a pacing.
   * @throws DivergenceError when a log-likelihood is not finite.
   */
  update(
    curriculum: Curriculum,
    logLikelihoods: Float64Array,
    context: UpdateContext,
  ): Promise<MetricsRow & { readonly bound: number; readonly eta?: number }>;
}

/** How long something is trained in one phase, and the learning rate from which it falls to zero. */
export interface TrainingBudget {
  readonly steps: number;
  readonly learningRate: number;
}

/** What an `AlternatingTraining` is built from. */
export interface AlternatingPlan extends RunIdentity {
  readonly problem: MixtureProblem;
  readonly form: CurriculumForm;
  /** With as many experts as the training starts with. */
  readonly experts: Experts;
  /** Makes the gate over C components, always the same for the same C. */
  readonly makeGate: (components: number) => Gate;
  readonly rule: AssignmentRule;
  /**
   * `spread`: one demonstration per component, far from one another; `clusters`: all demonstrations, divided among the
   * components by the ways they take from where they start; `random`: uniform curricula. Demonstrations that fixed experts
   * explain are left to them.
   */
  readonly initialization: 'spread' | 'clusters' | 'random';
  /** The first of the demonstrations that components are started on; 0 where left out. */
  readonly firstSeedEpisode?: number;
  /** Of the actions of the first components, which are fixed: as they were measured, `[C][Da]`; none where left out. */
  readonly fixedDeviations?: readonly (readonly number[])[];
  /** How components are added and deleted; their number stays where left out. */
  readonly search?: AutoConfig | undefined;
  /** Updates of the curricula at most; as many again as components are revised where they are searched for. */
  readonly iterations: number;
  /** Stops the updates when the bound changes by less than this share of itself. */
  readonly tolerance: number;
  /** Of the experts before each update. */
  readonly select: TrainingBudget;
  /** Of the experts on the final curricula. */
  readonly refine: TrainingBudget;
  readonly gateBudget: TrainingBudget;
  /** At which observations the gate is judged. */
  readonly gateContexts: 'steps' | 'starts';
  /** How rates warm up, and which weights act; clipping and averages are what experts and gates were made with. */
  readonly loop: LoopConfig;
  /** Demonstrations that the mixture is judged by; none where left out. */
  readonly heldOut?: HeldOut | undefined;
  /** Of the experts' Gaussians, which are built with its reference deviation. */
  readonly width: LikelihoodWidth;
  readonly rng: Rng;
}
