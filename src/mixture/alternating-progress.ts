import type { TrainingProgress } from '../training/training-run.ts';
import type { AlternatingPosition } from './alternating-checkpoint.ts';
import type { AlternatingPlan } from './alternating-plan.ts';

/**
 * Counts the training steps that are behind a position and those of the whole training. Where components are searched for,
 * an iteration follows every revision.
 */
export function progressAt(
  { gateBudget, iterations, refine, rule, search, select }: AlternatingPlan,
  { iteration, phase, step }: AlternatingPosition,
): TrainingProgress {
  const most = Math.max(iterations, (search?.revisions ?? -1) + 1);
  const perIteration = select.steps + (rule.fitsGateEachIteration ? gateBudget.steps : 0);
  const selecting = phase === 'select' || phase === 'select-gate';
  const selected = (selecting ? most : iteration) * perIteration;
  const total = selected + refine.steps + gateBudget.steps;
  const before = {
    select: iteration * perIteration,
    'select-gate': iteration * perIteration + select.steps,
    revise: iteration * perIteration,
    refine: selected,
    gate: selected + refine.steps,
    done: total,
  }[phase];
  const trains = phase === 'gate' || phase === 'select-gate' ? 'gate' : 'experts';
  return { phase: trains, done: before + step, total };
}
