import { checkAction } from '../../../src/gym/check-action.ts';
import type { Env, ResetOptions, ResetResult, StepResult } from '../../../src/gym/env.ts';
import type { EnvKwargs, EnvSpec } from '../../../src/gym/registry.ts';
import { EnvRandomness } from '../../../src/gym/seeding.ts';
import { Box } from '../../../src/gym/spaces/box.ts';

/** A point on a line that starts at random and moves by its action; the simplest environment with a random start. */
export class ToyEnv implements Env<Float32Array, Float32Array> {
  readonly observationSpace = new Box({ low: -1, high: 1, shape: [1] });
  readonly actionSpace = new Box({ low: -0.1, high: 0.1, shape: [1] });
  readonly metadata = { renderModes: [], renderFps: 10 };
  readonly kwargs: EnvKwargs;
  readonly spec: EnvSpec | null;
  protected readonly randomness = new EnvRandomness();
  protected position = 0;
  closed = 0;

  constructor(kwargs: EnvKwargs = {}, spec: EnvSpec | null = null) {
    this.kwargs = kwargs;
    this.spec = spec;
  }

  get unwrapped(): Env {
    return this as Env<unknown, unknown>;
  }

  reset(options: ResetOptions = {}): ResetResult<Float32Array> {
    this.position = this.randomness.begin(options.seed).uniform(-0.5, 0.5);
    return { observation: new Float32Array([this.position]), info: {} };
  }

  step(action: Float32Array): StepResult<Float32Array> {
    checkAction(this.actionSpace, action);
    this.position = Math.min(Math.max(this.position + (action[0] ?? 0), -1), 1);
    const terminated = Math.abs(this.position) >= 1;
    return {
      observation: new Float32Array([this.position]),
      reward: 0,
      terminated,
      truncated: false,
      info: {},
    };
  }

  close(): void {
    this.closed++;
  }
}
