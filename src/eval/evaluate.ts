import '../../envs/index.ts';
import { makeTask } from '../../envs/task.ts';
import { type EnvKwargs, registrationModule } from '../gym/registry.ts';
import { loadPolicy } from '../policies/run-directory.ts';
import { type EvaluationResult, evaluatePolicy, evaluateWith, type NamedPlan } from './evaluate-policy.ts';
import { runOnWorkers } from './worker-pool.ts';

/** What {@link evaluate} needs to know. */
export interface EvaluateOptions extends NamedPlan {
  /** Folder of the run that holds the policy. */
  readonly runDirectory: string;
  /** Worker threads; 1 stays in this thread. The numbers are the same for any count. */
  readonly workers: number;
  /** Settings of acting that replace the saved ones, e.g. `{ commit: 'step' }`. */
  readonly overrides?: Readonly<Record<string, unknown>>;
  /** Arguments of the environment, e.g. `{ contexts: 600 }`. */
  readonly envKwargs?: EnvKwargs;
}

/**
 * Evaluates a trained policy by D3IL's protocol: rollouts over the task's fixed contexts, success over all of them,
 * entropy over the modes of the successful ones.
 *
 * @throws CheckpointError when the run folder holds no policy; InterruptedError when `signal` was aborted.
 * @example
 * const result = await evaluate({ runDirectory: 'runs/a', envId: 'Avoiding-v0', rollouts: 480, seed: 1, workers: 2 });
 * result.success.rate;
 */
export async function evaluate(options: EvaluateOptions): Promise<EvaluationResult> {
  const { runDirectory, envId, envKwargs = {}, overrides = {}, seed } = options;
  const [made, policy] = await Promise.all([
    makeTask(envId, { kwargs: envKwargs }),
    loadPolicy(runDirectory, overrides),
  ]);
  try {
    if (options.workers <= 1) return await evaluatePolicy(policy, made, options);
    const data = { runDirectory, envId, envKwargs, module: registrationModule(envId), seed, overrides };
    const signal = options.signal === undefined ? {} : { signal: options.signal };
    return await evaluateWith(policy, made, options, (episodes, onRow) =>
      runOnWorkers(episodes, Math.min(options.workers, episodes.length), { data, onRow, ...signal }),
    );
  } finally {
    made.env.close();
  }
}
