import { UsageError } from '../../errors.ts';
import type { Env, EnvMetadata, RenderFrame, ResetOptions, ResetResult, StepResult } from '../env.ts';
import type { EnvKwargs, EnvSpec } from '../env-spec.ts';
import type { Space } from '../spaces/space.ts';

/**
 * Passes everything on to an inner environment; a wrapper overrides what it changes.
 *
 * A wrapper that changes the type of observations or actions (outer `O`, `A`; inner `IO`, `IA`) must override the
 * space and the methods concerned. There is no `stepInto` here: it would pass by a subclass that overrides `step`.
 */
export abstract class Wrapper<O = unknown, A = unknown, IO = O, IA = A> implements Env<O, A> {
  /** The wrapped environment. */
  readonly env: Env<IO, IA>;
  readonly observationSpace: Space<O>;
  readonly actionSpace: Space<A>;
  #innerSpec: EnvSpec | null = null;
  #spec: EnvSpec | null = null;

  constructor(env: Env<IO, IA>) {
    this.env = env;
    this.observationSpace = env.observationSpace as unknown as Space<O>;
    this.actionSpace = env.actionSpace as unknown as Space<A>;
  }

  get metadata(): EnvMetadata {
    return this.env.metadata;
  }

  /** The inner spec with this wrapper added, so that `make(env.spec)` makes the whole stack again. */
  get spec(): EnvSpec | null {
    const inner = this.env.spec;
    const kwargs = this.wrapperKwargs();
    if (inner === null || kwargs === undefined) return inner;
    if (this.#spec === null || this.#innerSpec !== inner) {
      this.#innerSpec = inner;
      this.#spec = inner.with({
        additionalWrappers: [...inner.additionalWrappers, { name: this.constructor.name, kwargs }],
      });
    }
    return this.#spec;
  }

  /**
   * States the arguments this wrapper was constructed with, for the spec: null where they are no JSON, undefined
   * where other fields of the spec imply the wrapper.
   */
  protected wrapperKwargs(): EnvKwargs | null | undefined {
    return null;
  }

  get renderMode(): string | null {
    return this.env.renderMode ?? null;
  }

  render(): RenderFrame {
    if (this.env.render !== undefined && this.renderMode !== null) return this.env.render();
    throw new UsageError({
      what: 'render was called on an environment that was made without a render mode',
      remedy: `make(id, { renderMode }) with one of: ${this.metadata.renderModes.join(', ') || 'none exists'}`,
    });
  }

  get unwrapped(): Env<unknown, unknown> {
    return this.env.unwrapped;
  }

  reset(options?: ResetOptions): ResetResult<O> {
    return this.env.reset(options) as ResetResult<unknown> as ResetResult<O>;
  }

  step(action: A): StepResult<O> {
    return this.env.step(action as unknown as IA) as StepResult<unknown> as StepResult<O>;
  }

  close(): void {
    this.env.close();
  }

  /** Shows the stack of wrappers, e.g. `TimeLimit<OrderEnforcing<PassiveEnvChecker<Avoiding-v0>>>`. */
  toString(): string {
    const inner =
      this.env instanceof Wrapper ? String(this.env) : (this.env.spec?.id ?? this.env.constructor.name);
    return `${this.constructor.name}<${inner}>`;
  }
}
