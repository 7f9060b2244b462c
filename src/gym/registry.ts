import { EnvVersionError, ModewiseError, UnregisteredEnvError, UsageError } from '../errors.ts';
import { didYouMean } from '../nearest-name.ts';
import type { Env } from './env.ts';
import { OrderEnforcing } from './wrappers/order-enforcing.ts';
import { TimeLimit } from './wrappers/time-limit.ts';

/** Arguments of an environment's constructor, as plain JSON. */
export type EnvKwargs = Readonly<Record<string, unknown>>;

/** Constructs an environment; what had to be loaded for it has been loaded. The spec is kept as `env.spec`. */
export type EnvFactory = (kwargs: EnvKwargs, spec: EnvSpec) => Env;

/** Facts about a registered environment, as plain JSON: what it takes to make the same one again. */
export interface EnvSpec {
  /** `(namespace/)Name-vN`. */
  readonly id: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly version: number;
  /** One sentence for listings. */
  readonly description: string;
  /** Steps after which `TimeLimit` truncates; null for no limit. */
  readonly maxEpisodeSteps: number | null;
  /** Whether `make` wraps in `OrderEnforcing`. */
  readonly orderEnforce: boolean;
  /** Whether the same seed and actions may give other trajectories. */
  readonly nondeterministic: boolean;
  /** Return from which the task counts as solved; null where none is stated. */
  readonly rewardThreshold: number | null;
  readonly kwargs: EnvKwargs;
}

/** What `register` takes: only the id and the entry point are needed. */
export interface EnvRegistration extends Partial<Omit<EnvSpec, 'id' | 'namespace' | 'name' | 'version'>> {
  /** `(namespace/)Name-vN`. A change of behaviour is a new version. */
  readonly id: string;
  /** Loads the environment's module, on the first `make`. */
  readonly entry: () => Promise<EnvFactory>;
}

/** Overrides of one `make`. */
export interface MakeOptions {
  /** Constructor arguments, over those of the registration. */
  readonly kwargs?: EnvKwargs;
  /** Time limit in control steps; null for none. */
  readonly maxEpisodeSteps?: number | null;
}

interface Registered {
  readonly spec: EnvSpec;
  readonly entry: () => Promise<EnvFactory>;
}

const registered = new Map<string, Registered>();
const idForm = /^(?:(?<namespace>[\w:-]+)\/)?(?<name>[\w:.-]+?)(?:-v(?<version>\d+))?$/;

interface ParsedId {
  readonly namespace: string | null;
  readonly name: string;
  readonly version: number | null;
}

function parseId(id: string): ParsedId | null {
  const groups = idForm.exec(id)?.groups;
  if (groups?.name === undefined) return null;
  const version = groups.version === undefined ? null : Number(groups.version);
  return { namespace: groups.namespace ?? null, name: groups.name, version };
}

/**
 * Makes an environment known under its id.
 *
 * @throws UsageError when the id is not of the form `(namespace/)Name-vN` or is taken.
 * @example
 * register({ id: 'Avoiding-v0', entry: async () => (await import('./avoiding/env.ts')).avoiding, maxEpisodeSteps: 250 });
 */
export function register(registration: EnvRegistration): void {
  const { entry, id } = registration;
  const parsed = parseId(id);
  if (parsed === null || parsed.version === null) {
    throw new UsageError({
      what: 'An environment id is malformed',
      found: `'${id}'`,
      expected: "(namespace/)Name-vN, e.g. 'Avoiding-v0'",
    });
  }
  if (registered.has(id)) {
    throw new UsageError({ what: `'${id}' is registered already`, remedy: 'register the next version' });
  }
  const { namespace, name, version } = parsed;
  const spec: EnvSpec = {
    id,
    namespace,
    name,
    version,
    description: registration.description ?? '',
    maxEpisodeSteps: registration.maxEpisodeSteps ?? null,
    orderEnforce: registration.orderEnforce ?? true,
    nondeterministic: registration.nondeterministic ?? false,
    rewardThreshold: registration.rewardThreshold ?? null,
    kwargs: registration.kwargs ?? {},
  };
  registered.set(id, { spec, entry });
}

/** Takes an environment out of the registry, for tests and plug-ins; says whether it was there. */
export function unregister(id: string): boolean {
  return registered.delete(id);
}

/**
 * Finds what is registered under an id. An id without `-vN` means the newest version, as in Gymnasium.
 *
 * @throws EnvVersionError when the environment exists in other versions only; UnregisteredEnvError when it does not.
 */
function find(id: string): Registered {
  const exact = registered.get(id);
  if (exact !== undefined) return exact;
  const parsed = parseId(id);
  const versions = [...registered.values()]
    .filter(({ spec }) => spec.name === parsed?.name && spec.namespace === parsed.namespace)
    .sort((a, b) => a.spec.version - b.spec.version);
  const newest = versions.at(-1);
  if (newest === undefined) {
    throw new UnregisteredEnvError({
      what: `No environment is registered as '${id}'`,
      remedy: registered.size === 0 ? 'import envs/index.ts first' : didYouMean(id, registered.keys()),
    });
  }
  if (parsed?.version === null) return newest;
  throw new EnvVersionError({
    what: `'${newest.spec.name}' is not registered in version ${parsed?.version}`,
    found: `'${id}'`,
    expected: `one of: ${versions.map(({ spec }) => spec.id).join(', ')}`,
    remedy: `did you mean '${newest.spec.id}'?`,
  });
}

/**
 * Returns the facts about a registered environment; plain JSON, and what `make` also takes.
 *
 * @throws EnvVersionError or UnregisteredEnvError when the id is unknown.
 */
export function spec(id: string): EnvSpec {
  return find(id).spec;
}

/** Lists all registered environments by id. */
export function list(): readonly EnvSpec[] {
  return [...registered.values()].map(({ spec }) => spec).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * Makes an environment as `TimeLimit<OrderEnforcing<Env>>`.
 *
 * @param idOrSpec - an id, or a spec as `env.spec` holds it: then its limit and arguments are used.
 * @throws EnvVersionError or UnregisteredEnvError when the id is unknown; what the environment's constructor throws.
 * @example
 * const env = await make('Avoiding-v0');
 * const { observation } = env.reset({ seed: 0 });
 */
export async function make(idOrSpec: string | EnvSpec, options: MakeOptions = {}): Promise<Env> {
  const { spec: found, entry } = find(typeof idOrSpec === 'string' ? idOrSpec : idOrSpec.id);
  const base = typeof idOrSpec === 'string' ? found : idOrSpec;
  const maxEpisodeSteps =
    options.maxEpisodeSteps === undefined ? base.maxEpisodeSteps : options.maxEpisodeSteps;
  const resolved: EnvSpec = { ...base, maxEpisodeSteps, kwargs: { ...base.kwargs, ...options.kwargs } };
  const factory = await entry().catch((error: unknown) => {
    if (error instanceof ModewiseError) throw error;
    throw new ModewiseError(
      { what: `The module of '${base.id}' could not be loaded`, found: String(error) },
      { cause: error },
    );
  });
  let env = factory(resolved.kwargs, resolved);
  if (resolved.orderEnforce) env = new OrderEnforcing(env);
  if (resolved.maxEpisodeSteps !== null) env = new TimeLimit(env, resolved.maxEpisodeSteps);
  return env;
}
