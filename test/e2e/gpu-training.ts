/**
 * A program that a test starts in a process of its own, with the environment that the GPU's driver needs: selects the
 * backend it is told, takes training steps and prints what it saw as one line of JSON.
 */
import { Rng } from '../../src/random.ts';
import { type BackendName, selectBackend } from '../../src/tensor/backend.ts';
import { BatchedMlp } from '../../src/tensor/batched-mlp.ts';
import { gaussianLogLikelihood } from '../../src/tensor/ops/gaussian-log-likelihood.ts';
import { AdamW } from '../../src/tensor/optimizer.ts';
import { tf } from '../../src/tensor/tf.ts';

/** What this program prints. */
export interface GpuTraining {
  readonly name: BackendName;
  readonly tfjsName: string;
  readonly device: string;
  readonly software: boolean;
  readonly gradientError: number;
  /** What `auto` takes in the same environment. */
  readonly auto: BackendName;
  /** Synchronous and asynchronous read-backs while steps were taken, before the losses were asked for. */
  readonly reads: number;
  readonly tensorsPerStep: number;
  readonly losses: readonly number[];
}

const auto = await selectBackend('auto');
const report = await selectBackend(process.argv[2] as BackendName);
const mlp = BatchedMlp.draw(
  { networks: 4, inputSize: 2, hidden: [16], outputSize: 1, activation: 'silu' },
  Rng.fromSeed(0),
);
const rng = Rng.fromSeed(1);
const x = tf.tensor2d(
  Float32Array.from({ length: 64 }, () => rng.normal()),
  [32, 2],
);
const y = tf.sum(tf.square(x), 1, true) as tf.Tensor2D;
const logVariance = tf.scalar(0);
const optimizer = new AdamW(mlp.variables, { clipNorm: 10, weightDecay: 1e-3 });
const loss = (): tf.Scalar => tf.neg(tf.mean(gaussianLogLikelihood(mlp.forward(x), y, logVariance)));
const losses = [optimizer.step(loss, 1e-2)];

const backend = tf.backend();
const { read, readSync } = backend;
let reads = 0;
backend.read = (id) => {
  reads++;
  return read.call(backend, id);
};
backend.readSync = (id) => {
  reads++;
  return readSync.call(backend, id);
};
const before = tf.memory().numTensors;
const steps = 5;
for (let i = 0; i < steps; i++) losses.push(optimizer.step(loss, 1e-2));
// each step leaves its loss to the caller
const tensorsPerStep = (tf.memory().numTensors - before) / steps;
const readsInSteps = reads;
const { name, tfjsName, device, software, gradientError } = report;
const seen: GpuTraining = {
  name,
  tfjsName,
  device,
  software,
  gradientError,
  auto: auto.name,
  reads: readsInSteps,
  tensorsPerStep,
  losses: await Promise.all(losses.map(async (value) => (await value.data())[0] as number)),
};
process.stdout.write(`${JSON.stringify(seen)}\n`);
process.exit(0);
