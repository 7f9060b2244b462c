import type { Env, EnvMetadata, ResetOptions, ResetResult, StepResult } from '../env.ts';
import type { EnvSpec } from '../registry.ts';
import type { Space } from '../spaces/space.ts';

/**
 * Passes everything on to an inner environment; a wrapper overrides what it changes.
 *
 * A wrapper that changes the type of observations or actions (outer `O`, `A`; inner `IO`, `IA`) must override the
 * space and the methods concerned.
 */
export abstract class Wrapper<O = unknown, A = unknown, IO = O, IA = A> implements Env<O, A> {
  /** The wrapped environment. */
  readonly env: Env<IO, IA>;

  constructor(env: Env<IO, IA>) {
    this.env = env;
  }

  get observationSpace(): Space<O> {
    return this.env.observationSpace as unknown as Space<O>;
  }

  get actionSpace(): Space<A> {
    return this.env.actionSpace as unknown as Space<A>;
  }

  get metadata(): EnvMetadata {
    return this.env.metadata;
  }

  get spec(): EnvSpec | null {
    return this.env.spec;
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

  /** Shows the stack of wrappers, e.g. `TimeLimit<OrderEnforcing<Avoiding-v0>>`. */
  toString(): string {
    const inner =
      this.env instanceof Wrapper ? String(this.env) : (this.spec?.id ?? this.env.constructor.name);
    return `${this.constructor.name}<${inner}>`;
  }
}
