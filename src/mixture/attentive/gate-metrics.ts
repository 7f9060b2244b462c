import { entropy } from '../../entropy.ts';

/** How a gate divides samples among M experts; all in bits. */
export interface GateMetrics {
  /** H_s: mean entropy of the gate's answer to a sample, 0 to log2 M; low where it is sure of its choice. */
  readonly sampleEntropy: number;
  /** H_u: entropy of the mean answer, 0 to log2 M; high where all experts are used. */
  readonly usageEntropy: number;
  /**
   * I(E;Y) of the most probable expert and the class that it answers, 0 to log2 M; high where experts have classes of
   * their own. Absent where there are no classes.
   */
  readonly mutualInformation?: number;
}

const bits = (probabilities: ArrayLike<number>) => entropy(probabilities) / Math.LN2;

/** Finds the largest of M values from an offset on; the first of equal ones. */
export function indexOfLargest(values: ArrayLike<number>, from: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) {
    if ((values[from + i] as number) > (values[from + best] as number)) best = i;
  }
  return best;
}

/**
 * Measures how a gate divides samples (Krishnamurthy, Watkins and Gaertner, arXiv 2302.14703).
 *
 * @param gate - p(e|x), row-major, shape `[N, M]`.
 * @param answers - class that the most probable expert of each sample answers, shape `[N]`; where there are classes.
 */
export function gateMetrics(gate: ArrayLike<number>, experts: number, answers?: Int32Array): GateMetrics {
  const samples = gate.length / experts;
  const usage = new Float64Array(experts);
  const row = new Float64Array(experts);
  let sampleEntropy = 0;
  for (let i = 0; i < samples; i++) {
    for (let e = 0; e < experts; e++) {
      const p = gate[i * experts + e] as number;
      row[e] = p;
      usage[e] = (usage[e] as number) + p;
    }
    sampleEntropy += bits(row) / samples;
  }
  const common = { sampleEntropy, usageEntropy: bits(usage.map((total) => total / samples)) };
  if (answers === undefined) return common;
  const chosen = Int32Array.from({ length: samples }, (_, i) => indexOfLargest(gate, i * experts, experts));
  const information = countEntropy(chosen) + countEntropy(answers) - countEntropy(chosen, answers);
  return { ...common, mutualInformation: Math.max(0, information) };
}

/** Entropy in bits of how often values, or pairs of them, occur. */
function countEntropy(...columns: readonly Int32Array[]): number {
  const [first] = columns as [Int32Array];
  const counts = new Map<string, number>();
  for (let i = 0; i < first.length; i++) {
    const key = columns.map((column) => column[i]).join();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return bits([...counts.values()].map((count) => count / first.length));
}
