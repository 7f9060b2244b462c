import type { Env, RenderFrame, StepTarget } from '../env.ts';
import type { Renderer } from '../registry.ts';
import { stepInto } from '../step-into.ts';
import { Wrapper } from './wrapper.ts';

/** Gives an environment the `render` that its registration provides. */
export class Rendering<O = unknown, A = unknown> extends Wrapper<O, A> {
  readonly #renderMode: string;
  readonly #draw: Renderer;

  constructor(env: Env<O, A>, renderMode: string, draw: Renderer) {
    super(env);
    this.#renderMode = renderMode;
    this.#draw = draw;
  }

  protected override wrapperKwargs(): undefined {
    return undefined;
  }

  override get renderMode(): string {
    return this.#renderMode;
  }

  override render(): RenderFrame {
    return this.#draw();
  }

  stepInto(action: A, target: StepTarget<O>): void {
    stepInto(this.env, action, target);
  }
}
