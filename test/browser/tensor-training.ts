import { Rng } from '../../src/random.ts';
import {
  type BackendName,
  type BackendReport,
  probeBackends,
  selectBackend,
} from '../../src/tensor/backend.ts';
import { BatchedMlp } from '../../src/tensor/batched-mlp.ts';
import { InferenceMlp } from '../../src/tensor/inference-mlp.ts';
import type { MlpShape } from '../../src/tensor/mlp-shape.ts';
import { type Activation, activations } from '../../src/tensor/ops/activation.ts';
import { gaussianLogLikelihood } from '../../src/tensor/ops/gaussian-log-likelihood.ts';
import { AdamW } from '../../src/tensor/optimizer.ts';
import { tf } from '../../src/tensor/tf.ts';

/** What {@link train} saw. */
export interface TrainingOutcome {
  readonly report: BackendReport;
  readonly probes: readonly { readonly name: BackendName; readonly missing: string | null }[];
  /** The bits of all weights after training, as hexadecimal words. */
  readonly weights: string;
  /** The bits of actions of the trained networks. */
  readonly actions: string;
}

function bits(values: Float32Array): string {
  return [...new Uint32Array(values.buffer, values.byteOffset, values.length)]
    .map((word) => word.toString(16).padStart(8, '0'))
    .join('');
}

/** One activation on networks that are large enough for the SIMD backend to share its products between threads. */
const sizes = (activation: Activation) =>
  activation === 'silu'
    ? { networks: 9, batch: 64, hidden: [48, 32] }
    : { networks: 3, batch: 16, hidden: [16, 16] };

/** Trains small networks of every activation on a backend, in Node or in a page. */
export async function train(name: BackendName | 'auto'): Promise<TrainingOutcome> {
  const probes = (await probeBackends()).map((probe) => ({
    name: probe.name,
    missing: probe.available ? null : probe.missing,
  }));
  const report = await selectBackend(name);
  let weights = '';
  let actions = '';
  for (const activation of activations) {
    const { networks, batch, hidden } = sizes(activation);
    const shape: MlpShape = { networks, inputSize: 4, hidden, outputSize: 2, activation };
    const rng = Rng.fromSeed(activation);
    const draw = (count: number) => Float32Array.from({ length: count }, () => rng.normal());
    const mlp = BatchedMlp.draw(shape, rng.fork('weights'));
    const optimizer = new AdamW(mlp.variables, { weightDecay: 1e-2 });
    const inputs = (width: number) => tf.tensor3d(draw(networks * batch * width), [networks, batch, width]);
    const [x, y] = [inputs(4), inputs(2)];
    const logVariance = tf.scalar(0);
    for (let step = 0; step < 5; step++) {
      optimizer
        .step(() => tf.neg(tf.mean(gaussianLogLikelihood(mlp.forward(x), y, logVariance))), 1e-2)
        .dispose();
    }
    const arrays = await mlp.toArrays();
    for (const { data } of Object.values(arrays)) weights += bits(data as Float32Array);
    const output = new Float32Array(2);
    new InferenceMlp(shape, arrays).forward(1, Float32Array.of(0.3, -0.1, 0.7, -1.1), output);
    actions += bits(output);
  }
  return { report, probes, weights, actions };
}
