import { CheckpointError } from '../errors.ts';
import { Curriculum } from './curriculum.ts';
import type { Experts } from './experts.ts';
import type { GateTrainer } from './gate-trainer.ts';
import type { ImcConfig } from './imc-config.ts';
import type { ImcProblem } from './imc-problem.ts';
import { joinParts, takePart } from './parts.ts';
import type { Checkpoint, Json } from './training-run.ts';

/**
 * Where a training stands: `select` alternates experts and curricula, `refine` trains on with the curricula
 * fixed, `gate` fits the inference network.
 */
export interface ImcPosition {
  readonly phase: 'select' | 'refine' | 'gate' | 'done';
  /** Updates of the curricula done. */
  readonly iteration: number;
  /** Training steps done in this iteration or phase. */
  readonly step: number;
  /** Bound after the last update; null before the first. */
  readonly bound: number | null;
  /** Whether the updates ended because the bound had settled. */
  readonly settled: boolean;
}

/** What changes in the course of a training. */
export interface ImcProgress {
  readonly curriculum: Curriculum;
  readonly position: ImcPosition;
}

/** The parts of a training that a checkpoint is made of or restored into. */
export interface ImcParts {
  readonly problem: ImcProblem;
  readonly config: ImcConfig;
  readonly seed: number;
  readonly experts: Experts;
  readonly gate: GateTrainer;
}

/** What a checkpoint must have been made with to be continued. */
function identity({ config, seed, problem }: ImcParts): { readonly [key: string]: Json } {
  return { config, seed, data: problem.fingerprint() };
}

/** Puts all that a bit-equal resume needs into a checkpoint. */
export async function makeCheckpoint(
  parts: ImcParts,
  { curriculum, position }: ImcProgress,
): Promise<Checkpoint> {
  const experts = await parts.experts.getState();
  const gate = await parts.gate.getState();
  const { logWeights, posteriorIsUniform } = curriculum.state();
  const shape = [curriculum.units, curriculum.components];
  return {
    arrays: joinParts({
      experts: experts.arrays,
      gate: gate.arrays,
      curriculum: { logWeights: { shape, data: logWeights } },
    }),
    state: {
      ...identity(parts),
      position: { ...position },
      posteriorIsUniform,
      experts: experts.state,
      gate: gate.state,
    },
  };
}

/**
 * Restores experts and gate, and returns the rest of what a checkpoint holds.
 *
 * @throws CheckpointError when it was made with another configuration, seed or data, or is incomplete.
 */
export function restoreCheckpoint(parts: ImcParts, saved: Checkpoint): ImcProgress {
  for (const [key, expected] of Object.entries(identity(parts))) {
    if (JSON.stringify(saved.state[key]) === JSON.stringify(expected)) continue;
    throw new CheckpointError({
      what: `The checkpoint was made with another ${key}`,
      found: JSON.stringify(saved.state[key]),
      expected: JSON.stringify(expected),
      remedy: 'resume with what the training began with, or start a new one',
    });
  }
  const { position, posteriorIsUniform, experts, gate } = saved.state;
  const logWeights = takePart(saved.arrays, 'curriculum').logWeights?.data;
  const { components, form } = parts.config;
  const complete =
    logWeights instanceof Float64Array &&
    logWeights.length === parts.problem.units * components &&
    [position, experts, gate].every((part) => typeof part === 'object' && part !== null);
  if (!complete) {
    throw new CheckpointError({
      what: 'The checkpoint lacks its curricula, its position, or the state of experts or gate',
      remedy: 'start the training anew',
    });
  }
  parts.experts.setState({
    arrays: takePart(saved.arrays, 'experts'),
    state: experts as Checkpoint['state'],
  });
  parts.gate.setState({ arrays: takePart(saved.arrays, 'gate'), state: gate as Checkpoint['state'] });
  const state = { logWeights, posteriorIsUniform: posteriorIsUniform === true };
  return {
    curriculum: Curriculum.fromState(components, form, state),
    position: position as unknown as ImcPosition,
  };
}
