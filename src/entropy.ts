/** Computes the entropy of a distribution in nats; 0·log 0 counts as 0. */
export function entropy(probabilities: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < probabilities.length; i++) {
    const p = probabilities[i] as number;
    if (p > 0) total -= p * Math.log(p);
  }
  return total;
}
