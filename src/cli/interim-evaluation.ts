import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MadeTask } from '../../envs/task.ts';
import { InterruptedError } from '../errors.ts';
import { evaluateWith } from '../eval/evaluate-policy.ts';
import type { Score } from '../eval/score.ts';
import { runOnWorkers } from '../eval/worker-pool.ts';
import { registrationModule } from '../gym/registry.ts';
import { loadPolicy, savePolicy } from '../policies/run-directory.ts';
import type { SavedPolicy } from '../policies/saved-policy.ts';

/** What {@link InterimEvaluation} needs. */
export interface InterimEvaluationOptions {
  readonly envId: string;
  /** For facts about the task; borrowed. */
  readonly made: MadeTask;
  /** Of each evaluation. */
  readonly rollouts: number;
  /** The same for all evaluations, so that they differ by their policies alone. */
  readonly seed: number;
  /** Told when an evaluation begins and when it is over. */
  onChange(): void;
  /** @param at - what {@link InterimEvaluation.begin} was told. */
  onScore(score: Score, at: number): void;
  /** Told of an error, once: nothing more is evaluated then. */
  onFailure(error: unknown): void;
}

/**
 * Evaluates policies of a training that goes on: on one worker thread, one at a time, so that the training keeps its own. What
 * comes while one is evaluated is not waited for: the next one is asked for afterwards.
 */
export class InterimEvaluation {
  readonly #options: InterimEvaluationOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), 'modewise-interim-'));
  readonly #ending = new AbortController();
  #running: Promise<void> | null = null;
  #failed = false;

  constructor(options: InterimEvaluationOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** Whether a policy would be evaluated now. */
  get isReady(): boolean {
    return !this.isRunning && !this.#failed && !this.#ending.signal.aborted;
  }

  /** Begins to evaluate a policy, if it is ready for one. */
  begin(policy: SavedPolicy, at: number): void {
    if (!this.isReady) return;
    this.#running = this.#evaluate(policy, at)
      .catch((error: unknown) => {
        if (error instanceof InterruptedError) return;
        this.#failed = true;
        this.#options.onFailure(error);
      })
      .finally(() => {
        this.#running = null;
        this.#options.onChange();
      });
    this.#options.onChange();
  }

  /** Waits until nothing is evaluated. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Ends the evaluation that runs, if there is one, and removes what it needed. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #evaluate(saved: SavedPolicy, at: number): Promise<void> {
    const { envId, made, onScore, rollouts, seed } = this.#options;
    const { signal } = this.#ending;
    savePolicy(this.#folder, saved);
    const policy = await loadPolicy(this.#folder);
    const module = registrationModule(envId);
    const data = { runDirectory: this.#folder, envId, envKwargs: {}, module, seed, overrides: {} };
    const result = await evaluateWith(policy, made, { envId, rollouts, seed, signal }, (episodes, onRow) =>
      runOnWorkers(episodes, 1, { data, signal, onRow }),
    );
    onScore(result, at);
  }
}
