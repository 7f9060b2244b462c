import { checkAction } from '../../src/gym/check-action.ts';
import type { Env, Info, ResetOptions, ResetResult, StepResult, StepTarget } from '../../src/gym/env.ts';
import type { EnvKwargs, EnvSpec } from '../../src/gym/env-spec.ts';
import { register } from '../../src/gym/registry.ts';
import { EnvRandomness } from '../../src/gym/seeding.ts';
import { Box } from '../../src/gym/spaces/box.ts';
import { Dict } from '../../src/gym/spaces/dict.ts';
import { Discrete } from '../../src/gym/spaces/discrete.ts';
import { MultiBinary } from '../../src/gym/spaces/multi-binary.ts';
import type { Space } from '../../src/gym/spaces/space.ts';
import { Text } from '../../src/gym/spaces/text.ts';
import { Tuple } from '../../src/gym/spaces/tuple.ts';
import type { Rng } from '../../src/random.ts';

/** More values than fit into the shared cells of one environment. */
function wideInfo(value: number): Info {
  return Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`key ${i}`, value * i]));
}

/** What both toys share: a random walk whose episodes last about ten steps, and infos of every kind. */
abstract class Walk<O, A> implements Env<O, A> {
  abstract readonly observationSpace: Space<O>;
  abstract readonly actionSpace: Space<A>;
  readonly metadata = { renderModes: [], renderFps: 10 };
  readonly kwargs: EnvKwargs;
  readonly spec: EnvSpec | null;
  readonly #randomness = new EnvRandomness();
  protected rng: Rng | null = null;
  protected position = 0;
  protected steps = 0;

  constructor(kwargs: EnvKwargs, spec: EnvSpec | null) {
    this.kwargs = kwargs;
    this.spec = spec;
  }

  get unwrapped(): Env {
    return this as Env<unknown, unknown>;
  }

  protected abstract observe(): O;
  protected abstract move(action: A): number;

  reset(options: ResetOptions = {}): ResetResult<O> {
    this.rng = this.#randomness.begin(options.seed);
    this.position = this.rng.uniform(-0.5, 0.5);
    this.steps = 0;
    return { observation: this.observe(), info: { start: this.position, options: options.options ?? null } };
  }

  step(action: A): StepResult<O> {
    checkAction(this.actionSpace, action);
    this.steps++;
    if (this.kwargs.throwAt === this.steps && this.position > 0) throw new Error('the toy is broken');
    if (this.kwargs.exitAt === this.steps) process.exit(3);
    this.position = Math.fround(this.position + this.move(action) + (this.rng?.normal(0, 0.1) ?? 0));
    const terminated = Math.abs(this.position) >= 0.7;
    return {
      observation: this.observe(),
      reward: this.position,
      terminated,
      truncated: this.steps >= 12,
      info: this.#info(terminated),
    };
  }

  #info(terminated: boolean): Info {
    return {
      outcome: { success: terminated, mode: terminated ? this.steps % 3 : null, none: {} },
      side: this.position > 0 ? 'right' : 'left',
      trace: new Float64Array([this.position, this.steps]),
      ...(this.kwargs.wide === true ? { wide: wideInfo(this.position) } : {}),
      ...(this.kwargs.unsendable === true ? { unsendable: () => 0 } : {}),
      ...(this.steps === 3 ? { third: [1, { deep: 'x' }] } : {}),
    };
  }

  close(): void {}
}

class LineWalk extends Walk<Float32Array, Float32Array> {
  readonly observationSpace = new Box({ low: -2, high: 2, shape: [2] });
  readonly actionSpace = new Box({ low: -0.1, high: 0.1, shape: [1] });

  protected observe(): Float32Array {
    return new Float32Array([this.position, this.steps / 12]);
  }

  protected move(action: Float32Array): number {
    return action[0] ?? 0;
  }
}

const compound = new Dict({
  position: new Box({ low: -2, high: 2, shape: [1], dtype: 'float64' }),
  pair: new Tuple([new Discrete(13), new MultiBinary(2)]),
});

class CompoundWalk extends Walk<unknown, number> {
  readonly observationSpace: Space<unknown> = compound;
  readonly actionSpace = new Discrete(3, -1);

  protected observe(): unknown {
    const bits = new Uint8Array([this.position > 0 ? 1 : 0, this.steps % 2]);
    return { position: new Float64Array([this.position]), pair: [this.steps, bits] };
  }

  protected move(action: number): number {
    return action / 10;
  }
}

class TextWalk extends LineWalk {
  override readonly observationSpace = new Text({ maxLength: 9 }) as unknown as LineWalk['observationSpace'];

  protected override observe(): Float32Array {
    return (this.position > 0 ? 'right' : 'left') as unknown as Float32Array;
  }
}

/** Steps in place, and does nothing else that allocates. */
class StillWalk extends LineWalk {
  readonly #info = { outcome: { success: false, mode: null, distance: 0 }, side: 'left' };

  override reset(): ResetResult<Float32Array> {
    this.steps = 0;
    return { observation: this.observe(), info: {} };
  }

  override step(action: Float32Array): StepResult<Float32Array> {
    const target = {
      observation: new Float32Array(2),
      reward: 0,
      terminated: false,
      truncated: false,
      info: {},
    };
    this.stepInto(action, target);
    return target;
  }

  stepInto(action: Float32Array, target: StepTarget<Float32Array>): void {
    this.steps++;
    target.observation[0] = action[0] as number;
    target.observation[1] = (this.steps % 8) / 8;
    target.reward = 0.5;
    target.terminated = false;
    target.truncated = false;
    this.#info.outcome.distance = target.observation[1] as number;
    target.info = this.#info;
  }
}

const module = import.meta.url;
register({ id: 'toys/Still-v0', module, entry: async () => (kwargs, spec) => new StillWalk(kwargs, spec) });
register({ id: 'toys/Line-v0', module, entry: async () => (kwargs, spec) => new LineWalk(kwargs, spec) });
register({
  id: 'toys/Compound-v0',
  module,
  entry: async () => (kwargs, spec) => new CompoundWalk(kwargs, spec),
});
register({ id: 'toys/Text-v0', module, entry: async () => (kwargs, spec) => new TextWalk(kwargs, spec) });
register({ id: 'toys/Homeless-v0', entry: async () => (kwargs, spec) => new LineWalk(kwargs, spec) });
