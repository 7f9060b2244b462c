import { EnvVersionError, ModewiseError, UnregisteredEnvError, UsageError } from '../errors.ts';
import { didYouMean } from '../nearest-name.ts';
import type { Env, RenderFrame } from './env.ts';
import { type EnvKwargs, EnvSpec, type EnvSpecFields, parseId } from './env-spec.ts';
import { requireOptions } from './require-options.ts';
import { applyWrapper } from './wrappers/named.ts';
import { OrderEnforcing } from './wrappers/order-enforcing.ts';
import { PassiveEnvChecker } from './wrappers/passive-env-checker.ts';
import { Rendering } from './wrappers/rendering.ts';
import { TimeLimit } from './wrappers/time-limit.ts';

export { type EnvKwargs, EnvSpec, type WrapperSpec } from './env-spec.ts';

/**
 * Constructs an environment; what had to be loaded for it has been loaded. The spec is kept as `env.spec`, and the
 * render mode, where the environment draws itself, as `env.renderMode`.
 */
export type EnvFactory = (kwargs: EnvKwargs, spec: EnvSpec, renderMode: string | null) => Env;

/** Draws an environment's present state in one mode. */
export type Renderer = () => RenderFrame;

/** Prepares to draw an unwrapped environment in one of its render modes; may load what that takes. */
export type RendererFactory = (env: Env, renderMode: string) => Renderer | Promise<Renderer>;

/** What `register` takes: only the id and the entry point are needed. */
export interface EnvRegistration
  extends Partial<Omit<EnvSpecFields, 'id' | 'namespace' | 'name' | 'version'>> {
  /** `(namespace/)Name-vN`. A change of behaviour is a new version. */
  readonly id: string;
  /** Loads the environment's module, on the first `make`. */
  readonly entry: () => Promise<EnvFactory>;
  /** Draws the environment from outside; left out where it has a `render` of its own, or none. */
  readonly renderer?: RendererFactory;
  /** URL of the module that calls `register` (its `import.meta.url`): worker threads import it to know the id too. */
  readonly module?: string;
}

/** Overrides of one `make`. */
export interface MakeOptions {
  /** Constructor arguments, over those of the registration. */
  readonly kwargs?: EnvKwargs;
  /** Time limit in control steps; null for none. */
  readonly maxEpisodeSteps?: number | null;
  /** True leaves out the `PassiveEnvChecker`. */
  readonly disableEnvChecker?: boolean;
  /** How `render` draws; one of the environment's `metadata.renderModes`. */
  readonly renderMode?: string;
}

/** Names of the {@link MakeOptions}. */
export const makeOptions = ['kwargs', 'maxEpisodeSteps', 'disableEnvChecker', 'renderMode'] as const;

interface Registered {
  readonly spec: EnvSpec;
  readonly entry: () => Promise<EnvFactory>;
  readonly renderer: RendererFactory | null;
  readonly module: string | null;
}

const registered = new Map<string, Registered>();
/**
 * Makes an environment known under its id.
 *
 * @throws UsageError when the id is not of the form `(namespace/)Name-vN` or is taken.
 * @example
 * register({ id: 'Avoiding-v0', entry: async () => (await import('./avoiding/env.ts')).avoiding, maxEpisodeSteps: 250 });
 */
export function register(registration: EnvRegistration): void {
  const { renderer = null, module = null, entry, ...fields } = registration;
  const spec = new EnvSpec(fields);
  const { id } = spec;
  if (registered.has(id)) {
    throw new UsageError({ what: `'${id}' is registered already`, remedy: 'register the next version' });
  }
  registered.set(id, { spec, entry, renderer, module });
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
 * Returns the URL of the module that registered an environment; null where the registration does not say.
 *
 * @throws EnvVersionError or UnregisteredEnvError when the id is unknown.
 */
export function registrationModule(id: string): string | null {
  return find(id).module;
}

/** Requires that the environment knows the render mode it is asked for. */
function requireRenderMode(env: Env, renderMode: string): void {
  const { renderModes } = env.metadata;
  if (renderModes.includes(renderMode)) return;
  throw new UsageError({
    what: `'${env.spec?.id}' cannot draw in this render mode`,
    where: 'renderMode',
    found: `'${renderMode}'`,
    remedy: renderModes.length === 0 ? 'it has none' : didYouMean(renderMode, renderModes),
  });
}

/** Constructs the bare environment, drawn by its own `render` or by the registration's renderer. */
async function construct({ entry, renderer }: Registered, spec: EnvSpec, renderMode: string | null) {
  const factory = await entry().catch((error: unknown) => {
    if (error instanceof ModewiseError) throw error;
    throw new ModewiseError(
      { what: `The module of '${spec.id}' could not be loaded`, found: String(error) },
      { cause: error },
    );
  });
  const env = factory(spec.kwargs, spec, renderMode);
  if (renderMode === null) return env;
  requireRenderMode(env, renderMode);
  if (renderer !== null) return new Rendering(env, renderMode, await renderer(env, renderMode));
  if (env.renderMode === renderMode && env.render !== undefined) return env;
  throw new ModewiseError({
    what: `'${spec.id}' states a render mode that it does not draw in`,
    where: 'renderMode',
    found: `'${renderMode}'`,
    expected: 'a factory that takes the render mode and an environment with render, or a registered renderer',
  });
}

/**
 * Makes an environment as `TimeLimit<OrderEnforcing<PassiveEnvChecker<Env>>>`, with the additional wrappers of a spec
 * around it.
 *
 * @param idOrSpec - an id, or a spec as `env.spec` holds it: then its limit, arguments and wrappers are used.
 * @throws EnvVersionError or UnregisteredEnvError when the id is unknown; UsageError when the render mode or a
 * wrapper is; what the environment's constructor throws.
 * @example
 * const env = await make('Avoiding-v0');
 * const { observation } = env.reset({ seed: 0 });
 */
export async function make(idOrSpec: string | EnvSpecFields, options: MakeOptions = {}): Promise<Env> {
  requireOptions('make', options, makeOptions);
  requireOptions('make kwargs', options.kwargs, null);
  const found = find(typeof idOrSpec === 'string' ? idOrSpec : String(idOrSpec?.id));
  const base = typeof idOrSpec === 'string' ? found.spec : EnvSpec.fromJSON({ ...idOrSpec });
  const spec = base.with({
    maxEpisodeSteps: options.maxEpisodeSteps === undefined ? base.maxEpisodeSteps : options.maxEpisodeSteps,
    disableEnvChecker: options.disableEnvChecker ?? base.disableEnvChecker,
    kwargs: { ...base.kwargs, ...options.kwargs },
    additionalWrappers: [],
  });
  let env = await construct(found, spec, options.renderMode ?? null);
  if (!spec.disableEnvChecker) env = new PassiveEnvChecker(env);
  if (spec.orderEnforce) env = new OrderEnforcing(env);
  if (spec.maxEpisodeSteps !== null) env = new TimeLimit(env, spec.maxEpisodeSteps);
  for (const wrapper of base.additionalWrappers) env = applyWrapper(env, wrapper);
  return env;
}
