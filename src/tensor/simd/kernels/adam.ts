import { floatBits, type SimdBackend, type TensorInfo } from '../simd-backend.ts';
import { type Kernel, SHARED_ELEMENTS, sizeOf } from './kernel.ts';

/** The name of the fused optimizer step. */
export const ADAM_UPDATE = 'AdamUpdate';

/** Elements in a unit of work, as in the compiled kernel. */
const BLOCK = 4096;

/** The settings of one {@link ADAM_UPDATE}, passed as kernel attributes. */
export interface AdamUpdateAttributes {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled (AdamW): every step multiplies the values by 1 - learningRate·weightDecay. */
  readonly weightDecay: number;
  /** The number of this step, from 1. */
  readonly step: number;
}

/**
 * One Adam or AdamW step over all variables, in place: values and moments are overwritten, nothing is allocated.
 *
 * Inputs, for variables i = 0 ..: `value0`, `gradient0`, `m0`, `v0`, `value1`, ... all float32 and of equal shape
 * per variable. Returns no tensors.
 */
export const adamUpdate: Kernel = ({ inputs, backend, attrs }) => {
  const { learningRate, beta1, beta2, epsilon, weightDecay, step } = attrs as unknown as AdamUpdateAttributes;
  const table: number[] = [];
  let units = 0;
  let total = 0;
  for (let i = 0; inputs[`value${i}`] !== undefined; i++) {
    const value = inputs[`value${i}`] as TensorInfo;
    const elements = sizeOf(value.shape);
    for (const role of ['value', 'gradient', 'm', 'v'])
      table.push(operand(backend, inputs, role, i, elements));
    table.push(elements, units);
    units += Math.ceil(elements / BLOCK);
    total += elements;
  }
  if (units === 0) return [];
  const at = backend.heap.allocate(4 * table.length);
  try {
    backend.heap.i32.set(table, at / 4);
    const args = [
      at,
      table.length / 6,
      ...[
        learningRate,
        beta1,
        beta2,
        epsilon,
        1 - beta1 ** step,
        1 - beta2 ** step,
        learningRate * weightDecay,
        1 - beta1,
        1 - beta2,
      ].map(floatBits),
    ];
    backend.run('adam', args, units, total >= SHARED_ELEMENTS);
  } finally {
    backend.heap.release(at, 4 * table.length);
  }
  return [];
};

function operand(
  backend: SimdBackend,
  inputs: Readonly<Record<string, TensorInfo>>,
  role: string,
  i: number,
  elements: number,
): number {
  const tensor = inputs[`${role}${i}`];
  if (tensor === undefined || tensor.dtype !== 'float32' || sizeOf(tensor.shape) !== elements) {
    throw new Error(`${ADAM_UPDATE}: ${role}${i} must be a float32 tensor of ${elements} elements`);
  }
  return backend.pointer(tensor);
}
