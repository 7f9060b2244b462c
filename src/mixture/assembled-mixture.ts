import type { LoopConfig } from '../training/gradient-config.ts';
import { joinParts, takePart } from '../training/parts.ts';
import { averagedWeights, chooseWeights, joinSnapshots, type Snapshot } from '../training/trained-weights.ts';
import type { AlternatingProgress } from './alternating-checkpoint.ts';
import type { AlternatingPlan } from './alternating-plan.ts';
import { summarizeComponents } from './component-summary.ts';
import type { Gate } from './gate.ts';
import { constantGate } from './gate-trainer.ts';
import type { HeldOutJudge } from './held-out-judge.ts';
import type { MixtureModel } from './mixture-model.ts';
import { residualDeviations } from './residual-deviations.ts';

/** What a mixture ends with, beside its experts. */
export interface MixtureEnd {
  readonly gate: Gate;
  /** Whether the gate was fitted to the curricula; the mixture acts by the shares of its components otherwise. */
  readonly isGateFitted: boolean;
  /** What is kept of the best checkpoints; undefined where nothing is held out. */
  readonly judge: HeldOutJudge | undefined;
  readonly stopped: MixtureModel['stopped'];
}

/** Copies all that acting needs out of a training by turns, wherever it stands. */
export async function assembleMixture(
  plan: AlternatingPlan,
  { curriculum, position }: AlternatingProgress,
  { gate, isGateFitted, judge, stopped }: MixtureEnd,
): Promise<MixtureModel> {
  const { config, experts, fixedDeviations, loop, problem, rng, seed } = plan;
  const components = summarizeComponents(
    problem.data,
    curriculum,
    problem.unitOfStep,
    curriculum.posterior(),
  );
  const shares = Float64Array.from(components, (component) => component.share);
  const gateShape = isGateFitted ? gate.shape : { ...gate.shape, hidden: [] };
  const lastExperts = await experts.snapshot();
  const lastGate = isGateFitted ? await gate.snapshot() : { raw: constantGate(gateShape, shares) };
  // what was not judged yet has nothing better than what it is; nor has a gate that is not fitted to its end
  const bestGate = isGateFitted ? (judge?.best.gate ?? lastGate) : lastGate;
  const last = joinNetworks(lastExperts, lastGate, loop);
  const best = judge && joinNetworks(judge.best.experts ?? lastExperts, bestGate, loop);
  const snapshots = joinSnapshots(last, best);
  const weights = chooseWeights(snapshots, loop);
  const acting = takePart(weights, 'experts');
  const trained = { shape: experts.shape, arrays: acting };
  const deviations = residualDeviations(problem, curriculum, trained, rng.fork('residuals'));
  return {
    config,
    ...problem.scaling(),
    expertShape: experts.shape,
    experts: acting,
    actionDeviations: deviations.map((measured, z) => fixedDeviations?.[z] ?? measured),
    ...{ gateShape, gate: takePart(weights, 'gate') },
    gateFeatures: gate.features,
    standardDeviation: position.standardDeviation,
    components,
    stopped,
    seed,
    // where there is but one set of weights it is what acts
    ...((loop.ema !== null || judge !== undefined) && { snapshots }),
  };
}

/** Makes one snapshot of those of experts and gate; what keeps no average, being in closed form, is its own. */
function joinNetworks(experts: Snapshot, gate: Snapshot, { ema }: Pick<LoopConfig, 'ema'>): Snapshot {
  const raw = joinParts({ experts: experts.raw, gate: gate.raw });
  if (ema === null) return { raw };
  return { raw, ema: joinParts({ experts: averagedWeights(experts), gate: averagedWeights(gate) }) };
}
