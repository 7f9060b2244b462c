/** What a benchmark found. */
export interface BenchmarkResult {
  /** For people: a few lines, with units. */
  readonly text: string;
  /** For programs: ratios against what ran beside it, and the figures behind them; `name` is added. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** What every file of this folder exports under the name `benchmark`; its file name is its name. */
export interface Benchmark {
  /** One line for the list: what is compared with what. */
  readonly description: string;
  /** @param say - prints a line of progress, on stderr. */
  run(say: (line: string) => void): Promise<BenchmarkResult>;
}

/** Returns the median of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Rounds to three significant digits, as many as a timing on a shared machine carries. */
export function round3(value: number): number {
  return Number(value.toPrecision(3));
}
