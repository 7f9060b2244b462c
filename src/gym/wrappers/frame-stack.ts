import { UsageError } from '../../errors.ts';
import type { Env, ResetOptions, ResetResult, StepResult } from '../env.ts';
import { Box, type BoxArray, type BoxDtype } from '../spaces/box.ts';
import { requireBox } from './require-box.ts';
import { Wrapper } from './wrapper.ts';

/** How {@link FrameStack} stacks. */
export interface FrameStackOptions {
  /** Observations in a stack. */
  readonly stackSize: number;
  /** What fills the stack before enough was observed: the first observation, or zeros; 'reset' where left out. */
  readonly paddingType?: 'reset' | 'zero';
}

/** Returns the latest observations together, oldest first, shape [stackSize, ...inner shape]. */
export class FrameStack<A = unknown> extends Wrapper<BoxArray, A> {
  override readonly observationSpace: Box<BoxDtype>;
  readonly #options: Required<FrameStackOptions>;
  #stack: BoxArray;

  /** @throws UsageError when observations are not of a Box, or an option is out of range. */
  constructor(env: Env<BoxArray, A>, options: FrameStackOptions) {
    super(env);
    this.#options = { stackSize: options.stackSize, paddingType: options.paddingType ?? 'reset' };
    const { stackSize, paddingType } = this.#options;
    const inner = requireBox('FrameStack', 'observationSpace', env.observationSpace);
    const known = ['reset', 'zero'].includes(paddingType);
    if (!Number.isSafeInteger(stackSize) || stackSize < 1 || !known) {
      throw new UsageError({
        what: 'FrameStack cannot stack like this',
        found: JSON.stringify(this.#options),
        expected: "a whole stackSize of at least 1, and paddingType 'reset' or 'zero'",
      });
    }
    const zero = paddingType === 'zero' ? 0 : null;
    const repeated = (bound: BoxArray, clamp: (value: number) => number) =>
      Array.from({ length: stackSize }, () => Array.from(bound as ArrayLike<number>, clamp)).flat();
    this.observationSpace = new Box<BoxDtype>({
      // zeros that pad the stack must be members too
      low: repeated(inner.low, (low) => Math.min(low, zero ?? low)),
      high: repeated(inner.high, (high) => Math.max(high, zero ?? high)),
      shape: [stackSize, ...inner.shape],
      dtype: inner.dtype,
    });
    this.#stack = this.observationSpace.zeros();
  }

  protected override wrapperKwargs() {
    return { ...this.#options };
  }

  override reset(options?: ResetOptions): ResetResult<BoxArray> {
    const { observation, info } = this.env.reset(options);
    const { stackSize, paddingType } = this.#options;
    this.#stack = this.observationSpace.zeros();
    for (let i = paddingType === 'zero' ? stackSize - 1 : 0; i < stackSize; i++) {
      this.#stack.set(observation, i * observation.length);
    }
    return { observation: this.#stack, info };
  }

  override step(action: A): StepResult<BoxArray> {
    const result = this.env.step(action);
    const size = result.observation.length;
    const stack = this.observationSpace.zeros();
    stack.set(this.#stack.subarray(size));
    stack.set(result.observation, stack.length - size);
    this.#stack = stack;
    return { ...result, observation: stack };
  }
}
