import { tf } from '../../tf.ts';
import { floatBits, type KernelName, type SimdBackend, type TensorInfo } from '../simd-backend.ts';
import { collapseBroadcast } from './broadcast.ts';
import { fallback, type Kernel, SHARED_ELEMENTS, sizeOf } from './kernel.ts';

/** Elements in a unit of work, as in the compiled kernels. */
const BLOCK = 4096;
/** Outer dimensions that the compiled broadcast walks. */
const MOST_OUTER = 5;

/** Runs a compiled binary kernel over float32 operands, or returns undefined where it does not apply. */
export function runBinary(
  backend: SimdBackend,
  kernel: KernelName,
  a: TensorInfo,
  b: TensorInfo,
): TensorInfo | undefined {
  const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const [inner, ...outer] = collapseBroadcast(shape, a.shape, b.shape);
  if (inner === undefined || outer.length > MOST_OUTER) return undefined;
  const pa = backend.pointer(a);
  const pb = backend.pointer(b);
  const out = backend.output(shape);
  const total = sizeOf(shape);
  if (total === 0) return out;
  const flat = outer.length === 0;
  const length = flat ? Math.min(BLOCK, total) : inner.size;
  const args = [pa, pb, backend.pointer(out), length, total, ...inner.steps, outer.length];
  for (const { size, steps } of outer) args.push(size, ...steps);
  backend.run(kernel, args, Math.ceil(total / length), total >= SHARED_ELEMENTS);
  return out;
}

function binary(name: string, kernel: KernelName): [string, Kernel] {
  return [
    name,
    (call) => {
      const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
      if (a.dtype !== 'float32' || b.dtype !== 'float32') return fallback(name, call);
      return runBinary(call.backend, kernel, a, b) ?? fallback(name, call);
    },
  ];
}

/** Runs a compiled unary kernel over a float32 tensor. */
export function runUnary(backend: SimdBackend, kernel: KernelName, x: TensorInfo, parameter = 0): TensorInfo {
  const px = backend.pointer(x);
  const out = backend.output(x.shape);
  const total = sizeOf(x.shape);
  const args = [px, backend.pointer(out), total, floatBits(parameter)];
  if (total > 0) backend.run(kernel, args, Math.ceil(total / BLOCK), total >= SHARED_ELEMENTS);
  return out;
}

function unary(
  name: string,
  kernel: KernelName,
  parameter: (attrs: Readonly<Record<string, unknown>>) => number = () => 0,
): [string, Kernel] {
  return [
    name,
    (call) => {
      const { x } = call.inputs as { x: TensorInfo };
      if (x.dtype !== 'float32') return fallback(name, call);
      return runUnary(call.backend, kernel, x, parameter(call.attrs));
    },
  ];
}

const alpha = (attrs: Readonly<Record<string, unknown>>) => attrs.alpha as number;

/** Elementwise kernels by their tfjs names; anything but float32 is left to the CPU backend. */
export const elementwiseKernels: ReadonlyMap<string, Kernel> = new Map([
  binary(tf.Add, 'add'),
  binary(tf.Sub, 'sub'),
  binary(tf.Multiply, 'multiply'),
  binary(tf.RealDiv, 'divide'),
  binary(tf.Maximum, 'maximum'),
  binary(tf.Minimum, 'minimum'),
  binary(tf.SquaredDifference, 'squaredDifference'),
  unary(tf.Neg, 'neg'),
  unary(tf.Abs, 'abs'),
  unary(tf.Exp, 'exponential'),
  unary(tf.Log, 'logarithm'),
  unary(tf.Log1p, 'logOnePlus'),
  unary(tf.Sqrt, 'squareRoot'),
  unary(tf.Rsqrt, 'reciprocalRoot'),
  unary(tf.Square, 'square'),
  unary(tf.Reciprocal, 'reciprocal'),
  unary(tf.Relu, 'rectify'),
  unary(tf.Relu6, 'relu6'),
  unary(tf.LeakyRelu, 'leakyRelu', alpha),
  unary(tf.Sigmoid, 'logistic'),
  unary(tf.Tanh, 'hyperbolicTangent'),
  unary(tf.Softplus, 'softPlus'),
  unary(tf.Erf, 'errorFunction'),
  unary(tf.Step, 'step', alpha),
  unary(tf.Sign, 'sign'),
]);
