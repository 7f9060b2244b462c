import { createHash } from 'node:crypto';
import type { MadeTask } from '../../envs/task.ts';
import { InterruptedError, ModewiseError, UsageError } from '../errors.ts';
import type { Policy } from '../policies/policy.ts';
import { planRollouts } from './plan.ts';
import { type EpisodeRow, type RolloutId, runEpisode } from './rollout.ts';
import { type Score, scoreRows } from './score.ts';

/** What every evaluation needs to know. */
export interface EvaluationPlan {
  /** Episodes in all, spread over the task's contexts; see {@link planRollouts}. */
  readonly rollouts: number;
  /** Seed of the whole evaluation; each episode's own is derived from (seed, context, rollout). */
  readonly seed: number;
  /** Demonstrations per mode, for the divergence from them. */
  readonly demonstrations?: readonly number[];
  /** Aborted: episodes that have begun are finished, then {@link InterruptedError} is raised. */
  readonly signal?: AbortSignal;
  /** Told about each finished episode, in the order in which they finish. */
  readonly onEpisode?: (row: EpisodeRow, finished: number, total: number) => void;
}

/** The plan of an evaluation on a named environment. */
export interface NamedPlan extends EvaluationPlan {
  readonly envId: string;
}

/** An evaluation: protocol, scores and rows. */
export interface EvaluationResult extends Score {
  readonly env: string;
  /** Method of the policy. */
  readonly policy: string;
  readonly seed: number;
  /** First 16 hexadecimal digits of the SHA-256 of the task's context list: equal hashes, equal starts. */
  readonly contextsHash: string;
  /** One per episode, ordered by context and rollout. */
  readonly rows: readonly EpisodeRow[];
}

function contextsHash(made: MadeTask): string {
  return createHash('sha256').update(JSON.stringify(made.task.contexts)).digest('hex').slice(0, 16);
}

function requireFit(policy: Policy, made: MadeTask, envId: string): void {
  const observationSize = made.task.observationNames.length;
  const actionSize = made.task.actionNames.length;
  if (policy.observationSize === observationSize && policy.actionSize === actionSize) return;
  throw new ModewiseError({
    what: `The policy does not fit '${envId}'`,
    found: `a policy from ${policy.observationSize} to ${policy.actionSize} numbers`,
    expected: `${observationSize} observed numbers and ${actionSize} commanded ones`,
    remedy: 'evaluate it on the environment its demonstrations come from',
  });
}

/** Runs the planned episodes in any order, on any thread; returns early when the plan's signal is aborted. */
export type EpisodeRunner = (
  episodes: readonly RolloutId[],
  onRow: (row: EpisodeRow) => void,
) => Promise<void>;

/**
 * Evaluates a policy with the episodes run elsewhere; {@link evaluatePolicy} and `evaluate` are built on it.
 *
 * @param run - where the episodes are run; it must run each of them once.
 */
export async function evaluateWith(
  policy: Policy,
  made: MadeTask,
  plan: NamedPlan,
  run: EpisodeRunner,
): Promise<EvaluationResult> {
  requireFit(policy, made, plan.envId);
  if (!Number.isInteger(plan.rollouts) || plan.rollouts < 1) {
    throw new UsageError({
      what: 'The number of rollouts is out of range',
      found: String(plan.rollouts),
      expected: 'a whole number from 1',
    });
  }
  const episodes = planRollouts(made.task.contexts.length, plan.rollouts);
  const rows: EpisodeRow[] = [];
  await run(episodes, (row) => {
    rows.push(row);
    plan.onEpisode?.(row, rows.length, episodes.length);
  });
  if (rows.length < episodes.length) {
    throw new InterruptedError({
      what: `The evaluation was stopped after ${rows.length} of ${episodes.length} rollouts`,
      remedy: 'run it again: the same seed gives the same episodes',
    });
  }
  rows.sort((a, b) => a.context - b.context || a.rollout - b.rollout);
  return {
    env: plan.envId,
    policy: policy.method,
    seed: plan.seed,
    contextsHash: contextsHash(made),
    ...scoreRows(rows, made.task.behavior.modes, plan.demonstrations),
    rows,
  };
}

function inThisThread(made: MadeTask, policy: Policy, plan: EvaluationPlan): EpisodeRunner {
  return async (episodes, onRow) => {
    for (const id of episodes) {
      // lets signals and timers through between episodes
      await new Promise((resolve) => setImmediate(resolve));
      if (plan.signal?.aborted === true) return;
      onRow(runEpisode(made, policy, id, plan.seed));
    }
  };
}

/**
 * Evaluates a policy that is at hand, in this thread.
 *
 * @param made - the task; stays open.
 * @throws InterruptedError when `signal` was aborted; UsageError when `rollouts` is not a positive whole number.
 */
export async function evaluatePolicy(
  policy: Policy,
  made: MadeTask,
  plan: NamedPlan,
): Promise<EvaluationResult> {
  return evaluateWith(policy, made, plan, inThisThread(made, policy, plan));
}
