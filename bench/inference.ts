/**
 * What an action costs: one forward pass of `InferenceMlp` (4-128-128-64, as a gate over 64 experts), for one episode and
 * for 480 side by side, against the same weights through TensorFlow.js's own CPU backend in the same run.
 *
 * `single.ratio` and `batch.ratio` are ours over tfjs's: lower is better. `single.microseconds` is to stay below 50.
 */
import { Rng } from '../src/random.ts';
import { InferenceMlp } from '../src/tensor/inference-mlp.ts';
import { drawMlp } from '../src/tensor/mlp-init.ts';
import type { MlpShape } from '../src/tensor/mlp-shape.ts';
import { type Benchmark, median, round3 } from './support/benchmark.ts';

const shape: MlpShape = { networks: 1, inputSize: 4, hidden: [128, 128], outputSize: 64, activation: 'silu' };
const trials = 15;

/** Times calls in microseconds: the median over trials, each the mean of enough calls to last a few milliseconds. */
async function timed(calls: number, call: () => unknown): Promise<number> {
  for (let i = 0; i < calls; i++) await call();
  const times: number[] = [];
  for (let trial = 0; trial < trials; trial++) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) {
      const pending = call();
      if (pending !== undefined) await pending;
    }
    times.push(((performance.now() - start) * 1000) / calls);
  }
  return median(times);
}

export const benchmark: Benchmark = {
  description: 'microseconds an action, batch 1 and 480: our inference network against tfjs cpu',

  async run(say) {
    const { BatchedMlp } = await import('../src/tensor/batched-mlp.ts');
    const { tf } = await import('../src/tensor/tf.ts');
    await tf.setBackend('cpu');
    const arrays = drawMlp(shape, Rng.fromSeed(0));
    const plain = new InferenceMlp(shape, arrays);
    const batched = new BatchedMlp(shape, arrays);
    const rng = Rng.fromSeed(1);
    const inputs = Float32Array.from({ length: 480 * shape.inputSize }, () => rng.normal());
    const outputs = new Float32Array(480 * shape.outputSize);

    const measure = async (rows: number, calls: number) => {
      say(`batch ${rows}`);
      const rowInputs = inputs.subarray(0, rows * shape.inputSize);
      const ours = await timed(calls, () => plain.forward(0, rowInputs, outputs, rows));
      const theirs = await timed(Math.max(1, calls >> 4), async () => {
        const x = tf.tensor2d(rowInputs, [rows, shape.inputSize]);
        const y = batched.forward(x);
        await y.data();
        tf.dispose([x, y]);
      });
      return {
        microseconds: round3(ours),
        microsecondsPerRow: round3(ours / rows),
        tfjsMicroseconds: round3(theirs),
        ratio: round3(ours / theirs),
      };
    };
    const single = await measure(1, 512);
    const batch = await measure(480, 16);
    return {
      json: { network: '4-128-128-64 silu', against: 'tfjs cpu', single, batch },
      text: [
        'network 4-128-128-64, silu; medians',
        `batch 1:   ${single.microseconds} µs an action; tfjs cpu ${single.tfjsMicroseconds} µs (ratio ${single.ratio})`,
        `batch 480: ${batch.microseconds} µs, ${batch.microsecondsPerRow} µs an action; ` +
          `tfjs cpu ${batch.tfjsMicroseconds} µs (ratio ${batch.ratio})`,
      ].join('\n'),
    };
  },
};
