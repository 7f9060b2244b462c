import type { EnvFailure } from '../../errors.ts';
import { InvalidActionError, ResetNeededError, UsageError, VectorEnvError } from '../../errors.ts';
import type { Env, EnvMetadata, RenderFrame, ResetOptions } from '../env.ts';
import type { EnvSpec } from '../env-spec.ts';
import { requireOptions } from '../require-options.ts';
import type { Space } from '../spaces/space.ts';
import { batchSpace } from './batch-space.ts';
import { InfoBatch } from './info-batch.ts';
import type { ResultSets } from './lanes.ts';
import type { ResultSet } from './result-set.ts';
import {
  type AutoresetMode,
  autoresetModes,
  type VectorEnv,
  type VectorResetOptions,
  type VectorResetResult,
  type VectorStepResult,
} from './vector-env.ts';

/** What one call returns, prepared once. */
interface Prepared {
  readonly infos: InfoBatch;
  readonly result: VectorStepResult<unknown>;
  /** Whether the infos of the latest call into this set have been brought up to date. */
  gathered: boolean;
}

/** What all kinds of vectors share: spaces, the checks of arguments, the two sets of results, errors. */
export abstract class VectorBase implements VectorEnv {
  readonly numEnvs: number;
  readonly autoresetMode: AutoresetMode;
  readonly metadata: EnvMetadata & { readonly autoresetMode: AutoresetMode };
  readonly spec: EnvSpec | null;
  readonly singleObservationSpace: Space<unknown>;
  readonly singleActionSpace: Space<unknown>;
  readonly observationSpace: Space<unknown>;
  readonly actionSpace: Space<unknown>;
  readonly #prepared: readonly [Prepared, Prepared];
  readonly #failures: EnvFailure[] = [];
  #which: 0 | 1 = 0;
  #begun = false;
  #closing: Promise<void> | null = null;

  /**
   * @param single - one of the environments, or one like them.
   * @throws UsageError when the number of environments or the mode is none.
   */
  constructor(
    single: Env,
    options: { readonly numEnvs: number; readonly autoreset: AutoresetMode; readonly sets: ResultSets },
  ) {
    const { autoreset, numEnvs, sets } = options;
    if (!autoresetModes.includes(autoreset)) {
      throw new UsageError({
        what: 'There is no such autoreset mode',
        where: 'autoreset',
        found: String(autoreset),
        expected: autoresetModes.join(', '),
      });
    }
    this.numEnvs = numEnvs;
    this.autoresetMode = autoreset;
    this.metadata = { ...single.metadata, autoresetMode: autoreset };
    this.spec = single.spec;
    this.singleObservationSpace = single.observationSpace;
    this.singleActionSpace = single.actionSpace;
    this.observationSpace = batchSpace(single.observationSpace, numEnvs);
    this.actionSpace = batchSpace(single.actionSpace, numEnvs);
    this.#prepared = [this.#prepare(sets[0], 0), this.#prepare(sets[1], 1)];
  }

  #prepare({ observations, rewards, terminations, truncations }: ResultSet, which: 0 | 1): Prepared {
    const infos = new InfoBatch(this.numEnvs);
    const gather = () => {
      const prepared = this.#prepared[which];
      if (!prepared.gathered) {
        prepared.gathered = true;
        this.gatherInfos(which, infos);
        infos.finish();
      }
      return infos.infos;
    };
    const arrays = { observations: observations.value, rewards, terminations, truncations };
    // an accessor: whoever does not look at the infos does not pay for them
    const result = Object.defineProperty(arrays, 'infos', { enumerable: true, get: gather });
    return { infos, result: result as VectorStepResult<unknown>, gathered: true };
  }

  /** Resets into a set; reports infos and failures through {@link info} and {@link failure} in the order of environments. */
  protected abstract resetInto(which: 0 | 1, options: readonly (ResetOptions | null)[]): void;
  /** Steps into a set, likewise. */
  protected abstract stepInto(which: 0 | 1, actions: unknown): void;
  /** Fills in the infos of the latest call into a set, unless the call itself has. */
  protected gatherInfos(_which: 0 | 1, _batch: InfoBatch): void {}
  abstract render(): readonly RenderFrame[];
  /** Releases the environments; called once. */
  protected abstract release(): Promise<void>;

  /** The infos of the call that is running. */
  protected get infos(): InfoBatch {
    return this.#prepared[this.#which].infos;
  }

  /** Takes note of an environment that threw during the call that is running. */
  protected failure(env: number, error: unknown): void {
    this.#failures.push({ env, error: error instanceof Error ? error : new Error(String(error)) });
  }

  /** @throws UsageError when the vector has been closed. */
  protected requireOpen(): void {
    if (this.#closing === null) return;
    throw new UsageError({ what: 'The vector is closed', where: String(this), remedy: 'make a new one' });
  }

  #begin(): 0 | 1 {
    this.#which = this.#which === 0 ? 1 : 0;
    this.#failures.length = 0;
    this.infos.clear();
    this.#prepared[this.#which].gathered = false;
    return this.#which;
  }

  #finish(call: string): VectorStepResult<unknown> {
    const { result } = this.#prepared[this.#which];
    const first = this.#failures[0];
    if (first === undefined) return result;
    const envs = this.#failures.map(({ env }) => env).join(', ');
    throw new VectorEnvError(
      {
        what: `${this.#failures.length} of ${this.numEnvs} environments threw in ${call}`,
        where: `environment ${envs}`,
        found: first.error.stack ?? first.error.message,
        remedy: 'the others took their step: catch this, read its result and go on',
      },
      [...this.#failures],
      result,
    );
  }

  reset(options: VectorResetOptions = {}): VectorResetResult<unknown> {
    this.requireOpen();
    requireOptions('reset', options, ['seed', 'options', 'mask']);
    requireOptions('reset options', options.options, null);
    const each = this.#eachReset(options);
    if (!this.#begun && each.includes(null)) {
      throw new ResetNeededError({
        what: 'Some environments of a vector were reset before all were',
        remedy: 'call reset() without a mask first',
      });
    }
    this.resetInto(this.#begin(), each);
    this.#begun = true;
    return this.#finish('reset');
  }

  #eachReset({ mask, options, seed }: VectorResetOptions): (ResetOptions | null)[] {
    const count = this.numEnvs;
    const seeds = typeof seed === 'number' ? null : seed;
    for (const [name, given] of [['seed', seeds] as const, ['mask', mask] as const]) {
      if (given === undefined || given === null || given.length === count) continue;
      throw new UsageError({
        what: `The ${name} does not fit the vector`,
        where: `reset({ ${name} })`,
        found: `${given.length} entries`,
        expected: `${count}, one per environment`,
      });
    }
    return Array.from({ length: count }, (_, i) => {
      if (mask !== undefined && Number(mask[i]) === 0) return null;
      const own = typeof seed === 'number' ? seed + i : seeds?.[i];
      if (own !== undefined && own !== null && !(Number.isSafeInteger(own) && own >= 0)) {
        throw new UsageError({
          what: 'A seed is not a whole number of at least 0',
          where: `reset({ seed }), environment ${i}`,
          found: String(own),
        });
      }
      return {
        ...(own === undefined || own === null ? {} : { seed: own }),
        ...(options === undefined ? {} : { options }),
      };
    });
  }

  step(actions: unknown): VectorStepResult<unknown> {
    this.requireOpen();
    if (!this.#begun) {
      throw new ResetNeededError({
        what: 'step was called before the first reset',
        remedy: 'call reset() to begin an episode in every environment',
      });
    }
    const reason = this.actionSpace.explain(actions);
    if (reason !== null) {
      throw new InvalidActionError({
        what: 'The actions are not a member of the batched action space; no environment has moved',
        where: 'step(actions)',
        found: reason,
        remedy: `give one action for each of the ${this.numEnvs} environments, clipped to vector.actionSpace`,
      });
    }
    this.stepInto(this.#begin(), actions);
    return this.#finish('step');
  }

  close(): Promise<void> {
    this.#closing ??= this.release();
    return this.#closing;
  }

  /** Names the vector, e.g. `SyncVectorEnv<Avoiding-v0 x 64>`. */
  toString(): string {
    return `${this.constructor.name}<${this.spec?.id ?? 'environment'} x ${this.numEnvs}>`;
  }
}
