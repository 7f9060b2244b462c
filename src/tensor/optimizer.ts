import { CheckpointError, ConfigError } from '../errors.ts';
import type { NamedArrays, StoredArray } from './named-arrays.ts';
import { type AdamParameter, type AdamSettings, adamUpdate } from './ops/adam-update.ts';
import { tf } from './tf.ts';

/** The options of {@link AdamW}; the defaults are PyTorch's, but for the weight decay, which is off. */
export interface AdamWOptions {
  /** Decay of the first moment; 0.9 where left out. */
  readonly beta1?: number;
  /** Decay of the second moment; 0.999 where left out. */
  readonly beta2?: number;
  /** Added to the root of the second moment; 1e-8 where left out. */
  readonly epsilon?: number;
  /**
   * Share of itself, times the learning rate, that a weight loses in a step; 0 where left out. Applies to matrices
   * only (see {@link isMatrix}): biases and gains do not decay.
   */
  readonly weightDecay?: number;
  /** Gradients are scaled down together so that their joint Euclidean norm is at most this; not clipped where left out. */
  readonly clipNorm?: number;
}

/** All that a bit-equal resume of an {@link AdamW} needs. */
export interface AdamWState {
  /** Steps taken. */
  readonly step: number;
  /** First and second moment of variable i, as `i.m` and `i.v`, in its shape. */
  readonly moments: NamedArrays;
}

/** Tells whether a variable is a matrix or a stack of them, [.., K, N] with K > 1, rather than biases or gains. */
export function isMatrix(variable: tf.Variable): boolean {
  return variable.rank >= 2 && (variable.shape[variable.rank - 2] as number) > 1;
}

/** Takes the step of {@link adamUpdate} with plain tensor operations, for one variable. */
function composeUpdate(parameter: AdamParameter, settings: AdamSettings): void {
  const { value, m, v, weightDecay } = parameter;
  const { learningRate, beta1, beta2, epsilon, step, scale, active } = settings;
  const gradient = scale === undefined ? parameter.gradient : tf.mul(parameter.gradient, scale);
  const nextM = tf.add(tf.mul(m, beta1), tf.mul(gradient, 1 - beta1));
  const nextV = tf.add(tf.mul(v, beta2), tf.mul(tf.square(gradient), 1 - beta2));
  const denominator = tf.add(tf.div(tf.sqrt(nextV), Math.sqrt(1 - beta2 ** step)), epsilon);
  const change = tf.mul(tf.div(nextM, denominator), learningRate / (1 - beta1 ** step));
  const kept = weightDecay > 0 ? tf.mul(value, 1 - learningRate * weightDecay) : value;
  const masked = active !== null && active !== undefined && value.shape[0] === active.length;
  const mask = masked
    ? tf.tensor(Array.from(active), [active.length, ...value.shape.slice(1).map(() => 1)], 'bool')
    : undefined;
  for (const [variable, next] of [
    [value, tf.sub(kept, change)],
    [m, nextM],
    [v, nextV],
  ] as const) {
    variable.assign(mask === undefined ? next : tf.where(mask, next, variable));
  }
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2, in PyTorch's form, where the decay
 * is scaled by the learning rate).
 *
 * Nothing is read back from the backend, so steps queue up on a GPU; gradients that are not finite go through to the
 * weights, and show in the loss. Owns its moments until {@link AdamW.dispose}; borrows the variables.
 *
 * @example
 * const optimizer = new AdamW(mlp.variables, { weightDecay: 0.01 });
 * const loss = optimizer.step(() => tf.mean(tf.squaredDifference(mlp.forward(x), y)), 1e-3);
 * loss.dispose();
 */
export class AdamW {
  readonly #variables: readonly tf.Variable[];
  readonly #m: readonly tf.Variable[];
  readonly #v: readonly tf.Variable[];
  readonly #options: Required<Omit<AdamWOptions, 'clipNorm'>>;
  readonly #clipNorm: number | undefined;
  #step = 0;
  #active: readonly number[] | null = null;

  /** @throws ConfigError when an option is out of its range. */
  constructor(variables: readonly tf.Variable[], options: AdamWOptions = {}) {
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, clipNorm } = options;
    const fits =
      beta1 >= 0 &&
      beta1 < 1 &&
      beta2 >= 0 &&
      beta2 < 1 &&
      epsilon > 0 &&
      weightDecay >= 0 &&
      (clipNorm ?? 1) > 0;
    if (!fits) {
      throw new ConfigError({
        what: 'An optimizer option is out of its range',
        found: JSON.stringify({ beta1, beta2, epsilon, weightDecay, clipNorm }),
        expected: '0 <= beta1, beta2 < 1, epsilon > 0, weightDecay >= 0, clipNorm > 0',
      });
    }
    this.#variables = [...variables];
    this.#options = { beta1, beta2, epsilon, weightDecay };
    this.#clipNorm = clipNorm;
    const zeros = () => variables.map((x) => tf.tidy(() => tf.variable(tf.zeros(x.shape), false)));
    this.#m = zeros();
    this.#v = zeros();
  }

  /**
   * Takes one step down the gradient of a loss.
   *
   * @param loss - builds the scalar from the variables; tensors it leaves behind are freed.
   * @param learningRate - of this step.
   * @returns the loss before the step; the caller disposes of it.
   */
  step(loss: () => tf.Scalar, learningRate: number): tf.Scalar {
    return tf.tidy(() => {
      const { value: before, grads } = tf.variableGrads(loss, [...this.#variables]);
      const { weightDecay, ...constants } = this.#options;
      const parameters: AdamParameter[] = [];
      for (const [index, value] of this.#variables.entries()) {
        // none where the loss does not depend on the variable
        const gradient = grads[value.name] as tf.Tensor | null | undefined;
        if (gradient === null || gradient === undefined) continue;
        const decay = isMatrix(value) ? weightDecay : 0;
        parameters.push({ value, gradient, m: this.#m[index]!, v: this.#v[index]!, weightDecay: decay });
      }
      this.#step++;
      const settings: AdamSettings = {
        ...constants,
        learningRate,
        step: this.#step,
        scale: this.#clipScale(parameters),
        active: this.#active,
      };
      if (!adamUpdate(parameters, settings)) {
        for (const parameter of parameters) composeUpdate(parameter, settings);
      }
      return before;
    });
  }

  /** The factor that brings the joint norm of all gradients down to `clipNorm`; a tensor, so nothing is read back. */
  #clipScale(parameters: readonly AdamParameter[]): tf.Scalar | undefined {
    if (this.#clipNorm === undefined || parameters.length === 0) return undefined;
    const norm = tf.sqrt(tf.addN(parameters.map(({ gradient }) => tf.sum(tf.square(gradient)))));
    // the small term is PyTorch's, which keeps a zero gradient from dividing by zero
    return tf.minimum(tf.div(this.#clipNorm, tf.add(norm, 1e-6)), 1);
  }

  /**
   * Restricts the next steps to some of the networks: of every variable (and its moments) whose leading axis is
   * E, the parts of the others stay bit-equal. Variables that all networks share are trained as always.
   *
   * @param active - [E], 1 for a network that is trained, 0 for one that is kept; null trains all.
   */
  setActive(active: ArrayLike<number> | null): void {
    this.#active = active === null ? null : Array.from(active);
  }

  /** Copies the state out of the backend; reads back, so call it outside the training loop. */
  async getState(): Promise<AdamWState> {
    const moments: Record<string, StoredArray> = {};
    for (const index of this.#variables.keys()) {
      for (const [name, variable] of [['m', this.#m[index]!] as const, ['v', this.#v[index]!] as const]) {
        const data = (await variable.data<'float32'>()).slice();
        moments[`${index}.${name}`] = { shape: [...variable.shape], data };
      }
    }
    return { step: this.#step, moments };
  }

  /**
   * Continues from a saved state; the next step gives the same bits as it would have there.
   *
   * @throws CheckpointError when a moment is missing or has another shape; nothing has changed then.
   */
  setState(state: AdamWState): void {
    const load = (variable: tf.Variable, name: string): Float32Array => {
      const array = state.moments[name];
      if (array?.data instanceof Float32Array && array.shape.join() === variable.shape.join()) {
        return array.data.slice();
      }
      throw new CheckpointError({
        what: 'The saved optimizer state does not fit the variables',
        where: name,
        found:
          array === undefined
            ? 'no such array'
            : `${array.data.constructor.name} [${array.shape.join(', ')}]`,
        expected: `Float32Array [${variable.shape.join(', ')}]`,
      });
    };
    const pairs = [...this.#variables.keys()].flatMap((index) => [
      { variable: this.#m[index]!, data: load(this.#m[index]!, `${index}.m`) },
      { variable: this.#v[index]!, data: load(this.#v[index]!, `${index}.v`) },
    ]);
    tf.tidy(() => {
      for (const { variable, data } of pairs) variable.assign(tf.tensor(data, variable.shape));
    });
    this.#step = state.step;
  }

  /** Frees the moments; the variables stay. */
  dispose(): void {
    for (const variable of [...this.#m, ...this.#v]) variable.dispose();
  }
}
