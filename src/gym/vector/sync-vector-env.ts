import { UsageError } from '../../errors.ts';
import type { Env, Info, RenderFrame, ResetOptions } from '../env.ts';
import { type LaneListener, Lanes, type ResultSets } from './lanes.ts';
import { createMemberBatch, type MemberBatch } from './member-batch.ts';
import { ResultSet } from './result-set.ts';
import { VectorBase } from './vector-base.ts';
import type { AutoresetMode } from './vector-env.ts';

/** N environments stepped one after the other in this thread. */
export class SyncVectorEnv extends VectorBase {
  readonly #lanes: Lanes;
  readonly #actions: MemberBatch;
  readonly #listener: LaneListener;

  /**
   * @param envs - the environments, all alike; the vector closes them.
   * @throws UsageError when there are none or they differ in their spaces, or the mode is none.
   * @example
   * const envs = await Promise.all(Array.from({ length: 8 }, () => make('Avoiding-v0')));
   * const vector = new SyncVectorEnv(envs);
   */
  constructor(envs: readonly Env[], options: { readonly autoreset?: AutoresetMode } = {}) {
    const single = requireAlike(envs);
    const memory = { allocate: (bytes: number) => new ArrayBuffer(bytes), shared: false };
    const numEnvs = envs.length;
    const set = () => new ResultSet(single.observationSpace, numEnvs, memory);
    const sets: ResultSets = [set(), set()];
    const autoreset = options.autoreset ?? 'NextStep';
    super(single, { numEnvs, autoreset, sets });
    this.#lanes = new Lanes(envs, sets, { mode: autoreset, first: 0 });
    this.#actions = createMemberBatch(single.actionSpace, numEnvs, memory);
    this.#listener = {
      info: (i: number, info: Info) => this.infos.set(i, info),
      failure: (i: number, error: unknown) => this.failure(i, error),
    };
  }

  protected resetInto(which: 0 | 1, options: readonly (ResetOptions | null)[]): void {
    this.#lanes.reset(which, options, this.#listener);
  }

  protected stepInto(which: 0 | 1, actions: unknown): void {
    this.#actions.writeAll(actions);
    this.#lanes.step(which, this.#actions, this.#listener);
  }

  render(): readonly RenderFrame[] {
    this.requireOpen();
    return this.#lanes.render();
  }

  protected async release(): Promise<void> {
    this.#lanes.close();
  }
}

function requireAlike(envs: readonly Env[]): Env {
  const [single] = envs;
  if (single === undefined) throw new UsageError({ what: 'A vector needs at least one environment' });
  for (const name of ['observationSpace', 'actionSpace'] as const) {
    const expected = JSON.stringify(single[name]);
    const at = envs.findIndex((env) => JSON.stringify(env[name]) !== expected);
    if (at < 0) continue;
    throw new UsageError({
      what: 'The environments of a vector differ in their spaces',
      where: `${name} of environment ${at}`,
      found: JSON.stringify(envs[at]?.[name]),
      expected,
    });
  }
  return single;
}
