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
  /** Per variable, decoupled (AdamW): the step multiplies its values by 1 - learningRate·weightDecay. */
  readonly weightDecay: readonly number[];
  /** The number of this step, from 1. */
  readonly step: number;
  /** Per entry of the leading axis of variables that have as many: 0 leaves the entry as it is. */
  readonly active: readonly number[] | null;
}

/** Runs of neighbouring entries that are trained, as [first, end). */
function activeRuns(active: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const [i, flag] of active.entries()) {
    if (!flag) continue;
    const last = runs.at(-1);
    if (last?.[1] === i) last[1] = i + 1;
    else runs.push([i, i + 1]);
  }
  return runs;
}

/**
 * One Adam or AdamW step over all variables, in place: values and moments are overwritten, nothing is allocated.
 *
 * Inputs, for variables i = 0 ..: `value0`, `gradient0`, `m0`, `v0`, `value1`, ... all float32 and of equal shape
 * per variable; and `scale`, a scalar that multiplies all gradients, where given. Returns no tensors.
 */
export const adamUpdate: Kernel = ({ inputs, backend, attrs }) => {
  const { learningRate, beta1, beta2, epsilon, weightDecay, step, active } =
    attrs as unknown as AdamUpdateAttributes;
  const runs = active === null ? [] : activeRuns(active);
  const table: number[] = [];
  let units = 0;
  let total = 0;
  for (let i = 0; inputs[`value${i}`] !== undefined; i++) {
    const { shape } = inputs[`value${i}`] as TensorInfo;
    const elements = sizeOf(shape);
    const pointers = ['value', 'gradient', 'm', 'v'].map((role) =>
      operand(backend, inputs, role, i, elements),
    );
    const keep = floatBits(1 - learningRate * (weightDecay[i] as number));
    const masked = active !== null && shape[0] === active.length;
    const entry = masked ? elements / active.length : elements;
    for (const [first, end] of masked ? runs : [[0, 1] as const]) {
      const count = (end - first) * entry;
      table.push(...pointers.map((pointer) => pointer + 4 * first * entry), count, units, keep);
      units += Math.ceil(count / BLOCK);
      total += count;
    }
  }
  if (units === 0) return [];
  const scale = inputs.scale === undefined ? 0 : backend.pointer(inputs.scale);
  const at = backend.heap.allocate(4 * table.length);
  try {
    backend.heap.i32.set(table, at / 4);
    const args = [
      at,
      table.length / 7,
      ...[learningRate, beta1, beta2, epsilon, 1 - beta1 ** step, 1 - beta2 ** step].map(floatBits),
      scale,
      floatBits(1 - beta1),
      floatBits(1 - beta2),
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
