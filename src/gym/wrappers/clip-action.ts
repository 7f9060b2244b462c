import { checkAction } from '../check-action.ts';
import type { Env, StepResult } from '../env.ts';
import { Box, type BoxArray, type BoxDtype } from '../spaces/box.ts';
import { requireBox } from './require-box.ts';
import { Wrapper } from './wrapper.ts';

/** Clips actions to the bounds of the inner action space; the outer one has no bounds where the element type allows. */
export class ClipAction<O = unknown> extends Wrapper<O, BoxArray> {
  override readonly actionSpace: Box<BoxDtype>;
  readonly #inner: Box<BoxDtype>;

  /** @throws UsageError when the action space is not a Box. */
  constructor(env: Env<O, BoxArray>) {
    super(env);
    this.#inner = requireBox('ClipAction', 'actionSpace', env.actionSpace);
    const { dtype, shape } = this.#inner;
    const isFloat = dtype === 'float32' || dtype === 'float64';
    const [low, high] = dtype === 'uint8' ? [0, 255] : [-(2 ** 31), 2 ** 31 - 1];
    this.actionSpace = new Box<BoxDtype>({
      low: isFloat ? -Infinity : low,
      high: isFloat ? Infinity : high,
      shape,
      dtype,
    });
  }

  protected override wrapperKwargs() {
    return {};
  }

  /** @throws InvalidActionError when the action is of another type or length, or holds what is not a number. */
  override step(action: BoxArray): StepResult<O> {
    checkAction(this.actionSpace, action);
    const { low, high } = this.#inner;
    const clipped = action.slice();
    for (let i = 0; i < clipped.length; i++) {
      clipped[i] = Math.min(Math.max(clipped[i] as number, low[i] as number), high[i] as number);
    }
    return super.step(clipped);
  }
}
