import { describe, expect, it } from 'vitest';
import { Rng } from '../../../src/random.ts';
import { InferenceLinear } from '../../../src/tensor/inference-linear.ts';
import { InferenceMemory } from '../../../src/tensor/inference-memory.ts';

const draw = (rng: Rng, count: number) => Float32Array.from({ length: count }, () => rng.normal());

/** Sums in double precision in the order of the inputs, then the bias, and rounds once. */
function expected(
  input: Float32Array,
  weights: Float32Array,
  bias: Float32Array,
  outputSize: number,
): Float32Array {
  return Float32Array.from({ length: outputSize }, (_, n) => {
    let sum = 0;
    for (const [k, x] of input.entries()) sum += x * (weights[k * outputSize + n] as number);
    return sum + (bias[n] as number);
  });
}

describe.each([
  ['the kernel', new InferenceMemory()],
  ['plain JavaScript', new InferenceMemory(true)],
])('a dense layer by %s', (_, memory) => {
  it.each([
    [1, 1],
    [3, 2],
    [10, 8],
    [7, 33],
    [300, 17],
    [5000, 1],
  ])('of %i inputs and %i outputs has the bits of sums in double precision', (inputSize, outputSize) => {
    const rng = Rng.fromSeed(inputSize);
    const layers = 3;
    const weights = draw(rng, layers * inputSize * outputSize);
    const bias = draw(rng, layers * outputSize);
    const layer = new InferenceLinear(weights, bias, inputSize, outputSize, memory);
    // more rows than the kernel is given at once, for the narrower layers
    const rows = 37;
    const input = draw(rng, rows * inputSize);
    for (let e = 0; e < layers; e++) {
      const output = new Float32Array(rows * outputSize);
      layer.forward(input, output, rows, e);
      for (let row = 0; row < rows; row++) {
        expect(output.subarray(row * outputSize, (row + 1) * outputSize)).toEqual(
          expected(
            input.subarray(row * inputSize, (row + 1) * inputSize),
            weights.subarray(e * inputSize * outputSize, (e + 1) * inputSize * outputSize),
            bias.subarray(e * outputSize, (e + 1) * outputSize),
            outputSize,
          ),
        );
      }
    }
  });

  it('shares weights among layers with biases of their own', () => {
    const rng = Rng.fromSeed(0);
    const [weights, bias, input] = [draw(rng, 4 * 3), draw(rng, 2 * 3), draw(rng, 4)];
    const layer = new InferenceLinear(weights, bias, 4, 3, memory);
    const output = new Float32Array(3);
    layer.forward(input, output, 1, 1);
    expect(output).toEqual(expected(input, weights, bias.subarray(3), 3));
  });

  it('reads and writes where it is told, and nowhere else', () => {
    const rng = Rng.fromSeed(0);
    const [weights, bias, input] = [draw(rng, 2 * 3), draw(rng, 3), draw(rng, 9)];
    const layer = new InferenceLinear(weights, bias, 2, 3, memory);
    const output = new Float32Array(10).fill(9);
    layer.forward(input, output, 2, 0, 3, 2);
    expect([...output.subarray(0, 2), ...output.subarray(8)]).toEqual([9, 9, 9, 9]);
    expect(output.subarray(5, 8)).toEqual(expected(input.subarray(5, 7), weights, bias, 3));
  });

  it('stays what it is while the memory grows around it', () => {
    const rng = Rng.fromSeed(0);
    const [weights, bias, input] = [draw(rng, 16), draw(rng, 4), draw(rng, 4)];
    const layer = new InferenceLinear(weights, bias, 4, 4, memory);
    const [before, after] = [new Float32Array(4), new Float32Array(4)];
    layer.forward(input, before, 1);
    const large = new Float32Array(1024 * 1024);
    const others = [0, 1].map(() => new InferenceLinear(large, new Float32Array(1024), 1024, 1024, memory));
    layer.forward(input, after, 1);
    expect(after).toEqual(before);
    expect(others).toHaveLength(2);
  });

  it('passes on what is not finite', () => {
    const layer = new InferenceLinear(Float32Array.of(1, -1, 0), new Float32Array(3), 1, 3, memory);
    const output = new Float32Array(3);
    layer.forward(Float32Array.of(Number.POSITIVE_INFINITY), output, 1);
    expect([...output]).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]);
  });
});
