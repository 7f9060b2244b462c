/**
 * Elementary functions built from +, −, × and ÷ alone, which IEEE 754 rounds the same everywhere. `Math.exp` and its
 * kin are left to each engine, so a policy that used them could act differently in another browser.
 */

const smallestExponent = -1022;
const largestExponent = 1023;

/** 2^k for k from the smallest normal exponent on, by repeated doubling: exact. */
const powersOfTwo = ((): Float64Array => {
  const powers = new Float64Array(largestExponent - smallestExponent + 1);
  powers[-smallestExponent] = 1;
  for (let k = 1; k <= largestExponent; k++) {
    powers[k - smallestExponent] = (powers[k - 1 - smallestExponent] as number) * 2;
  }
  for (let k = -1; k >= smallestExponent; k--) {
    powers[k - smallestExponent] = (powers[k + 1 - smallestExponent] as number) / 2;
  }
  return powers;
})();

// ln 2 in two parts, the first with enough trailing zero bits that k·ln2High is exact (as in fdlibm's e_exp.c)
const ln2High = 0.6931471803691238;
const ln2Low = 1.9082149292705877e-10;

/**
 * Computes e^x to a relative error below 1e-14, the same bits on every engine.
 *
 * Results below 2^-1022 are 0, above 2^1023 Infinity; NaN stays NaN.
 */
export function exactExp(x: number): number {
  if (x > 709) return Number.POSITIVE_INFINITY;
  if (x < -708) return 0;
  if (Number.isNaN(x)) return x;
  const k = Math.floor(x * Math.LOG2E + 0.5);
  const r = x - k * ln2High - k * ln2Low;
  // Taylor's series on |r| <= ln(2)/2: the first term left out is r^13/13! < 2e-16
  let sum = 1 / 479001600;
  sum = sum * r + 1 / 39916800;
  sum = sum * r + 1 / 3628800;
  sum = sum * r + 1 / 362880;
  sum = sum * r + 1 / 40320;
  sum = sum * r + 1 / 5040;
  sum = sum * r + 1 / 720;
  sum = sum * r + 1 / 120;
  sum = sum * r + 1 / 24;
  sum = sum * r + 1 / 6;
  sum = sum * r + 0.5;
  sum = sum * r + 1;
  sum = sum * r + 1;
  return sum * (powersOfTwo[k - smallestExponent] as number);
}

/** Computes tanh(x) to an absolute error below 1e-15. */
export function exactTanh(x: number): number {
  if (x > 20) return 1;
  if (x < -20) return -1;
  const e = exactExp(2 * x);
  return (e - 1) / (e + 1);
}

// π/2 in three parts, the first two with enough trailing zero bits that k·part is exact (as in fdlibm's e_rem_pio2.c)
const halfPiHigh = 1.5707963267341256;
const halfPiMiddle = 6.077100506303966e-11;
const halfPiLow = 2.0222662487959506e-21;

/** Computes the sine of x + quarters·π/2: Taylor's series of sine or cosine on |r| <= π/4. */
function sineOf(x: number, quarters: number): number {
  const k = Math.floor(x * (2 / Math.PI) + 0.5);
  const r = x - k * halfPiHigh - k * halfPiMiddle - k * halfPiLow;
  const z = r * r;
  const quadrant = (((k + quarters) % 4) + 4) % 4;
  const sign = quadrant < 2 ? 1 : -1;
  let sum: number;
  if (quadrant % 2 === 0) {
    sum = 1 / 6227020800;
    for (const term of [-39916800, 362880, -5040, 120, -6, 1]) sum = sum * z + 1 / term;
    return sign * sum * r;
  }
  sum = -1 / 87178291200;
  for (const term of [479001600, -3628800, 40320, -720, 24, -2, 1]) sum = sum * z + 1 / term;
  return sign * sum;
}

/** Computes sin(x) to an absolute error below 1e-12, for |x| up to 1e5. */
export function exactSin(x: number): number {
  return sineOf(x, 0);
}

/** Computes cos(x); as {@link exactSin}. */
export function exactCos(x: number): number {
  return sineOf(x, 1);
}

/** Computes the error function to an absolute error below 1.5e-7 (Abramowitz and Stegun, formula 7.1.26). */
export function exactErf(x: number): number {
  const magnitude = Math.abs(x);
  const t = 1 / (1 + 0.3275911 * magnitude);
  const polynomial =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const value = 1 - polynomial * exactExp(-magnitude * magnitude);
  return x < 0 ? -value : value;
}

/** Turns logits into probabilities up to a factor: e^(x − the greatest), which neither overflows nor vanishes altogether. */
export function exactExpOfLogits(logits: Float32Array): Float64Array {
  let greatest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) greatest = Math.max(greatest, logit);
  return Float64Array.from(logits, (logit) => exactExp(logit - greatest));
}
