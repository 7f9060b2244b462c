import { exactExp } from './exact-math.ts';
import { activateInPlace } from './inference-activation.ts';
import { InferenceLinear } from './inference-linear.ts';
import type { NamedArrays } from './named-arrays.ts';
import { type TransformerShape, transformerArray, transformerArrays } from './transformer-shape.ts';

interface Norm {
  readonly gain: Float32Array;
  readonly offset: Float32Array;
}

interface Block {
  readonly norm1: Norm;
  readonly selfIn: InferenceLinear;
  readonly selfOut: InferenceLinear;
  readonly cross: Cross | undefined;
  readonly norm3: Norm;
  readonly dense1: InferenceLinear;
  readonly dense2: InferenceLinear;
}

interface Cross {
  readonly norm2: Norm;
  readonly query: InferenceLinear;
  readonly memory: InferenceLinear;
  readonly out: InferenceLinear;
}

/** What a memory looks like to every block: its keys and values, for {@link InferenceTransformer.forward}. */
export interface RememberedTokens {
  /** Per layer, keys and values beside each other, shape `[B, S, 2·D]`. */
  readonly layers: readonly Float32Array[];
  /** B. */
  readonly rows: number;
}

/**
 * The forward pass of a trained `Transformer` in plain arithmetic, without tensors, so that workers and pages act
 * without loading TensorFlow.js.
 *
 * The numbers of a sequence depend on nothing but its tokens, its memory and the weights: not on the batch around it, the
 * engine or the machine. They agree with `Transformer` to about single precision. One instance must not be used by two
 * callers at once, since it keeps its scratch space.
 *
 * @example
 * const stack = new InferenceTransformer(shape, arrays);
 * stack.forward(embedded, 8, { rows: 2, memory: stack.remember(seen, 2) }); // [2, 8, D], in place
 */
export class InferenceTransformer {
  readonly shape: TransformerShape;
  readonly #positions: Float32Array;
  readonly #memoryPositions: Float32Array | undefined;
  readonly #blocks: readonly Block[];
  readonly #norm: Norm;
  #scratch = { rows: 0, normed: new Float32Array(0), wide: new Float32Array(0), joined: new Float32Array(0) };
  readonly #scores: Float64Array;

  /**
   * Copies the weights.
   *
   * @param arrays - what `Transformer.toArrays` gives.
   * @throws ConfigError when the shape contradicts itself.
   * @throws CheckpointError when an array is missing or does not fit.
   */
  constructor(shape: TransformerShape, arrays: NamedArrays) {
    this.shape = shape;
    const sizes = transformerArrays(shape);
    const take = (name: string) => transformerArray(arrays, name, sizes.get(name) ?? []);
    const norm = (name: string): Norm => ({
      gain: take(`${name}.gain`).slice(),
      offset: take(`${name}.offset`).slice(),
    });
    const linear = (name: string) =>
      new InferenceLinear(
        take(`${name}.weights`),
        take(`${name}.bias`),
        (sizes.get(`${name}.weights`) as readonly number[])[1] as number,
      );
    const hasMemory = (shape.memoryTokens ?? 0) > 0;
    this.#positions = take('positions').slice();
    this.#memoryPositions = hasMemory ? take('memory.positions').slice() : undefined;
    this.#blocks = Array.from({ length: shape.layers }, (_, layer) => {
      const block = `blocks.${layer}`;
      return {
        norm1: norm(`${block}.norm1`),
        selfIn: linear(`${block}.self.in`),
        selfOut: linear(`${block}.self.out`),
        cross: hasMemory
          ? {
              norm2: norm(`${block}.norm2`),
              query: linear(`${block}.cross.query`),
              memory: linear(`${block}.cross.memory`),
              out: linear(`${block}.cross.out`),
            }
          : undefined,
        norm3: norm(`${block}.norm3`),
        dense1: linear(`${block}.dense1`),
        dense2: linear(`${block}.dense2`),
      };
    });
    this.#norm = norm('norm');
    this.#scores = new Float64Array(Math.max(shape.tokens, shape.memoryTokens ?? 0));
  }

  /**
   * Computes what every block needs of a memory, once for any number of {@link InferenceTransformer.forward}.
   *
   * @param memory - embedded, without positions, shape `[B, S, D]`; borrowed.
   * @param rows - B.
   */
  remember(memory: Float32Array, rows: number): RememberedTokens {
    const { width } = this.shape;
    const positions = this.#memoryPositions;
    if (positions === undefined) throw new Error('this transformer has no memory');
    const tokens = rows * (positions.length / width);
    const placed = Float32Array.from(
      memory,
      (value, i) => value + (positions[i % positions.length] as number),
    );
    return {
      rows,
      layers: this.#blocks.map(({ cross }) => {
        const keysAndValues = new Float32Array(tokens * 2 * width);
        cross?.memory.forward(placed, keysAndValues, tokens);
        return keysAndValues;
      }),
    };
  }

  /**
   * Evaluates the stack in place.
   *
   * @param tokens - embedded, without positions, shape `[B, T, D]`; overwritten by the result.
   * @param length - T, at most that of the shape.
   * @param options - `rows`: B, 1 where left out; `memory`: needed exactly where the shape has one.
   */
  forward(
    tokens: Float32Array,
    length: number,
    { rows = 1, memory }: { readonly rows?: number; readonly memory?: RememberedTokens } = {},
  ): void {
    const { expansion = 4, width } = this.shape;
    const count = rows * length;
    const size = count * width;
    if (tokens.length !== size || length > this.shape.tokens) {
      throw new RangeError(
        `${tokens.length} numbers are not ${rows} sequences of ${length} tokens of ${width}, ` +
          `at most ${this.shape.tokens} tokens each`,
      );
    }
    if ((memory?.rows ?? rows) !== rows || (this.#memoryPositions === undefined) !== (memory === undefined)) {
      throw new RangeError(`the memory is not one of ${rows} sequences for this transformer`);
    }
    const { joined, normed, wide } = this.#scratchFor(count);
    const perRow = length * width;
    for (let i = 0; i < size; i++)
      tokens[i] = (tokens[i] as number) + (this.#positions[i % perRow] as number);
    for (const [layer, block] of this.#blocks.entries()) {
      layerNormRows(tokens, normed, block.norm1, width, count);
      block.selfIn.forward(normed, wide, count);
      this.#attend(
        wide,
        3 * width,
        { of: wide, stride: 3 * width, key: width, length },
        joined,
        rows,
        length,
      );
      block.selfOut.forward(joined, normed, count);
      addInPlace(tokens, normed, size);
      const keysAndValues = memory?.layers[layer];
      if (block.cross !== undefined && keysAndValues !== undefined) {
        const seen = (this.#memoryPositions as Float32Array).length / width;
        layerNormRows(tokens, normed, block.cross.norm2, width, count);
        block.cross.query.forward(normed, wide, count);
        const source = { of: keysAndValues, stride: 2 * width, key: 0, length: seen };
        this.#attend(wide, width, source, joined, rows, length);
        block.cross.out.forward(joined, normed, count);
        addInPlace(tokens, normed, size);
      }
      layerNormRows(tokens, normed, block.norm3, width, count);
      block.dense1.forward(normed, wide, count);
      activateInPlace(wide, count * expansion * width, 'gelu');
      block.dense2.forward(wide, normed, count);
      addInPlace(tokens, normed, size);
    }
    layerNormRows(tokens, normed, this.#norm, width, count);
    for (let i = 0; i < size; i++) tokens[i] = normed[i] as number;
  }

  #scratchFor(count: number) {
    if (this.#scratch.rows < count) {
      const { expansion = 4, width } = this.shape;
      this.#scratch = {
        rows: count,
        normed: new Float32Array(count * width),
        wide: new Float32Array(count * width * Math.max(3, expansion)),
        joined: new Float32Array(count * width),
      };
    }
    return this.#scratch;
  }

  /**
   * Attends with all heads: softmax(q·kᵀ/√(D/H))·v, in double precision.
   *
   * @param source - where keys lie, at `key` of every `stride` numbers, and values D further.
   */
  #attend(
    queries: Float32Array,
    queryStride: number,
    source: {
      readonly of: Float32Array;
      readonly stride: number;
      readonly key: number;
      readonly length: number;
    },
    out: Float32Array,
    rows: number,
    length: number,
  ): void {
    const { causal, heads, width } = this.shape;
    const isSelf = source.of === queries;
    const size = width / heads;
    const scale = 1 / Math.sqrt(size);
    const scores = this.#scores;
    const { of, stride } = source;
    for (let row = 0; row < rows; row++) {
      const keys = row * source.length * stride + source.key;
      for (let t = 0; t < length; t++) {
        const visible = isSelf && causal ? t + 1 : source.length;
        for (let head = 0; head < heads; head++) {
          const q = (row * length + t) * queryStride + head * size;
          let greatest = Number.NEGATIVE_INFINITY;
          for (let s = 0; s < visible; s++) {
            const k = keys + s * stride + head * size;
            let sum = 0;
            for (let d = 0; d < size; d++) sum += (queries[q + d] as number) * (of[k + d] as number);
            scores[s] = sum * scale;
            if ((scores[s] as number) > greatest) greatest = scores[s] as number;
          }
          let total = 0;
          for (let s = 0; s < visible; s++) {
            const weight = exactExp((scores[s] as number) - greatest);
            scores[s] = weight;
            total += weight;
          }
          const to = (row * length + t) * width + head * size;
          for (let d = 0; d < size; d++) {
            let sum = 0;
            for (let s = 0; s < visible; s++) {
              sum += (scores[s] as number) * (of[keys + width + s * stride + head * size + d] as number);
            }
            out[to + d] = sum / total;
          }
        }
      }
    }
  }
}

function addInPlace(target: Float32Array, change: Float32Array, count: number): void {
  for (let i = 0; i < count; i++) target[i] = (target[i] as number) + (change[i] as number);
}

/** Normalizes rows as `layerNorm` does, with epsilon 1e-5. */
function layerNormRows(
  input: Float32Array,
  output: Float32Array,
  { gain, offset }: Norm,
  width: number,
  rows: number,
): void {
  for (let row = 0; row < rows; row++) {
    const start = row * width;
    let mean = 0;
    for (let d = 0; d < width; d++) mean += input[start + d] as number;
    mean /= width;
    let variance = 0;
    for (let d = 0; d < width; d++) variance += ((input[start + d] as number) - mean) ** 2;
    const scale = 1 / Math.sqrt(variance / width + 1e-5);
    for (let d = 0; d < width; d++) {
      output[start + d] =
        ((input[start + d] as number) - mean) * scale * (gain[d] as number) + (offset[d] as number);
    }
  }
}
