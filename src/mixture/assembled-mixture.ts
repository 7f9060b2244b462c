import type { AlternatingProgress } from './alternating-checkpoint.ts';
import type { AlternatingPlan } from './alternating-plan.ts';
import { summarizeComponents } from './component-summary.ts';
import type { Gate } from './gate.ts';
import { constantGate } from './gate-trainer.ts';
import type { MixtureModel } from './mixture-model.ts';
import { residualDeviations } from './residual-deviations.ts';

/** What a mixture ends with, beside its experts. */
export interface MixtureEnd {
  readonly gate: Gate;
  /** Whether the gate was fitted to the curricula; the mixture acts by the shares of its components otherwise. */
  readonly isGateFitted: boolean;
  readonly stopped: MixtureModel['stopped'];
}

/** Copies all that acting needs out of a training by turns, wherever it stands. */
export async function assembleMixture(
  plan: AlternatingPlan,
  { curriculum, position }: AlternatingProgress,
  { gate, isGateFitted, stopped }: MixtureEnd,
): Promise<MixtureModel> {
  const { config, experts, fixedDeviations, problem, rng, seed } = plan;
  const components = summarizeComponents(
    problem.data,
    curriculum,
    problem.unitOfStep,
    curriculum.posterior(),
  );
  const shares = Float64Array.from(components, (component) => component.share);
  const weights = await experts.weights();
  const trained = { shape: experts.shape, arrays: weights };
  const deviations = residualDeviations(problem, curriculum, trained, rng.fork('residuals'));
  const withoutGate = { ...gate.shape, hidden: [] };
  return {
    config,
    ...problem.scaling(),
    expertShape: experts.shape,
    experts: weights,
    actionDeviations: deviations.map((measured, z) => fixedDeviations?.[z] ?? measured),
    ...(isGateFitted
      ? { gateShape: gate.shape, gate: await gate.weights() }
      : { gateShape: withoutGate, gate: constantGate(withoutGate, shares) }),
    gateFeatures: gate.features,
    standardDeviation: position.standardDeviation,
    components,
    stopped,
    seed,
  };
}
