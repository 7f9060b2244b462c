import type { Activation } from '../../ops/activation.ts';
import { activations } from '../../ops/activation.ts';
import type { SimdBackend, TensorInfo } from '../simd-backend.ts';
import { type Kernel, SHARED_ELEMENTS, SHARED_FLOPS, sizeOf } from './kernel.ts';
import { runMatMul } from './mat-mul.ts';
import { runSum } from './reduce.ts';

/** activation(x·weights + bias) for E layers at once. */
export const FUSED_DENSE = 'FusedDense';
/** Tensors for the gradients of weights and bias. */
export const FUSED_DENSE_GRADIENTS = 'FusedDenseGradients';
/** The gradients of {@link FUSED_DENSE}. */
export const FUSED_DENSE_BACKWARD = 'FusedDenseBackward';

/** Rows of the product in one unit of work, as in the compiled kernel. */
const UNIT_ROWS = 64;
/** From this many networks on, the backward pass goes network by network and stays in the cache. */
const MANY_NETWORKS = 8;
/** Bytes of a thread's scratch that hold the gradient of one network's pre-activations. */
const DZ_BYTES = 1 << 20;
const BLOCK = 4096;
/** The gradient of shared weights is summed over at most this many parts of no fewer rows than this. */
const MOST_PARTS = 16;
const LEAST_ROWS = 64;

/** The derivative of these is a function of their output, so that the pre-activations need not be kept. */
const knownFromOutput: readonly Activation[] = ['linear', 'relu', 'tanh'];

/**
 * Inputs x [E or 1, B, K], weights [E or 1, K, N], bias [E, 1, N]; attributes `activation` and `training`: whether the
 * pre-activations are kept with the output for {@link FUSED_DENSE_BACKWARD}.
 */
export const fusedDense: Kernel = ({ inputs, backend, attrs }) => {
  const { x, weights, bias } = inputs as { x: TensorInfo; weights: TensorInfo; bias: TensorInfo };
  const { activation, training } = attrs as { activation: Activation; training: boolean };
  const [, B, K] = x.shape as [number, number, number];
  const [E, , N] = bias.shape as [number, number, number];
  const px = backend.pointer(x);
  const pw = backend.pointer(weights);
  const pb = backend.pointer(bias);
  const out = backend.output([E, B, N]);
  const py = backend.pointer(out);
  const keep = training && !knownFromOutput.includes(activation);
  const pz = keep ? backend.attach(out) : 0;
  if (E * B * N === 0) return out;
  const units = Math.ceil(B / UNIT_ROWS);
  const args = [
    px,
    pw,
    py,
    B,
    N,
    K,
    x.shape[0] === 1 ? 0 : 4 * B * K,
    weights.shape[0] === 1 ? 0 : 4 * K * N,
    4 * B * N,
    0,
    0,
    pb,
    4 * N,
    activations.indexOf(activation),
    pz,
    units,
  ];
  backend.run('batchMatMul', args, E * units, 2 * E * B * N * K >= SHARED_FLOPS);
  return out;
};

/** dy times the derivative of the activation, or dy itself for a linear layer. */
function preActivationGradient(
  backend: SimdBackend,
  dy: TensorInfo,
  saved: number,
  activation: number,
): TensorInfo {
  const pdy = backend.pointer(dy);
  const dz = backend.output(dy.shape);
  const total = sizeOf(dy.shape);
  const args = [pdy, saved, backend.pointer(dz), total, activation];
  backend.run('activationGradient', args, Math.ceil(total / BLOCK), total >= SHARED_ELEMENTS);
  return dz;
}

/**
 * Two tensors for the gradients of weights and bias, not yet filled. Inputs weights [E or 1, K, N], dy [E, B, N].
 */
export const fusedDenseGradients: Kernel = ({ inputs, backend }) => {
  const { weights, dy } = inputs as { weights: TensorInfo; dy: TensorInfo };
  const [E, , N] = dy.shape as [number, number, number];
  return [backend.output([...weights.shape]), backend.output([E, 1, N])];
};

interface BackwardInputs {
  readonly dy: TensorInfo;
  readonly y: TensorInfo;
  readonly x: TensorInfo;
  readonly weights: TensorInfo;
  /** From {@link FUSED_DENSE_GRADIENTS}; filled here, where given. */
  readonly dWeights?: TensorInfo;
  readonly dBias?: TensorInfo;
}

/**
 * Inputs dy and y [E, B, N], x [E or 1, B, K], weights [E or 1, K, N] and the gradients to fill; attributes
 * `activation` and `needsX`. Returns dx if asked for.
 */
export const fusedDenseBackward: Kernel = ({ inputs, backend, attrs }) => {
  const call = inputs as unknown as BackwardInputs;
  const { dy, y, x, weights, dWeights, dBias } = call;
  const { activation, needsX } = attrs as { activation: Activation; needsX: boolean };
  const [, B, K] = x.shape as [number, number, number];
  const [E, , N] = dy.shape as [number, number, number];
  const saved = knownFromOutput.includes(activation) ? backend.pointer(y) : backend.attachment(y);
  const shared = x.shape[0] === 1 && E > 1;
  const oneMatrix = weights.shape[0] === 1;
  const apart =
    oneMatrix || E < MANY_NETWORKS || 4 * B * N > DZ_BYTES || (needsX && shared) || B * N * K === 0;
  if (apart) return separately(backend, call, saved, activation, needsX);
  const pdy = backend.pointer(dy);
  const px = backend.pointer(x);
  const pw = backend.pointer(weights);
  const dx = needsX ? backend.output(x.shape) : undefined;
  const args = [
    pdy,
    px,
    pw,
    saved,
    dx === undefined ? 0 : backend.pointer(dx),
    dWeights === undefined ? 0 : backend.pointer(dWeights),
    dBias === undefined ? 0 : backend.pointer(dBias),
    B,
    N,
    K,
    activations.indexOf(activation),
    shared ? 0 : 4 * B * K,
  ];
  backend.run('denseBackward', args, E, 2 * E * B * N * K >= SHARED_FLOPS);
  return dx === undefined ? [] : [dx];
};

/** A tensor under another shape of the same size. */
const seenAs = ({ dataId, dtype }: TensorInfo, shape: number[]): TensorInfo => ({ dataId, dtype, shape });

/**
 * The gradient of weights that all networks share: xᵀ·dz over all rows. The rows are cut into parts whose products
 * threads share, and which are then added, so that the cut, like the bits, depends on the number of rows alone.
 */
function sharedWeightGradient(backend: SimdBackend, x: TensorInfo, dz: TensorInfo, into: TensorInfo): void {
  const [, K, N] = into.shape as [number, number, number];
  const rows = sizeOf(dz.shape) / Math.max(1, N);
  let parts = 1;
  while (parts < MOST_PARTS && rows % (2 * parts) === 0 && rows / (2 * parts) >= LEAST_ROWS) parts *= 2;
  const a = seenAs(x, [parts, rows / parts, K]);
  const b = seenAs(dz, [parts, rows / parts, N]);
  if (parts === 1) {
    runMatMul(backend, a, b, { transposeA: true, into });
    return;
  }
  const products = runMatMul(backend, a, b, { transposeA: true });
  runSum(backend, products, { outer: 1, axis: parts, inner: K * N }, into);
  backend.disposeData(products.dataId);
}

/** dz·weightsᵀ; for weights that all networks share as one product over all rows. */
function inputGradient(backend: SimdBackend, dz: TensorInfo, weights: TensorInfo): TensorInfo {
  const [E, B, N] = dz.shape as [number, number, number];
  const [matrices, K] = weights.shape as [number, number];
  if (matrices === E) return runMatMul(backend, dz, weights, { transposeB: true });
  const dx = backend.output([E, B, K]);
  return runMatMul(backend, seenAs(dz, [1, E * B, N]), weights, { transposeB: true, into: dx });
}

/** The backward pass as products over all networks: for few or large ones, shared weights, and a shared x with gradient. */
function separately(
  backend: SimdBackend,
  call: BackwardInputs,
  saved: number,
  activation: Activation,
  needsX: boolean,
): TensorInfo[] {
  const { dy, x, weights, dWeights, dBias } = call;
  const linear = activation === 'linear';
  const dz = linear ? dy : preActivationGradient(backend, dy, saved, activations.indexOf(activation));
  const [E, B, N] = dy.shape as [number, number, number];
  const results: TensorInfo[] = [];
  if (dWeights !== undefined) {
    if (weights.shape[0] === E) runMatMul(backend, x, dz, { transposeA: true, into: dWeights });
    else sharedWeightGradient(backend, x, dz, dWeights);
  }
  if (dBias !== undefined) runSum(backend, dz, { outer: E, axis: B, inner: N }, dBias);
  if (needsX) {
    let dx = inputGradient(backend, dz, weights);
    if (x.shape[0] !== E) {
      const perNetwork = dx;
      dx = runSum(backend, perNetwork, { outer: 1, axis: E, inner: sizeOf(x.shape) }, x.shape);
      backend.disposeData(perNetwork.dataId);
    }
    results.push(dx);
  }
  if (!linear) backend.disposeData(dz.dataId);
  return results;
}

/** Dense-layer kernels by their names. */
export const denseKernels: ReadonlyMap<string, Kernel> = new Map([
  [FUSED_DENSE, fusedDense],
  [FUSED_DENSE_GRADIENTS, fusedDenseGradients],
  [FUSED_DENSE_BACKWARD, fusedDenseBackward],
]);
