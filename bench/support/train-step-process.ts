/**
 * One competitor of the train-step benchmark, in a process of its own: `node train-step-process.ts SIZE VARIANT`.
 *
 * Announces itself with a line of JSON, then answers each line of stdin, a number of steps, with the milliseconds
 * of every step. VARIANT is `deterministic` or `relaxed` (our layers and optimizer on `simd`), `unchanged` (plain
 * tfjs operations and tf.train.adam on `simd`), `js` (our layers on tfjs's CPU backend) or `wasm` (on tfjs-wasm).
 */
import { createInterface } from 'node:readline';
import { Rng } from '../../src/random.ts';
import { BatchedMlp } from '../../src/tensor/batched-mlp.ts';
import { gaussianLogLikelihood } from '../../src/tensor/ops/gaussian-log-likelihood.ts';
import { AdamW } from '../../src/tensor/optimizer.ts';
import { registerSimdBackend } from '../../src/tensor/simd/register.ts';
import { tf } from '../../src/tensor/tf.ts';
import { trainStepSizes } from './train-step-sizes.ts';

const [sizeName, variant] = process.argv.slice(2) as [keyof typeof trainStepSizes, string];
const { networks, widths, batch } = trainStepSizes[sizeName];
const rate = 1e-3;

async function activate(): Promise<object> {
  if (variant === 'js') {
    await tf.setBackend('cpu');
    return { threads: 1 };
  }
  if (variant === 'wasm') {
    const name = '@tensorflow/tfjs-backend-wasm';
    await import(name);
    await tf.setBackend('wasm');
    return { threads: 1 };
  }
  const report = await registerSimdBackend({ relaxed: variant === 'relaxed' });
  await tf.setBackend('simd');
  return report;
}

const report = await activate();
const rng = Rng.fromSeed(0);
const normals = (...shape: [number, number, number]) =>
  tf.tensor3d(
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => rng.normal()),
    shape,
  );
const x = normals(networks, batch, widths[0] as number);
const y = normals(networks, batch, widths.at(-1) as number);
const mlp = BatchedMlp.draw(
  {
    networks,
    inputSize: widths[0] as number,
    hidden: widths.slice(1, -1),
    outputSize: widths.at(-1) as number,
    activation: 'relu',
  },
  rng.fork('weights'),
);
const logVariance = tf.scalar(0);

function ourStep(): () => tf.Scalar {
  const optimizer = new AdamW(mlp.variables);
  const loss = (): tf.Scalar => tf.neg(tf.mean(gaussianLogLikelihood(mlp.forward(x), y, logVariance)));
  return () => optimizer.step(loss, rate);
}

/** The step as anyone writes it in tfjs, with no operation of ours. */
function unchangedStep(): () => tf.Scalar {
  const optimizer = tf.train.adam(rate);
  const variables = [...mlp.variables] as tf.Tensor3D[];
  const constant = (widths.at(-1) as number) * Math.log(2 * Math.PI);
  const loss = (): tf.Scalar => {
    let h: tf.Tensor = x;
    for (let i = 0; i < variables.length; i += 2) {
      h = tf.add(tf.matMul(h, variables[i] as tf.Tensor), variables[i + 1] as tf.Tensor);
      if (i + 2 < variables.length) h = tf.relu(h);
    }
    return tf.mean(tf.mul(tf.add(tf.sum(tf.square(tf.sub(y, h)), -1), constant), 0.5));
  };
  return () => optimizer.minimize(loss, true) as tf.Scalar;
}

const step = variant === 'unchanged' ? unchangedStep() : ourStep();
console.log(JSON.stringify(report));
for await (const line of createInterface({ input: process.stdin })) {
  const times: number[] = [];
  let last: tf.Scalar | undefined;
  for (let i = 0; i < Number(line); i++) {
    last?.dispose();
    const before = performance.now();
    last = step();
    times.push(performance.now() - before);
  }
  const [loss] = (await last?.data()) ?? [];
  last?.dispose();
  console.log(JSON.stringify({ times, loss }));
}
process.exit(0);
