import { tf } from '../tf.ts';
import { type Activation, activate } from './activation.ts';
import { hasFusedKernel, isRecording, runFused } from './fused.ts';

const FUSED = 'FusedDense';
const FUSED_GRADIENTS = 'FusedDenseGradients';
const FUSED_BACKWARD = 'FusedDenseBackward';

interface DenseAttributes {
  readonly activation: Activation;
  /** A gradient is being recorded: what the backward pass needs is kept. */
  readonly training: boolean;
  /** The weights are variables that learn, so that their gradients are worth computing along with that of x. */
  readonly trained: boolean;
}

tf.registerGradient({
  kernelName: FUSED,
  inputsToSave: ['x', 'weights'],
  outputsToSave: [true],
  gradFunc: (gradient, saved, attributes) => {
    const [x, weights, y] = saved as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
    const { activation, trained } = attributes as unknown as DenseAttributes;
    const dy = gradient as tf.Tensor;
    // tfjs asks for the gradients that it needs one by one, x first, each in a scope of its own: one pass computes
    // all of them, so those of the weights get their tensors here, in the scope around
    const [dWeights, dBias] = runFused<tf.Tensor[]>(FUSED_GRADIENTS, { weights, dy }) as [
      tf.Tensor,
      tf.Tensor,
    ];
    let filled = false;
    const backward = (needsX: boolean, fill: boolean): tf.Tensor[] => {
      filled ||= fill;
      const inputs = { dy, y, x, weights, ...(fill ? { dWeights, dBias } : {}) };
      return runFused<tf.Tensor[]>(FUSED_BACKWARD, inputs, { activation, needsX });
    };
    return {
      x: () => backward(true, trained)[0] as tf.Tensor,
      weights: () => {
        if (!filled) backward(false, true);
        return dWeights;
      },
      bias: () => {
        if (!filled) backward(false, true);
        return dBias;
      },
    };
  },
});

/** Multiplies x [E or 1, B, K] by weights [E, K, N]; the gradient of a shared x is summed over E. */
function batchedMatMul(x: tf.Tensor3D, weights: tf.Tensor3D): tf.Tensor3D {
  const multiply = tf.customGrad((...inputs) => {
    const [a, b, save] = inputs as unknown as [tf.Tensor3D, tf.Tensor3D, tf.GradSaveFunc];
    save([a, b]);
    return {
      value: tf.matMul(a, b),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [a, b] = saved as [tf.Tensor3D, tf.Tensor3D];
        const da = tf.matMul(dy, b, false, true);
        return [a.shape[0] === b.shape[0] ? da : tf.sum(da, 0, true), tf.matMul(a, dy, true, false)];
      },
    };
  });
  return multiply(x, weights) as tf.Tensor3D;
}

/** Multiplies x [H, B, K] by weights [1, K, N] as one product over all rows; returns [H, B, N]. */
function sharedMatMul(x: tf.Tensor3D, weights: tf.Tensor3D): tf.Tensor3D {
  const [H, B, K] = x.shape;
  const N = weights.shape[2];
  const product = tf.matMul(tf.reshape<tf.Rank.R2>(x, [H * B, K]), tf.reshape<tf.Rank.R2>(weights, [K, N]));
  return tf.reshape<tf.Rank.R3>(product, [H, B, N]);
}

/**
 * Applies E dense layers of one shape at once: activation(x·weights + bias).
 *
 * Runs as one fused kernel where the active backend has it and as plain tensor operations elsewhere, with the
 * same gradients. Borrows its inputs; the caller disposes of the result.
 *
 * @param x - inputs [E, B, K], or one input shared by all layers, [1, B, K] or [B, K]; never copied per layer.
 * @param weights - [E, K, N], or one matrix shared by all layers, [1, K, N].
 * @param bias - [E, 1, N].
 * @returns outputs [E, B, N].
 * @throws Error when the shapes do not fit together.
 */
export function dense(
  x: tf.Tensor3D | tf.Tensor2D,
  weights: tf.Tensor3D,
  bias: tf.Tensor3D,
  activation: Activation = 'linear',
): tf.Tensor3D {
  return tf.tidy(() => {
    const batched = x.rank === 2 ? tf.expandDims<tf.Tensor3D>(x, 0) : (x as tf.Tensor3D);
    checkShapes(batched.shape, weights.shape, bias.shape);
    const [networks, inputs, matrices] = [bias.shape[0], batched.shape[0], weights.shape[0]];
    // where input and weights are both shared, the product is too, and only the bias tells the layers apart
    const sharesProduct = networks > 1 && inputs === 1 && matrices === 1;
    if (hasFusedKernel(FUSED) && !sharesProduct) {
      const trained = weights instanceof tf.Variable && weights.trainable;
      const attributes: DenseAttributes = { activation, training: isRecording(), trained };
      return runFused<tf.Tensor3D>(FUSED, { x: batched, weights, bias }, attributes);
    }
    const product = matrices === 1 ? sharedMatMul(batched, weights) : batchedMatMul(batched, weights);
    return activate(tf.add<tf.Tensor3D>(product, bias), activation);
  });
}

function checkShapes(x: readonly number[], weights: readonly number[], bias: readonly number[]): void {
  const [matrices, K, N] = weights;
  const [E] = bias;
  const fits =
    (x[0] === E || x[0] === 1) &&
    x[2] === K &&
    (matrices === E || matrices === 1) &&
    bias[1] === 1 &&
    bias[2] === N &&
    x.length === 3;
  if (!fits) {
    throw new Error(
      `dense: x [${x}], weights [${weights}] and bias [${bias}] do not fit; expected [E or 1, B, K], [E or 1, K, N], [E, 1, N]`,
    );
  }
}
