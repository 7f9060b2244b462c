import { exactErf, exactExp, exactTanh } from './exact-math.ts';
import type { Activation } from './ops/activation.ts';

/** Applies an activation in place to the first `count` values, with the same bits on every engine. */
export function activateInPlace(values: Float32Array, count: number, activation: Activation): void {
  switch (activation) {
    case 'linear':
      return;
    case 'relu':
      // not Math.max(0, x): that would turn −0 into 0 or keep it, depending on the order of its arguments
      for (let i = 0; i < count; i++) if ((values[i] as number) < 0) values[i] = 0;
      return;
    case 'tanh':
      for (let i = 0; i < count; i++) values[i] = exactTanh(values[i] as number);
      return;
    case 'silu':
      for (let i = 0; i < count; i++) {
        const x = values[i] as number;
        values[i] = x / (1 + exactExp(-x));
      }
      return;
    case 'mish':
      for (let i = 0; i < count; i++) {
        const x = values[i] as number;
        // tanh(ln(1 + e)) = (e² + 2e) / (e² + 2e + 2)
        const e = exactExp(Math.min(x, 30));
        const numerator = e * (e + 2);
        values[i] = (x * numerator) / (numerator + 2);
      }
      return;
    case 'gelu':
      for (let i = 0; i < count; i++) {
        const x = values[i] as number;
        values[i] = 0.5 * x * (1 + exactErf(x * Math.SQRT1_2));
      }
      return;
    default:
      throw new TypeError(`unknown activation ${activation satisfies never}`);
  }
}

/** Evaluates the derivative of an activation at x; 0 at the corner of `relu`. */
export function activationSlope(x: number, activation: Activation): number {
  switch (activation) {
    case 'linear':
      return 1;
    case 'relu':
      return x > 0 ? 1 : 0;
    case 'tanh':
      return 1 - exactTanh(x) ** 2;
    case 'silu': {
      const share = 1 / (1 + exactExp(-x));
      return share * (1 + x * (1 - share));
    }
    case 'mish': {
      const e = exactExp(Math.min(x, 30));
      const numerator = e * (e + 2);
      const t = numerator / (numerator + 2);
      // x·tanh(softplus(x)), whose inner derivative is σ(x) = e / (1 + e)
      return t + ((x * e) / (1 + e)) * (1 - t * t);
    }
    case 'gelu': {
      const density = exactExp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
      return 0.5 * (1 + exactErf(x * Math.SQRT1_2)) + x * density;
    }
    default:
      throw new TypeError(`unknown activation ${activation satisfies never}`);
  }
}
