import { UsageError } from '../../errors.ts';
import { checkAction } from '../check-action.ts';
import type { Env, StepResult } from '../env.ts';
import { Box, type BoxArray, type BoxDtype } from '../spaces/box.ts';
import { requireBox } from './require-box.ts';
import { Wrapper } from './wrapper.ts';

/** The range that {@link RescaleAction} offers. */
export interface RescaleActionOptions {
  /** Lower bounds of the outer action space: one for all elements, or one each; -1 where left out. */
  readonly minAction?: number | readonly number[];
  /** Upper bounds of the outer action space; 1 where left out. */
  readonly maxAction?: number | readonly number[];
}

/** Maps actions from a range of one's choice linearly onto the bounds of the inner action space. */
export class RescaleAction<O = unknown> extends Wrapper<O, BoxArray> {
  override readonly actionSpace: Box<BoxDtype>;
  readonly #inner: Box<BoxDtype>;
  readonly #options: Required<RescaleActionOptions>;

  /**
   * @throws UsageError when the action space is not a bounded Box of floats; SpaceError when the range does not fit
   * its shape; UsageError when the range is empty or not finite.
   */
  constructor(env: Env<O, BoxArray>, options: RescaleActionOptions = {}) {
    super(env);
    this.#options = { minAction: options.minAction ?? -1, maxAction: options.maxAction ?? 1 };
    this.#inner = requireBox('RescaleAction', 'actionSpace', env.actionSpace);
    const { dtype, shape } = this.#inner;
    const { minAction: low, maxAction: high } = this.#options;
    this.actionSpace = new Box<BoxDtype>({ low, high, shape, dtype });
    const finite = (values: BoxArray) => values.every((value: number) => Number.isFinite(value));
    const spaces = [this.#inner, this.actionSpace];
    const ordered = this.actionSpace.low.every((value, i) => value < (this.actionSpace.high[i] as number));
    if (
      !dtype.startsWith('float') ||
      !ordered ||
      !spaces.every((box) => finite(box.low) && finite(box.high))
    ) {
      throw new UsageError({
        what: 'RescaleAction needs two bounded ranges of floats',
        found: `${JSON.stringify(this.#inner)} from ${JSON.stringify(this.#options)}`,
        expected: 'finite bounds, minAction < maxAction',
      });
    }
  }

  protected override wrapperKwargs() {
    return { ...this.#options };
  }

  /** @throws InvalidActionError when the action is not in the outer action space. */
  override step(action: BoxArray): StepResult<O> {
    checkAction(this.actionSpace, action);
    const { low, high } = this.#inner;
    const outer = this.actionSpace;
    const rescaled = this.#inner.zeros();
    for (let i = 0; i < rescaled.length; i++) {
      const from = outer.low[i] as number;
      const share = ((action[i] as number) - from) / ((outer.high[i] as number) - from);
      const value = (low[i] as number) + share * ((high[i] as number) - (low[i] as number));
      // rounding must not leave the bounds
      rescaled[i] = Math.min(Math.max(value, low[i] as number), high[i] as number);
    }
    return super.step(rescaled);
  }
}
