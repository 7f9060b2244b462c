import { Rng } from '../../src/random.ts';
import { tf } from '../../src/tensor/tf.ts';

/** A tensor as plain numbers, to be built on any backend. */
export interface Plain {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'bool';
  readonly values: readonly number[];
}

/** One random call of an operation. */
export interface Case {
  readonly inputs: readonly Plain[];
  readonly run: (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
}

const specials = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1e-40, 1e30, -1e30];

/** Draws inputs. */
export class Draw {
  readonly rng: Rng;

  constructor(seed: string) {
    this.rng = Rng.fromSeed(seed);
  }

  size(most: number): number {
    return 1 + this.rng.integer(most);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.rng.integer(items.length)] as T;
  }

  /** A shape of rank 1 to 4; now and then one with an empty dimension. */
  shape(maxRank = 4, mostSize = 9): number[] {
    const shape = Array.from({ length: this.size(maxRank) }, () => this.size(mostSize));
    if (this.rng.uniform() < 0.08) shape[this.rng.integer(shape.length)] = 0;
    return shape;
  }

  floats(shape: readonly number[], options: { specials?: boolean; scale?: number } = {}): Plain {
    const count = shape.reduce((a, b) => a * b, 1);
    const values = Array.from({ length: count }, () =>
      options.specials === true && this.rng.uniform() < 0.15
        ? this.pick(specials)
        : Math.fround(this.rng.normal(0, options.scale ?? 2)),
    );
    return { shape, dtype: 'float32', values };
  }

  integers(shape: readonly number[], below: number): Plain {
    const count = shape.reduce((a, b) => a * b, 1);
    return {
      shape,
      dtype: 'int32',
      values: Array.from({ length: count }, () => this.rng.integer(below)),
    };
  }

  booleans(shape: readonly number[]): Plain {
    return { ...this.integers(shape, 2), dtype: 'bool' };
  }

  /** A shape that broadcasts to this one: dimensions set to 1 or left out in front. */
  broadcastable(shape: readonly number[]): number[] {
    const kept = shape.slice(this.rng.uniform() < 0.3 ? this.rng.integer(shape.length) : 0);
    return kept.map((size) => (this.rng.uniform() < 0.4 ? 1 : size));
  }
}

/** What a call gave, read back. */
export interface Outcome {
  readonly shapes: readonly (readonly number[])[];
  readonly dtypes: readonly string[];
  readonly values: readonly (readonly number[])[];
}

/** Runs a call on a backend; checks that it leaves no tensor behind. */
export async function runOn(backend: string, { inputs, run }: Case): Promise<Outcome> {
  await tf.setBackend(backend);
  const before = tf.memory().numTensors;
  const tensors = inputs.map(({ values, shape, dtype }) => tf.tensor([...values], [...shape], dtype));
  const result = tf.tidy(() => run(...tensors));
  const outputs = Array.isArray(result) ? result : [result];
  const outcome = {
    shapes: outputs.map(({ shape }) => shape),
    dtypes: outputs.map(({ dtype }) => dtype),
    values: outputs.map((output) => [...output.dataSync()]),
  };
  tf.dispose([tensors, outputs]);
  if (tf.memory().numTensors !== before) throw new Error('the call left tensors behind');
  return outcome;
}

/** The first place where two results differ by more than rounding, in words, or undefined. */
export function difference(
  found: Outcome,
  expected: Outcome,
  tolerance: { readonly relative: number; readonly absolute: number },
): string | undefined {
  if (JSON.stringify(found.shapes) !== JSON.stringify(expected.shapes)) {
    return `shapes ${JSON.stringify(found.shapes)} instead of ${JSON.stringify(expected.shapes)}`;
  }
  if (found.dtypes.join() !== expected.dtypes.join())
    return `types ${found.dtypes} instead of ${expected.dtypes}`;
  for (const [output, values] of expected.values.entries()) {
    for (const [i, value] of values.entries()) {
      const other = found.values[output]?.[i] as number;
      if (Object.is(other, value) || other === value) continue;
      const close = Math.abs(other - value) <= tolerance.absolute + tolerance.relative * Math.abs(value);
      if (!close) return `element ${i} of output ${output} is ${other} instead of ${value}`;
    }
  }
  return undefined;
}
