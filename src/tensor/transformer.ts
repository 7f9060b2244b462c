import type { Rng } from '../random.ts';
import type { NamedArrays, StoredArray } from './named-arrays.ts';
import type { Activation } from './ops/activation.ts';
import { attention, causalMask } from './ops/attention.ts';
import { dense } from './ops/dense.ts';
import { layerNorm } from './ops/layer-norm.ts';
import { tf } from './tf.ts';
import {
  drawTransformer,
  type TransformerShape,
  transformerArray,
  transformerArrays,
} from './transformer-shape.ts';

/**
 * A stack of pre-norm transformer blocks (Vaswani et al. 2017; layer norm before each part as in GPT-2, Radford et al.
 * 2019), trained on the active tensor backend. {@link TransformerShape} describes it.
 *
 * Owns its variables until {@link Transformer.dispose}.
 *
 * @example
 * const shape = { layers: 4, heads: 4, width: 72, tokens: 5, causal: true };
 * const stack = Transformer.draw(shape, Rng.fromSeed(0).fork('trunk'));
 * const features = stack.forward(embedded); // [B, T, D] to [B, T, D]
 */
export class Transformer {
  readonly shape: TransformerShape;
  readonly #variables: ReadonlyMap<string, tf.Variable>;
  readonly #mask: tf.Tensor2D | undefined;

  /**
   * Starts from given weights, which are copied.
   *
   * @throws ConfigError when the shape contradicts itself.
   * @throws CheckpointError when an array is missing or does not fit.
   */
  constructor(shape: TransformerShape, initial: NamedArrays) {
    this.shape = shape;
    const sizes = [...transformerArrays(shape)];
    // a backend may keep the array it is given, so each variable gets one of its own
    const loaded = sizes.map(([name, size]) => transformerArray(initial, name, size).slice());
    this.#variables = new Map(
      sizes.map(([name, size], i) => [
        name,
        tf.tidy(() => tf.variable(tf.tensor(loaded[i] as Float32Array, [...size]))),
      ]),
    );
    this.#mask = shape.causal ? causalMask(shape.tokens) : undefined;
  }

  /** Starts from weights drawn as by {@link drawTransformer}: the same numbers whatever the backend. */
  static draw(shape: TransformerShape, rng: Rng): Transformer {
    return new Transformer(shape, drawTransformer(shape, rng));
  }

  /** The trainable variables, in the order of {@link transformerArrays}. */
  get variables(): readonly tf.Variable[] {
    return [...this.#variables.values()];
  }

  /**
   * Evaluates the stack; differentiable in tokens, memory and variables.
   *
   * @param tokens - embedded, shape `[B, T, D]`, T at most that of the shape; positions are added here. Borrowed.
   * @param memory - embedded, shape `[B, S, D]`; needed exactly where the shape has one. Borrowed.
   * @returns shape `[B, T, D]`; the caller disposes of it.
   */
  forward(tokens: tf.Tensor3D, memory?: tf.Tensor3D): tf.Tensor3D {
    return tf.tidy(() => {
      const { layers, memoryTokens = 0 } = this.shape;
      if (memoryTokens > 0 !== (memory !== undefined)) {
        throw new Error('a transformer is given a memory exactly where its shape has one');
      }
      const T = tokens.shape[1];
      const mask = this.#maskOf(T);
      const remembered =
        memory === undefined ? undefined : this.#atPositions(memory, 'memory.positions', memory.shape[1]);
      let state = this.#atPositions(tokens, 'positions', T);
      for (let layer = 0; layer < layers; layer++) {
        const block = `blocks.${layer}`;
        state = tf.add(state, this.#selfAttention(this.#norm(state, `${block}.norm1`), block, mask));
        if (remembered !== undefined) {
          state = tf.add(state, this.#crossAttention(this.#norm(state, `${block}.norm2`), remembered, block));
        }
        const inner = this.#linear(this.#norm(state, `${block}.norm3`), `${block}.dense1`, 'gelu');
        state = tf.add(state, this.#linear(inner, `${block}.dense2`));
      }
      return this.#norm(state, 'norm');
    });
  }

  #maskOf(length: number): tf.Tensor2D | undefined {
    const mask = this.#mask;
    if (mask === undefined || mask.shape[0] === length) return mask;
    return tf.slice(mask, [0, 0], [length, length]);
  }

  #variable<T extends tf.Tensor>(name: string): T {
    return this.#variables.get(name) as tf.Tensor as T;
  }

  #atPositions(tokens: tf.Tensor3D, name: string, length: number): tf.Tensor3D {
    const positions = this.#variable<tf.Tensor2D>(name);
    const used = positions.shape[0] === length ? positions : tf.slice(positions, [0, 0], [length, -1]);
    return tf.add(tokens, used);
  }

  #norm(x: tf.Tensor3D, name: string): tf.Tensor3D {
    return layerNorm(x, this.#variable(`${name}.gain`), this.#variable(`${name}.offset`));
  }

  /** Applies a dense layer to every token. */
  #linear(x: tf.Tensor3D, name: string, activation: Activation = 'linear'): tf.Tensor3D {
    const [B, T, K] = x.shape;
    const weights = this.#variable<tf.Tensor3D>(`${name}.weights`);
    const rows = tf.reshape<tf.Rank.R3>(x, [1, B * T, K]);
    const out = dense(rows, weights, this.#variable(`${name}.bias`), activation);
    return tf.reshape(out, [B, T, weights.shape[2]]);
  }

  #selfAttention(x: tf.Tensor3D, block: string, mask: tf.Tensor2D | undefined): tf.Tensor3D {
    const [q, k, v] = this.#heads(this.#linear(x, `${block}.self.in`), 3) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    return this.#linear(this.#joinHeads(attention(q, k, v, mask)), `${block}.self.out`);
  }

  #crossAttention(x: tf.Tensor3D, memory: tf.Tensor3D, block: string): tf.Tensor3D {
    const [q] = this.#heads(this.#linear(x, `${block}.cross.query`), 1) as [tf.Tensor];
    const [k, v] = this.#heads(this.#linear(memory, `${block}.cross.memory`), 2) as [tf.Tensor, tf.Tensor];
    return this.#linear(this.#joinHeads(attention(q, k, v)), `${block}.cross.out`);
  }

  /** Parts `[B, T, n·D]` into n tensors `[B, H, T, D/H]`. */
  #heads(x: tf.Tensor3D, count: number): tf.Tensor[] {
    const { heads, width } = this.shape;
    const [B, T] = x.shape;
    const parted = tf.transpose(tf.reshape(x, [B, T, count, heads, width / heads]), [2, 0, 3, 1, 4]);
    if (count === 1) return [tf.squeeze(parted, [0])];
    return tf.unstack(parted, 0);
  }

  /** Joins `[B, H, T, D/H]` to `[B, T, D]`. */
  #joinHeads(x: tf.Tensor): tf.Tensor3D {
    const [B, H, T, size] = x.shape as [number, number, number, number];
    return tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [B, T, H * size]);
  }

  /** Copies the weights out of the backend; reads back, so call it outside the training loop. */
  async toArrays(): Promise<NamedArrays> {
    const arrays: Record<string, StoredArray> = {};
    for (const [name, variable] of this.#variables) {
      arrays[name] = { shape: [...variable.shape], data: (await variable.data<'float32'>()).slice() };
    }
    return arrays;
  }

  /**
   * Overwrites the weights with saved ones.
   *
   * @throws CheckpointError when an array is missing or has another shape; no weight has changed then.
   */
  assign(arrays: NamedArrays): void {
    const loaded = [...this.#variables].map(
      ([name, variable]) => [variable, transformerArray(arrays, name, variable.shape).slice()] as const,
    );
    tf.tidy(() => {
      for (const [variable, data] of loaded) variable.assign(tf.tensor(data, variable.shape));
    });
  }

  /** Frees the variables. */
  dispose(): void {
    this.#mask?.dispose();
    for (const variable of this.#variables.values()) variable.dispose();
  }
}
