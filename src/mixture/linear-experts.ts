import { CheckpointError } from '../errors.ts';
import type { Rng } from '../random.ts';
import {
  type LayerShape,
  layerArray,
  layerArrayName,
  layerShapes,
  type MlpShape,
} from '../tensor/mlp-shape.ts';
import type { NamedArrays } from '../tensor/named-arrays.ts';
import type { Snapshot } from '../training/trained-weights.ts';
import type { SpanEnd, TrainingSpan } from '../training/training-loop.ts';
import type { Checkpoint } from '../training/training-run.ts';
import type { Curriculum } from './curriculum.ts';
import type { ExpertData, Experts } from './experts.ts';
import { NormalEquations } from './least-squares.ts';

/** What {@link LinearExperts} are built from. */
export interface LinearExpertsOptions {
  /** Networks without hidden layers. */
  readonly shape: MlpShape;
  readonly standardDeviation: number;
  readonly rng: Rng;
  /** Weights to start from; drawn where left out. */
  readonly weights?: NamedArrays | undefined;
}

/**
 * Linear-Gaussian experts, a = W_z·[o; 1] plus noise of a fixed variance, fitted in closed form: the weighted
 * least-squares solution of least norm under the curriculum, in double precision. With them the bound of the
 * `paper` form never decreases.
 */
export class LinearExperts implements Experts {
  readonly fixed = 0;
  readonly #data: ExpertData;
  readonly #standardDeviation: number;
  #shape: MlpShape;
  /** W_z, shape `[C, Do + 1, Da]`; the last row is the bias. */
  #coefficients: Float64Array;

  /** @throws CheckpointError when the weights to start from do not fit the shape. */
  constructor(data: ExpertData, options: LinearExpertsOptions) {
    const { shape, rng, standardDeviation, weights } = options;
    this.#shape = shape;
    this.#data = data;
    this.#standardDeviation = standardDeviation;
    this.#coefficients = weights === undefined ? draw(shape, rng) : coefficientsOf(shape, weights);
  }

  get shape(): MlpShape {
    return this.#shape;
  }

  async improve(curriculum: Curriculum, span: TrainingSpan): Promise<SpanEnd> {
    if (span.signal?.aborted === true) return { step: span.from, loss: Number.NaN };
    for (let z = 0; z < this.shape.networks; z++) this.#fit(z, curriculum.selection(z));
    span.onStep?.(span.to);
    return { step: span.to, loss: Number.NaN };
  }

  #fit(component: number, selection: Float64Array): void {
    const { observations, actions, unitStarts } = this.#data;
    const { inputSize, outputSize } = this.shape;
    const n = inputSize + 1;
    const equations = new NormalEquations(n, outputSize);
    const row = new Float64Array(n);
    row[inputSize] = 1;
    for (let unit = 0; unit < selection.length; unit++) {
      const weight = selection[unit] as number;
      if (weight === 0) continue;
      for (let step = unitStarts[unit] as number; step < (unitStarts[unit + 1] as number); step++) {
        for (let d = 0; d < inputSize; d++) row[d] = observations[step * inputSize + d] as number;
        equations.add(row, actions, step * outputSize, weight);
      }
    }
    this.#coefficients.set(equations.solve(), component * n * outputSize);
  }

  async logLikelihoods(data: ExpertData = this.#data): Promise<Float64Array> {
    const { observations, actions, unitStarts } = data;
    const { networks, inputSize, outputSize } = this.shape;
    const variance = this.#standardDeviation ** 2;
    const units = unitStarts.length - 1;
    const totals = new Float64Array(units * networks);
    for (let unit = 0; unit < units; unit++) {
      for (let step = unitStarts[unit] as number; step < (unitStarts[unit + 1] as number); step++) {
        for (let z = 0; z < networks; z++) {
          let squared = 0;
          for (let d = 0; d < outputSize; d++) {
            let mean = this.#coefficient(z, inputSize, d);
            for (let k = 0; k < inputSize; k++) {
              mean += (observations[step * inputSize + k] as number) * this.#coefficient(z, k, d);
            }
            squared += ((actions[step * outputSize + d] as number) - mean) ** 2;
          }
          const at = unit * networks + z;
          totals[at] = (totals[at] as number) - (0.5 * squared) / variance;
        }
      }
    }
    return totals;
  }

  #coefficient(component: number, input: number, output: number): number {
    const { inputSize, outputSize } = this.shape;
    return this.#coefficients[(component * (inputSize + 1) + input) * outputSize + output] as number;
  }

  async keep(picked: readonly number[]): Promise<void> {
    const size = this.#coefficients.length / this.#shape.networks;
    const kept = new Float64Array(size * picked.length);
    for (const [i, z] of picked.entries())
      kept.set(this.#coefficients.subarray(z * size, (z + 1) * size), i * size);
    this.#coefficients = kept;
    this.#shape = { ...this.#shape, networks: picked.length };
  }

  async draft(count: number, rng: Rng): Promise<LinearExperts> {
    const shape = { ...this.#shape, networks: count };
    return new LinearExperts(this.#data, { shape, standardDeviation: this.#standardDeviation, rng });
  }

  async adopt(candidates: LinearExperts, picked: readonly number[]): Promise<void> {
    await candidates.keep(picked);
    const joined = new Float64Array(this.#coefficients.length + candidates.#coefficients.length);
    joined.set(this.#coefficients);
    joined.set(candidates.#coefficients, this.#coefficients.length);
    this.#coefficients = joined;
    this.#shape = { ...this.#shape, networks: this.#shape.networks + picked.length };
  }

  async snapshot(): Promise<Snapshot> {
    const { networks, inputSize, outputSize } = this.shape;
    const weights = new Float32Array(networks * inputSize * outputSize);
    const bias = new Float32Array(networks * outputSize);
    for (let z = 0; z < networks; z++) {
      for (let d = 0; d < outputSize; d++) {
        for (let k = 0; k < inputSize; k++) {
          weights[(z * inputSize + k) * outputSize + d] = this.#coefficient(z, k, d);
        }
        bias[z * outputSize + d] = this.#coefficient(z, inputSize, d);
      }
    }
    return {
      raw: {
        [layerArrayName(0, 'weights')]: { shape: [networks, inputSize, outputSize], data: weights },
        [layerArrayName(0, 'bias')]: { shape: [networks, 1, outputSize], data: bias },
      },
    };
  }

  async getState(): Promise<Checkpoint> {
    const { networks, inputSize, outputSize } = this.shape;
    const data = this.#coefficients.slice();
    return { arrays: { coefficients: { shape: [networks, inputSize + 1, outputSize], data } }, state: {} };
  }

  setState(saved: Checkpoint): void {
    const { data, shape = [] } = saved.arrays.coefficients ?? {};
    const { inputSize, outputSize } = this.#shape;
    const [networks = 0] = shape;
    const size = networks * (inputSize + 1) * outputSize;
    if (!(data instanceof Float64Array) || networks < 1 || data.length !== size) {
      throw new CheckpointError({
        what: 'A checkpoint does not fit the linear experts',
        where: 'coefficients',
        found: data === undefined ? 'no such array' : `${data.constructor.name} of ${data.length}`,
        expected: `Float64Array [C, ${inputSize + 1}, ${outputSize}]`,
      });
    }
    this.#shape = { ...this.#shape, networks };
    this.#coefficients = data.slice();
  }

  dispose(): void {
    // holds no tensors
  }
}

/** Draws coefficients as networks without hidden layers start. */
function draw({ networks, inputSize, outputSize }: MlpShape, rng: Rng): Float64Array {
  const draws = rng.fork('weights');
  const bound = 1 / Math.sqrt(inputSize);
  return Float64Array.from({ length: networks * (inputSize + 1) * outputSize }, () =>
    draws.uniform(-bound, bound),
  );
}

/** Takes coefficients out of what {@link LinearExperts.snapshot} gave. */
function coefficientsOf(shape: MlpShape, arrays: NamedArrays): Float64Array {
  const { networks, inputSize, outputSize } = shape;
  const [layer] = layerShapes(shape) as [LayerShape];
  const weights = layerArray(arrays, 0, 'weights', layer);
  const bias = layerArray(arrays, 0, 'bias', layer);
  const [own, size] = [inputSize * outputSize, (inputSize + 1) * outputSize];
  const coefficients = new Float64Array(networks * size);
  for (let z = 0; z < networks; z++) {
    coefficients.set(weights.subarray(z * own, (z + 1) * own), z * size);
    coefficients.set(bias.subarray(z * outputSize, (z + 1) * outputSize), z * size + own);
  }
  return coefficients;
}
