import type { MadeTask } from '../../envs/task.ts';
import type { Policy } from '../policies/policy.ts';
import { Rng } from '../random.ts';
import { clipAction } from './clip-action.ts';

/** Which episode of an evaluation: the pair decides its seed, whichever worker runs it. */
export interface RolloutId {
  /** Index into the task's contexts. */
  readonly context: number;
  /** Number of the rollout within its context, from 0. */
  readonly rollout: number;
}

/** What is recorded of one finished episode. */
export interface EpisodeRow extends RolloutId {
  /** Name of the context. */
  readonly contextName: string;
  /** The seed from which environment and policy drew: with the context it repeats the episode. */
  readonly seed: number;
  readonly success: boolean;
  /** Index of the way in which it went; null where none applies. */
  readonly mode: number | null;
  /** Control steps. */
  readonly steps: number;
  /** The episode was cut off by the time limit. */
  readonly truncated: boolean;
  /** Distance to the goal at the end, as the task defines it, metres. */
  readonly distance: number;
  /** Physical state hash at the end, 16 hexadecimal digits. */
  readonly stateHash: string;
  /** Components the policy acted with, in the order of their first use; empty without components. */
  readonly components: readonly number[];
  /** What else the task measured at the end, by name; absent where it measures nothing else. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/**
 * Derives the seed of one episode of an evaluation from (seed, context, rollout), never from a worker: the same
 * command gives the same episodes on any machine.
 */
export function episodeSeed(seed: number, contextName: string, rollout: number): number {
  return Rng.fromSeed(seed).fork('eval').fork(contextName).fork(rollout).seed();
}

/** Derives the policy's seed of an episode; its draws are independent of the environment's. */
export function policySeed(seed: number): number {
  return Rng.fromSeed(seed).fork('policy').seed();
}

/**
 * Runs one episode to its end: environment, task and policy are used and may be used again.
 *
 * @param made - the environment with its wrappers, and the task inside it.
 * @param policy - acts for one episode at a time here; `reset` is called on it.
 * @param id - which episode; must name one of the task's contexts.
 * @param seed - seed of the whole evaluation.
 * @throws InvalidActionError when the policy gives an action that is not finite.
 */
export function runEpisode(made: MadeTask, policy: Policy, id: RolloutId, seed: number): EpisodeRow {
  const { env, task } = made;
  const context = task.contexts[id.context];
  if (context === undefined) throw new RangeError(`${id.context} is not a context of the task`);
  const ownSeed = episodeSeed(seed, context.name, id.rollout);
  let { observation } = env.reset({ seed: ownSeed, options: context.options });
  policy.reset([policySeed(ownSeed)]);
  const components: number[] = [];
  let steps = 0;
  for (;;) {
    const action = clipAction(env.actionSpace, policy.act(observation));
    const component = policy.explain?.().component[0];
    if (component !== undefined && !components.includes(component)) components.push(component);
    const result = env.step(action);
    observation = result.observation;
    steps++;
    if (!result.terminated && !result.truncated) continue;
    const { distance, metrics, mode, success } = task.outcome();
    return {
      ...id,
      contextName: context.name,
      seed: ownSeed,
      success,
      mode,
      steps,
      truncated: result.truncated && !result.terminated,
      distance,
      stateHash: task.stateHash(),
      components,
      ...(metrics === undefined ? {} : { metrics }),
    };
  }
}
