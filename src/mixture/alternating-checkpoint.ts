import { CheckpointError } from '../errors.ts';
import { joinParts, takePart } from '../training/parts.ts';
import { describeIdentity, type RunIdentity, requireIdentity } from '../training/run-identity.ts';
import type { Checkpoint } from '../training/training-run.ts';
import { Curriculum, type CurriculumForm } from './curriculum.ts';
import type { Experts } from './experts.ts';
import type { Gate } from './gate.ts';
import type { HeldOutJudge } from './held-out-judge.ts';
import type { MixtureProblem } from './mixture-problem.ts';

/**
 * Where a training stands: `select` trains the experts between two updates of the curricula, `select-gate` the gate
 * where the method fits one in every iteration, `revise` adds and deletes components, `refine` trains on with the
 * curricula fixed, `gate` fits the gate.
 */
export interface AlternatingPosition {
  readonly phase: 'select' | 'select-gate' | 'revise' | 'refine' | 'gate' | 'done';
  /** Updates of the curricula done. */
  readonly iteration: number;
  /** Training steps done in this iteration or phase. */
  readonly step: number;
  /** Bound after the last update; null before the first. */
  readonly bound: number | null;
  /** Whether the updates ended because the bound had settled. */
  readonly settled: boolean;
  /** Pacing of the last update; null before the first, and where there is none. */
  readonly eta: number | null;
  /** Of the experts' Gaussians at the last update. */
  readonly standardDeviation: number;
}

/** What changes in the course of a training, beside experts and gate. */
export interface AlternatingProgress {
  readonly curriculum: Curriculum;
  readonly position: AlternatingPosition;
}

/** The parts of a training that a checkpoint is made of or restored into. */
export interface AlternatingParts extends RunIdentity {
  readonly problem: MixtureProblem;
  readonly form: CurriculumForm;
  readonly experts: Experts;
  /** What is kept of the best so far; undefined where nothing is held out. */
  readonly judge: HeldOutJudge | undefined;
}

/** Puts all that a bit-equal resume needs into a checkpoint. */
export async function makeCheckpoint(
  parts: AlternatingParts & { readonly gate: Gate },
  { curriculum, position }: AlternatingProgress,
): Promise<Checkpoint> {
  const experts = await parts.experts.getState();
  const gate = await parts.gate.getState();
  const best = parts.judge?.getState();
  const { logWeights, posteriorIsUniform } = curriculum.state();
  const { components, units } = curriculum;
  return {
    arrays: joinParts({
      experts: experts.arrays,
      gate: gate.arrays,
      curriculum: { logWeights: { shape: [units, components], data: logWeights } },
      best: best?.arrays ?? {},
    }),
    state: {
      ...describeIdentity(parts),
      position: { ...position },
      components,
      posteriorIsUniform,
      experts: experts.state,
      gate: gate.state,
      best: best?.state ?? null,
    },
  };
}

/**
 * Restores experts, gate and the best of them, and returns the rest of what a checkpoint holds.
 *
 * @param makeGate - makes the gate over as many components as the checkpoint has.
 * @throws CheckpointError when it was made with another configuration, seed or data, or is incomplete.
 */
export function restoreCheckpoint(
  parts: AlternatingParts,
  saved: Checkpoint,
  makeGate: (components: number) => Gate,
): AlternatingProgress & { readonly gate: Gate } {
  requireIdentity(saved, parts);
  const { components, position, posteriorIsUniform, experts, gate: gateState } = saved.state;
  const logWeights = takePart(saved.arrays, 'curriculum').logWeights?.data;
  if (
    !(logWeights instanceof Float64Array) ||
    typeof components !== 'number' ||
    logWeights.length !== parts.problem.units * components ||
    ![position, experts, gateState].every((part) => typeof part === 'object' && part !== null)
  ) {
    throw new CheckpointError({
      what: 'The checkpoint lacks its curricula, its position, or the state of experts or gate',
      remedy: 'start the training anew',
    });
  }
  parts.experts.setState({
    arrays: takePart(saved.arrays, 'experts'),
    state: experts as Checkpoint['state'],
  });
  parts.judge?.setState({ arrays: takePart(saved.arrays, 'best'), state: saved.state.best });
  const gate = makeGate(components);
  gate.setState({ arrays: takePart(saved.arrays, 'gate'), state: gateState as Checkpoint['state'] });
  const state = { logWeights, posteriorIsUniform: posteriorIsUniform === true };
  return {
    curriculum: Curriculum.fromState(components, parts.form, state),
    position: position as unknown as AlternatingPosition,
    gate,
  };
}
