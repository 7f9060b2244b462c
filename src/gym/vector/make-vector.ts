import { availableParallelism } from 'node:os';
import { UsageError } from '../../errors.ts';
import type { WrapperSpec } from '../env-spec.ts';
import { EnvSpec, type MakeOptions, make, makeOptions, registrationModule, spec } from '../registry.ts';
import { requireOptions } from '../require-options.ts';
import { SyncVectorEnv } from './sync-vector-env.ts';
import type { AutoresetMode, VectorEnv } from './vector-env.ts';
import { WorkerVectorEnv } from './worker-vector-env.ts';

/** How {@link makeVector} makes a vector. */
export interface MakeVectorOptions extends MakeOptions {
  /** Number of environments; 1 where left out. */
  readonly numEnvs?: number;
  /** Whether environments run in this thread or on worker threads; 'sync' where left out. */
  readonly mode?: 'sync' | 'workers';
  /** Number of threads in the mode 'workers'; one per processor where left out, at most one per environment. */
  readonly workers?: number;
  /** When episodes begin anew; 'NextStep' where left out. */
  readonly autoreset?: AutoresetMode;
  /** Wrappers around each environment, innermost first, after those of the spec. */
  readonly wrappers?: readonly WrapperSpec[];
  /** URLs of modules that a worker imports to know the id; the registering module where left out. */
  readonly modules?: readonly string[];
}

const vectorOptions = ['numEnvs', 'mode', 'workers', 'autoreset', 'wrappers', 'modules'] as const;

function requireCount(name: string, value: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return;
  throw new UsageError({
    what: `The number of ${name === 'numEnvs' ? 'environments' : 'workers'} is out of range`,
    where: name,
    found: String(value),
    expected: Number.isFinite(most) ? `a whole number from 1 to ${most}` : 'a whole number of at least 1',
  });
}

function modulesOf(id: string, given: readonly string[] | undefined): readonly string[] {
  if (given !== undefined) return given;
  const module = registrationModule(id);
  if (module !== null) return [module];
  throw new UsageError({
    what: `'${id}' cannot be made in a worker: nothing says which module registers it`,
    remedy: 'register({ …, module: import.meta.url }), or give makeVector the modules to import',
  });
}

/**
 * Makes a vector of one registered environment. The same seeds and actions give the same numbers in both modes and
 * with any number of workers.
 *
 * @param idOrSpec - as for `make`.
 * @throws UsageError when an option is out of range or unknown; what `make` throws.
 * @example
 * const vector = await makeVector('Avoiding-v0', { numEnvs: 8, mode: 'workers', workers: 2 });
 * let { observations } = vector.reset({ seed: 0 });
 * ({ observations } = vector.step(vector.actionSpace.sample()));
 * await vector.close();
 */
export async function makeVector(
  idOrSpec: string | EnvSpec,
  options: MakeVectorOptions = {},
): Promise<VectorEnv> {
  requireOptions('makeVector', options, [...makeOptions, ...vectorOptions]);
  const {
    autoreset = 'NextStep',
    mode = 'sync',
    modules: given,
    numEnvs = 1,
    workers: wanted,
    wrappers = [],
    ...single
  } = options;
  requireCount('numEnvs', numEnvs, Number.POSITIVE_INFINITY);
  const base = typeof idOrSpec === 'string' ? spec(idOrSpec) : EnvSpec.fromJSON(idOrSpec);
  const wrapped = base.with({ additionalWrappers: [...base.additionalWrappers, ...wrappers] });
  switch (mode) {
    case 'sync':
      return new SyncVectorEnv(
        await Promise.all(Array.from({ length: numEnvs }, () => make(wrapped, single))),
        { autoreset },
      );
    case 'workers': {
      const workers = wanted ?? Math.min(numEnvs, availableParallelism());
      requireCount('workers', workers, numEnvs);
      const modules = modulesOf(base.id, given);
      return WorkerVectorEnv.open(await make(wrapped, single), { numEnvs, workers, autoreset, modules });
    }
    default:
      throw new UsageError({
        what: 'There is no such vector mode',
        where: 'mode',
        found: String(mode satisfies never),
        expected: 'sync, workers',
      });
  }
}
