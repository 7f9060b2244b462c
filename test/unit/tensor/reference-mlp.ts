import { layerShapes, type MlpShape } from '../../../src/tensor/mlp-shape.ts';
import type { NamedArrays } from '../../../src/tensor/named-arrays.ts';
import type { Activation } from '../../../src/tensor/ops/activation.ts';

/** The error function by its Taylor series: slow, and exact to double precision for |x| < 3. */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const functions: Readonly<Record<Activation, (x: number) => number>> = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  tanh: Math.tanh,
  silu: (x) => x / (1 + Math.exp(-x)),
  mish: (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
  gelu: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
};

/** Weights in double precision, so that finite differences are not lost in rounding. */
export type Weights = Readonly<Record<string, Float64Array>>;

/** Widens saved weights to double precision. */
export function widen(arrays: NamedArrays): Weights {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, array]) => [name, Float64Array.from(array.data as Float32Array)]),
  );
}

/** Evaluates network e on one row, in double precision, by the definition. */
export function referenceForward(
  shape: MlpShape,
  weights: Weights,
  network: number,
  row: ArrayLike<number>,
): number[] {
  const layers = layerShapes(shape);
  const activate = functions[shape.activation];
  const linear = (index: number, input: readonly number[]): number[] => {
    const [weightSets, fanIn, width] = layers[index]!.weights;
    const w = weights[`layers.${index}.weights`]!;
    const b = weights[`layers.${index}.bias`]!;
    const weightStart = weightSets === 1 ? 0 : network * fanIn * width;
    const biasStart = layers[index]!.bias[0] === 1 ? 0 : network * width;
    return Array.from({ length: width }, (_, n) => {
      let sum = b[biasStart + n]!;
      for (let k = 0; k < fanIn; k++) sum += input[k]! * w[weightStart + k * width + n]!;
      return sum;
    });
  };
  const last = layers.length - 1;
  let state = Array.from(row);
  if (shape.residual === true) {
    state = linear(0, state);
    for (let i = 1; i < last; i += 2) {
      const inner = linear(i, state.map(activate)).map(activate);
      const change = linear(i + 1, inner);
      state = state.map((value, n) => value + change[n]!);
    }
  } else {
    for (let i = 0; i < last; i++) state = linear(i, state).map(activate);
  }
  return linear(last, state);
}
