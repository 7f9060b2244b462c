/**
 * What an action costs on one core: forward passes of `InferenceMlp` for one episode and for 480 side by side, and a
 * whole action of a mixture that keeps its component for the episode, as it acts with the preset of Pushing-v0; each against
 * the same network through TensorFlow.js's own CPU backend, by turns in one run.
 *
 * `ratio` is ours over tfjs's, pair by pair: lower is better. `pushing.action.fastest` is to stay below 100 microseconds.
 */
import { MixturePolicy } from '../src/policies/mixture-policy.ts';
import { Rng } from '../src/random.ts';
import { InferenceMlp } from '../src/tensor/inference-mlp.ts';
import { drawMlp } from '../src/tensor/mlp-init.ts';
import type { MlpShape } from '../src/tensor/mlp-shape.ts';
import { type Benchmark, median, round3 } from './support/benchmark.ts';

/** A gate over 64 experts, as the default of imc has it. */
const gate: MlpShape = { networks: 1, inputSize: 4, hidden: [128, 128], outputSize: 64, activation: 'silu' };
/** The experts of the preset of Pushing-v0, and the gate over them. */
const pushing: MlpShape = {
  ...{ networks: 8, inputSize: 10, hidden: [256, 256, 256], outputSize: 2, activation: 'silu' },
  sharedWeights: 3,
};
const pushingGate: MlpShape = { ...gate, inputSize: pushing.inputSize, outputSize: pushing.networks };
const trials = 25;

/** What was timed, microseconds. */
interface Timing {
  readonly microseconds: number;
  /** The fastest trial: what it takes on a core that does nothing else. */
  readonly fastest: number;
  readonly tfjsMicroseconds: number;
  readonly ratio: number;
}

/** Times calls, microseconds each. */
async function timeCalls(calls: number, call: () => unknown): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < calls; i++) {
    const pending = call();
    if (pending !== undefined) await pending;
  }
  return ((performance.now() - start) * 1000) / calls;
}

/** Times two ways of doing one thing by turns, after a warm-up. */
async function pair(
  ours: { readonly calls: number; call(): void },
  theirs: { readonly calls: number; call(): Promise<void> },
): Promise<Timing> {
  for (const { call, calls } of [ours, theirs]) await timeCalls(4 * calls, call);
  const pairs: (readonly [number, number])[] = [];
  for (let trial = 0; trial < trials; trial++) {
    pairs.push([await timeCalls(ours.calls, ours.call), await timeCalls(theirs.calls, theirs.call)]);
  }
  return {
    microseconds: round3(median(pairs.map(([a]) => a))),
    fastest: round3(Math.min(...pairs.map(([a]) => a))),
    tfjsMicroseconds: round3(median(pairs.map(([, b]) => b))),
    ratio: round3(median(pairs.map(([a, b]) => a / b))),
  };
}

/** Statistics that change nothing. */
function identity(width: number) {
  return {
    version: 1,
    mean: new Array<number>(width).fill(0),
    std: new Array<number>(width).fill(1),
  } as const;
}

/** A mixture of the sizes of the preset of Pushing-v0 with random weights, which keeps its component. */
function pushingPolicy(): MixturePolicy {
  const { inputSize, outputSize } = pushing;
  const mixture = {
    ...{ observationNormalizer: identity(inputSize), actionNormalizer: identity(outputSize) },
    ...{ actionLow: [-9, -9], actionHigh: [9, 9], actionDeviations: [] },
    ...{ expertShape: pushing, experts: drawMlp(pushing, Rng.fromSeed(0)) },
    ...{ gateShape: pushingGate, gate: drawMlp(pushingGate, Rng.fromSeed(1)) },
  };
  const policy = new MixturePolicy('imc', mixture, { commitment: 'episode', choose: 'mean' });
  policy.reset([0]);
  return policy;
}

const line = (name: string, { fastest, microseconds, ratio, tfjsMicroseconds }: Timing): string =>
  `${name} ${microseconds} µs (fastest ${fastest}); tfjs cpu ${tfjsMicroseconds} µs (ratio ${ratio})`;

export const benchmark: Benchmark = {
  description: 'microseconds an action, one network or a whole mixture: ours against tfjs cpu',

  async run(say) {
    const { BatchedMlp } = await import('../src/tensor/batched-mlp.ts');
    const { tf } = await import('../src/tensor/tf.ts');
    await tf.setBackend('cpu');
    const rng = Rng.fromSeed(1);
    const inputs = Float32Array.from({ length: 480 * pushing.inputSize }, () => rng.normal());

    /** Times one network of a shape on rows; `act` replaces what of ours is timed. */
    const measure = async (name: string, shape: MlpShape, rows: number, act?: (x: Float32Array) => void) => {
      say(name);
      const one: MlpShape = { ...shape, networks: 1 };
      const arrays = drawMlp(one, Rng.fromSeed(0));
      const plain = new InferenceMlp(one, arrays);
      const batched = new BatchedMlp(one, arrays);
      const x = inputs.slice(0, rows * shape.inputSize);
      const outputs = new Float32Array(rows * shape.outputSize);
      const macs = rows * (shape.hidden[0] ?? 0) ** 2 * (shape.hidden.length - 1);
      const timing = await pair(
        {
          calls: Math.max(1, Math.round(8e6 / macs)),
          call: () => (act === undefined ? plain.forward(0, x, outputs, rows) : act(x)),
        },
        {
          calls: Math.max(1, Math.round(5e5 / macs)),
          async call() {
            const input = tf.tensor2d(x.slice(), [rows, shape.inputSize]);
            const output = batched.forward(input);
            await output.data();
            tf.dispose([input, output]);
          },
        },
      );
      batched.dispose();
      return timing;
    };

    const single = await measure('the gate, one row', gate, 1);
    const batch = await measure('the gate, 480 rows', gate, 480);
    const policy = pushingPolicy();
    const action = await measure('a mixture, one episode', pushing, 1, (x) => policy.act(x));
    const expert = await measure('an expert, one row', pushing, 1);
    const experts = await measure('an expert, 480 rows', pushing, 480);
    return {
      json: { against: 'tfjs cpu', single, batch, pushing: { action, single: expert, batch: experts } },
      text: [
        'by turns with tfjs cpu; medians',
        line('network 4-128-128-64, 1 row:      ', single),
        line('network 4-128-128-64, 480 rows:   ', batch),
        line('Pushing: an action of the mixture:', action),
        line('Pushing: its expert, 1 row:       ', expert),
        line('Pushing: its expert, 480 rows:    ', experts),
      ].join('\n'),
    };
  },
};
