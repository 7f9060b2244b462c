import { describe, expect, it } from 'vitest';
import { EnvCheckError } from '../../../src/errors.ts';
import { checkEnv } from '../../../src/gym/check-env.ts';
import type {
  Env,
  RenderFrame,
  ResetOptions,
  ResetResult,
  StepResult,
  StepTarget,
} from '../../../src/gym/env.ts';
import { Box } from '../../../src/gym/spaces/box.ts';
import { Rng } from '../../../src/random.ts';
import { ToyEnv } from './toy-env.ts';

/** A generator shared by all environments, as a global one is: what makes resets depend on who ran before. */
const shared = Rng.fromSeed('shared by all environments');

class IgnoresSeed extends ToyEnv {
  override reset(): ResetResult<Float32Array> {
    return { observation: new Float32Array([shared.uniform(-0.5, 0.5)]), info: {} };
  }
}

class ForgetsGenerator extends ToyEnv {
  override reset(options: ResetOptions = {}): ResetResult<Float32Array> {
    return options.seed === undefined ? super.reset({ seed: shared.seed() }) : super.reset(options);
  }
}

class NoisyStep extends ToyEnv {
  override step(action: Float32Array): StepResult<Float32Array> {
    return { ...super.step(action), reward: shared.uniform() };
  }
}

class LeavesItsSpace extends ToyEnv {
  override step(action: Float32Array): StepResult<Float32Array> {
    return { ...super.step(action), observation: new Float32Array([1.5]) };
  }
}

class ReusesItsArray extends ToyEnv {
  readonly #array = new Float32Array(1);
  override reset(options?: ResetOptions): ResetResult<Float32Array> {
    this.#array.set(super.reset(options).observation);
    return { observation: this.#array, info: {} };
  }
  override step(action: Float32Array): StepResult<Float32Array> {
    const result = super.step(action);
    this.#array.set(result.observation);
    return { ...result, observation: this.#array };
  }
}

class TellsNoEnd extends ToyEnv {
  override step(action: Float32Array): StepResult<Float32Array> {
    const { terminated: _, ...rest } = super.step(action);
    return rest as StepResult<Float32Array>;
  }
}

class RewardsNaN extends ToyEnv {
  override step(action: Float32Array): StepResult<Float32Array> {
    return { ...super.step(action), reward: Number.NaN };
  }
}

class SwallowsBadActions extends ToyEnv {
  override step(action: Float32Array): StepResult<Float32Array> {
    return super.step(this.actionSpace.contains(action) ? action : new Float32Array(1));
  }
}

class RefusesOptions extends ToyEnv {
  override reset(options: ResetOptions = {}): ResetResult<Float32Array> {
    if (options.options !== undefined) throw new Error('no options here');
    return super.reset(options);
  }
}

class RefillsItsFirstObservation extends ToyEnv {
  readonly #array = new Float32Array(1);
  override reset(): ResetResult<Float32Array> {
    this.#array.set(super.reset({ seed: shared.seed() }).observation);
    return { observation: this.#array, info: {} };
  }
}

class LeavesFlagsUnwritten extends ToyEnv {
  stepInto(action: Float32Array, target: StepTarget<Float32Array>): void {
    const { info, observation, reward } = this.step(action);
    Object.assign(target, { info, observation, reward });
  }
}

class InformsByFunction extends ToyEnv {
  override step(action: Float32Array): StepResult<Float32Array> {
    return { ...super.step(action), info: { distance: () => 1 } };
  }
}

class NoisyCycle extends ToyEnv {
  override step(action: Float32Array): StepResult<Float32Array> {
    const info: Record<string, unknown> = { noise: shared.uniform() };
    return { ...super.step(action), info: Object.assign(info, { self: info }) };
  }
}

class HasNoUnwrapped extends ToyEnv {
  override get unwrapped(): Env {
    return undefined as unknown as Env;
  }
}

class FailsToClose extends ToyEnv {
  override close(): void {
    throw new Error('the door sticks');
  }
}

class ClosesOnce extends ToyEnv {
  override close(): void {
    if (this.closed++ > 0) throw new Error('closed already');
  }
}

class StepsOtherwiseInPlace extends ToyEnv {
  stepInto(action: Float32Array, target: StepTarget<Float32Array>): void {
    Object.assign(target, this.step(action), { reward: 1 });
  }
}

class ChangesTheAction extends ToyEnv {
  override step(action: Float32Array): StepResult<Float32Array> {
    const result = super.step(action);
    action[0] = 0;
    return result;
  }
}

class AcceptsLongActions extends ToyEnv {
  override step(action: Float32Array): StepResult<Float32Array> {
    return super.step(action.length > 1 ? action.slice(0, 1) : action);
  }
}

class DrawsTooLittle extends ToyEnv {
  override readonly metadata = { renderModes: ['rgb_array'] as never[], renderFps: 10 };
  readonly renderMode = 'rgb_array';
  render(): RenderFrame {
    return { shape: [2, 2, 3], data: new Uint8Array(11) };
  }
}

class DrawsUnstatedMode extends ToyEnv {
  readonly renderMode = 'svg';
}

class HasNoRate extends ToyEnv {
  override readonly metadata = { renderModes: [], renderFps: 0 };
}

class Unbounded extends ToyEnv {
  override readonly observationSpace = new Box({ low: -Infinity, high: Infinity, shape: [1] });
}

describe('checkEnv', () => {
  it('passes a sound environment, closes it, and has nothing to say', () => {
    const env = new ToyEnv();
    expect(checkEnv(env)).toEqual({ warnings: [] });
    expect(env.closed).toBe(2);
  });

  it('warns of what is allowed but unusual', () => {
    expect(checkEnv(new Unbounded()).warnings).toEqual(['observationSpace: index 0 is not bounded']);
  });

  it.each([
    [IgnoresSeed, /Two resets with the seed 0 gave different observations/],
    [ForgetsGenerator, /reset without a seed that followed/],
    [NoisyStep, /same seed and actions gave different results at step 1/],
    [LeavesItsSpace, /observation of step is not in observationSpace[\s\S]*1\.5 is above/],
    [ReusesItsArray, /changed an observation that it had returned before/],
    [TellsNoEnd, /'terminated' of step is not a boolean/],
    [RewardsNaN, /reward of step is not a finite number/],
    [SwallowsBadActions, /accepted an action outside the action space[\s\S]*NaN/],
    [RefusesOptions, /An error was thrown when reset[\s\S]*no options here/],
    [RefillsItsFirstObservation, /reset changed an observation that it had returned before/],
    [LeavesFlagsUnwritten, /stepInto and step gave different results at step 1/],
    [InformsByFunction, /What step returned cannot be copied/],
    [NoisyCycle, /same seed and actions gave different results at step 1/],
    [HasNoUnwrapped, /unwrapped is not the innermost environment/],
    [FailsToClose, /An error was thrown when close was called[\s\S]*the door sticks/],
    [ClosesOnce, /close was called a second time/],
    [HasNoRate, /metadata is incomplete/],
    [StepsOtherwiseInPlace, /stepInto and step gave different results at step 1/],
    [ChangesTheAction, /step changed the action that it was given/],
    [AcceptsLongActions, /accepted an action outside the action space[\s\S]*length 1/],
    [DrawsTooLittle, /did not return pixels[\s\S]*11 bytes/],
    [DrawsUnstatedMode, /render mode is none that metadata states/],
  ])('finds the breach of %o', (Broken, reason) => {
    expect(() => checkEnv(new Broken())).toThrow(EnvCheckError);
    expect(() => checkEnv(new Broken())).toThrow(reason);
  });
});
