import { CheckpointError, ConfigError } from '../../errors.ts';
import type { Rng } from '../../random.ts';
import { BatchedMlp } from '../../tensor/batched-mlp.ts';
import { drawMlp } from '../../tensor/mlp-init.ts';
import type { MlpShape } from '../../tensor/mlp-shape.ts';
import type { NamedArrays, StoredArray } from '../../tensor/named-arrays.ts';
import { tf } from '../../tensor/tf.ts';
import { joinParts, takePart } from '../../training/parts.ts';
import { attentionLogits } from './attention-gate.ts';
import type { GateKind } from './attentive-config.ts';
import { FeatureNetwork, type FeatureShape } from './feature-network.ts';

/** Describes experts and their gate. */
export interface GatedShape {
  /** M networks. */
  readonly experts: FeatureShape;
  /** One network. */
  readonly gate: FeatureShape;
  /** `original`: a network of its own from the input to a logit per expert. `attentive`: see {@link attentionLogits}. */
  readonly gateKind: GateKind;
  /** K, the numbers that an expert answers. */
  readonly outputSize: number;
}

/** What experts and gate answer to a batch. */
export interface GatedAnswers {
  /** Of the gate, [B, M]. */
  readonly logits: tf.Tensor2D;
  /** Of the experts, [M, B, K]. */
  readonly outputs: tf.Tensor3D;
}

const featureCount = ({ hidden }: FeatureShape) => hidden.at(-1) ?? 0;

/** The last layer of the experts. */
const headShape = ({ experts, outputSize }: GatedShape): MlpShape => ({
  networks: experts.networks,
  inputSize: featureCount(experts),
  hidden: [],
  outputSize,
  activation: 'linear',
});

/** The last layer of an original gate. */
const gateHeadShape = ({ experts, gate }: GatedShape): MlpShape => ({
  networks: 1,
  inputSize: featureCount(gate),
  hidden: [],
  outputSize: experts.networks,
  activation: 'linear',
});

/** Draws W_q and W_k as PyTorch's `Linear` without bias: uniform in ±1/√h. */
function drawAttention(size: number, rng: Rng): NamedArrays {
  const bound = 1 / Math.sqrt(size);
  const draw = (stream: Rng): StoredArray => ({
    shape: [size, size],
    data: Float32Array.from({ length: size * size }, () => stream.uniform(-bound, bound)),
  });
  return { query: draw(rng.fork('query')), key: draw(rng.fork('key')) };
}

function square(arrays: NamedArrays, name: string, size: number): Float32Array {
  const array = arrays[name];
  if (array?.data instanceof Float32Array && array.shape.join() === `${size},${size}`) {
    return array.data.slice();
  }
  throw new CheckpointError({ what: 'The weights of the attentive gate are missing', where: name });
}

const squareVariable = (data: Float32Array, size: number) =>
  tf.tidy(() => tf.variable(tf.tensor2d(data, [size, size])));

/**
 * M experts and the gate that divides inputs among them, trained together on the active tensor backend. Owns its
 * variables until {@link GatedNetworks.dispose}.
 */
export class GatedNetworks {
  readonly shape: GatedShape;
  readonly experts: FeatureNetwork;
  readonly heads: BatchedMlp;
  readonly gate: FeatureNetwork;
  readonly #gateHead: BatchedMlp | undefined;
  readonly #attention: { readonly query: tf.Variable; readonly key: tf.Variable } | undefined;

  /**
   * Starts from given weights, which are copied.
   *
   * @throws ConfigError when the shape contradicts itself; CheckpointError when an array does not fit it.
   */
  constructor(shape: GatedShape, initial: NamedArrays) {
    checkShape(shape);
    this.shape = shape;
    this.experts = new FeatureNetwork(shape.experts, takePart(initial, 'experts'));
    this.heads = new BatchedMlp(headShape(shape), takePart(initial, 'heads'));
    this.gate = new FeatureNetwork(shape.gate, takePart(initial, 'gate'));
    const attentive = shape.gateKind === 'attentive';
    const size = featureCount(shape.gate);
    const attention = takePart(initial, 'attention');
    this.#gateHead = attentive
      ? undefined
      : new BatchedMlp(gateHeadShape(shape), takePart(initial, 'gate-head'));
    this.#attention = attentive
      ? {
          query: squareVariable(square(attention, 'query', size), size),
          key: squareVariable(square(attention, 'key', size), size),
        }
      : undefined;
  }

  /** Draws starting weights: the same numbers whatever the backend. @throws ConfigError as the constructor. */
  static draw(shape: GatedShape, rng: Rng): NamedArrays {
    checkShape(shape);
    const attentive = shape.gateKind === 'attentive';
    return joinParts({
      experts: FeatureNetwork.draw(shape.experts, rng.fork('experts')),
      heads: drawMlp(headShape(shape), rng.fork('heads')),
      gate: FeatureNetwork.draw(shape.gate, rng.fork('gate')),
      ...(attentive
        ? { attention: drawAttention(featureCount(shape.gate), rng.fork('attention')) }
        : { 'gate-head': drawMlp(gateHeadShape(shape), rng.fork('gate-head')) }),
    });
  }

  /**
   * Makes the start of a distillation: the same experts, and an original gate whose layers are those of this gate but for
   * a new last one (arXiv 2302.14703). It can be evaluated without the experts, so that only the chosen ones need be.
   */
  async distilled(rng: Rng): Promise<GatedNetworks> {
    const shape: GatedShape = { ...this.shape, gateKind: 'original' };
    const { experts, gate, heads } = await this.#parts();
    const gateHead = drawMlp(gateHeadShape(shape), rng.fork('gate-head'));
    return new GatedNetworks(shape, joinParts({ experts, heads, gate, 'gate-head': gateHead }));
  }

  /** What is trained. */
  get variables(): readonly tf.Variable[] {
    return [...this.experts.variables, ...this.heads.variables, ...this.gateVariables];
  }

  /** The part of them that is the gate's; a gate of one expert is not trained. */
  get gateVariables(): readonly tf.Variable[] {
    if (this.shape.experts.networks === 1) return [];
    const attention = this.#attention === undefined ? [] : [this.#attention.query, this.#attention.key];
    return [...this.gate.variables, ...(this.#gateHead?.variables ?? []), ...attention];
  }

  /**
   * Evaluates all experts and the gate; differentiable in the variables.
   *
   * The query is the gate's last hidden layer before its activation, the keys those of the experts after it, as in the
   * authors' networks.
   *
   * @param x - [B, inputs]. Borrowed.
   * @param training - whether batch normalization uses this batch.
   * @returns tensors that the caller disposes of, with those of the scope around.
   */
  forward(x: tf.Tensor2D, training: boolean): GatedAnswers {
    const features = this.experts.forward(x, training);
    return {
      outputs: this.heads.forward(features.after),
      logits: this.#gateLogits(x, features.after, training),
    };
  }

  #gateLogits(x: tf.Tensor2D, keys: tf.Tensor3D, training: boolean): tf.Tensor2D {
    const [experts, batch] = keys.shape;
    if (experts === 1) return tf.zeros([batch, 1]);
    const { after, before } = this.gate.forward(x, training);
    if (this.#attention !== undefined) {
      const { key, query } = this.#attention as {
        query: tf.Variable<tf.Rank.R2>;
        key: tf.Variable<tf.Rank.R2>;
      };
      return attentionLogits(tf.reshape(before, [batch, -1]), keys, query, key);
    }
    return tf.reshape((this.#gateHead as BatchedMlp).forward(after), [batch, experts]);
  }

  /** Measures what batch normalization uses after the training; inputs [B, inputs] are disposed of here. */
  calibrate(batches: () => Iterable<tf.Tensor2D>): void {
    this.experts.calibrate(batches);
    this.gate.calibrate(batches);
  }

  async #parts(): Promise<Record<'experts' | 'heads' | 'gate', NamedArrays>> {
    return {
      experts: await this.experts.toArrays(),
      heads: await this.heads.toArrays(),
      gate: await this.gate.toArrays(),
    };
  }

  /** Copies the weights out of the backend; reads back, so call it outside the training loop. */
  async toArrays(): Promise<NamedArrays> {
    const attention: Record<string, StoredArray> = {};
    for (const [name, variable] of Object.entries(this.#attention ?? {})) {
      const data = (await (variable as tf.Variable).data<'float32'>()).slice();
      attention[name] = { shape: [...(variable as tf.Variable).shape], data };
    }
    const gateHead = (await this.#gateHead?.toArrays()) ?? {};
    return joinParts({ ...(await this.#parts()), 'gate-head': gateHead, attention });
  }

  /** Overwrites the weights with saved ones. @throws CheckpointError when an array is missing or does not fit. */
  assign(arrays: NamedArrays): void {
    this.experts.assign(takePart(arrays, 'experts'));
    this.heads.assign(takePart(arrays, 'heads'));
    this.gate.assign(takePart(arrays, 'gate'));
    this.#gateHead?.assign(takePart(arrays, 'gate-head'));
    const attention = takePart(arrays, 'attention');
    const size = featureCount(this.shape.gate);
    for (const [name, variable] of Object.entries(this.#attention ?? {})) {
      const data = square(attention, name, size);
      tf.tidy(() => variable.assign(tf.tensor2d(data, [size, size])));
    }
  }

  /** Frees the variables. */
  dispose(): void {
    this.experts.dispose();
    this.heads.dispose();
    this.gate.dispose();
    this.#gateHead?.dispose();
    this.#attention?.query.dispose();
    this.#attention?.key.dispose();
  }
}

function checkShape({ experts, gate, gateKind }: GatedShape): void {
  if (experts.hidden.length === 0 || gate.hidden.length === 0) {
    throw new ConfigError({
      what: 'Gate and experts need a hidden layer each',
      found: `experts ${experts.hidden.length}, gate ${gate.hidden.length}`,
    });
  }
  if (gateKind !== 'attentive' || featureCount(experts) === featureCount(gate)) return;
  throw new ConfigError({
    what: 'The attentive gate compares the last hidden layers of gate and experts, which differ in width',
    found: `gate ${featureCount(gate)}, experts ${featureCount(experts)}`,
    expected: 'the same width',
  });
}
