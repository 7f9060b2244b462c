/**
 * Whether training keeps its memory: 10 000 steps of 24 experts (4-64-64-2, batch 64) on the backend that `auto` takes.
 *
 * The first 500 steps fill the allocators; what follows must not grow. `ratio` is the resident memory at the end over
 * that after the warm-up (1 is flat, below 1.01 is the aim); `tensors` and `tensorBytes` are tfjs's own counts at both points.
 */
import { Rng } from '../src/random.ts';
import { type Benchmark, round3 } from './support/benchmark.ts';

const steps = 10_000;
const warmUp = 500;
const networks = 24;
const batch = 64;

/** Collects garbage where Node was started with --expose-gc, else waits for the collector to have had a chance. */
async function settle(): Promise<void> {
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export const benchmark: Benchmark = {
  description: 'tensors, live bytes and resident memory over 10 000 training steps, end against start',

  async run(say) {
    const { selectBackend } = await import('../src/tensor/backend.ts');
    const { BatchedMlp } = await import('../src/tensor/batched-mlp.ts');
    const { gaussianLogLikelihood } = await import('../src/tensor/ops/gaussian-log-likelihood.ts');
    const { AdamW } = await import('../src/tensor/optimizer.ts');
    const { tf } = await import('../src/tensor/tf.ts');
    const backend = await selectBackend('auto');
    say(`backend ${backend.name}`);
    const rng = Rng.fromSeed(0);
    const mlp = BatchedMlp.draw(
      { networks, inputSize: 4, hidden: [64, 64], outputSize: 2, activation: 'silu' },
      rng.fork('weights'),
    );
    const optimizer = new AdamW(mlp.variables, { weightDecay: 1e-4 });
    const logVariance = tf.scalar(0);
    const step = (): void => {
      const x = new Float32Array(networks * batch * 4);
      for (let i = 0; i < x.length; i++) x[i] = rng.uniform(-1, 1);
      const loss = optimizer.step(() => {
        const inputs = tf.tensor3d(x, [networks, batch, 4]);
        const targets = tf.slice(inputs, [0, 0, 0], [networks, batch, 2]);
        return tf.neg(tf.mean(gaussianLogLikelihood(mlp.forward(inputs), targets, logVariance)));
      }, 1e-3);
      loss.dispose();
    };
    const snapshot = async () => {
      await settle();
      const { numTensors, numBytes } = tf.memory();
      const { rss, heapUsed } = process.memoryUsage();
      return { tensors: numTensors, tensorBytes: numBytes, residentBytes: rss, heapBytes: heapUsed };
    };
    for (let i = 0; i < warmUp; i++) step();
    const start = await snapshot();
    for (let i = 0; i < steps; i++) {
      step();
      if ((i + 1) % 1000 === 0) {
        say(`${i + 1} steps`);
        // lets timers and finalizers run, as a training loop that reports does
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const end = await snapshot();
    const ratio = round3(end.residentBytes / start.residentBytes);
    const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
    return {
      json: { backend: backend.name, steps, warmUp, ratio, start, end },
      text: [
        `${steps} steps of ${networks} experts on ${backend.name}, after ${warmUp} to warm up`,
        `tensors:  ${start.tensors} → ${end.tensors}`,
        `their bytes: ${mib(start.tensorBytes)} → ${mib(end.tensorBytes)}`,
        `resident: ${mib(start.residentBytes)} → ${mib(end.residentBytes)} (ratio ${ratio})`,
      ].join('\n'),
    };
  },
};
