import { behaviorEntropy } from '../eval/metrics.ts';
import type { Rng } from '../random.ts';
import { quantile } from '../statistics.ts';
import type { SeedEpisodes } from './comparison.ts';

/** A number with the 95 % interval of its resamplings. */
export interface Resampled {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** How a row of a benchmark stands among the others of its task. */
export interface Standing {
  readonly name: string;
  /** Mean over training seeds of success × entropy. */
  readonly score: Resampled;
  /** Mean over training seeds of success. */
  readonly success: Resampled;
  /** Place by score, 1 the best; rows with equal scores share the mean of their places. */
  readonly rank: Resampled;
  /** Share of the resamplings in which it is alone in first place. */
  readonly first: number;
}

/** The episodes of one context of one policy, as codes: -1 failure, -2 success without a mode, else the mode. */
type Outcomes = readonly number[];

/** Successes, rollouts and entropy of one context. */
interface ContextScore {
  readonly successes: number;
  readonly rollouts: number;
  readonly entropy: number;
}

function scoreContext(outcomes: Outcomes, modes: number, pick?: Int32Array): ContextScore {
  const counts = new Array<number>(modes).fill(0);
  let successes = 0;
  for (let i = 0; i < outcomes.length; i++) {
    const code = outcomes[pick === undefined ? i : (pick[i] as number)] as number;
    if (code === -1) continue;
    successes++;
    if (code >= 0) counts[code] = (counts[code] as number) + 1;
  }
  return { successes, rollouts: outcomes.length, entropy: behaviorEntropy(counts) };
}

/** Success rate, and success rate × mean entropy over contexts. */
function joinContexts(contexts: readonly ContextScore[]): readonly [success: number, score: number] {
  let [successes, rollouts, entropy] = [0, 0, 0];
  for (const context of contexts) {
    successes += context.successes;
    rollouts += context.rollouts;
    entropy += context.entropy;
  }
  const rate = successes / Math.max(1, rollouts);
  return [rate, (rate * entropy) / Math.max(1, contexts.length)];
}

/** Places of scores, 1 the highest; equal ones share the mean of their places. */
export function ranksOf(scores: readonly number[]): number[] {
  return scores.map((score) => {
    const above = scores.filter((other) => other > score).length;
    const equal = scores.filter((other) => other === score).length;
    return above + (equal + 1) / 2;
  });
}

function outcomesByContext(episodes: SeedEpisodes, seed: number): Outcomes[] {
  const contexts: number[][] = [];
  for (const { context, mode, success } of episodes.get(seed) ?? []) {
    while (contexts.length <= context) contexts.push([]);
    contexts[context]?.push(success ? (mode ?? -2) : -1);
  }
  return contexts;
}

/** What was drawn for one training seed of one resampling; the same for all rows. */
interface Draw {
  readonly seed: number;
  /** Contexts, or the rollouts of the only context. */
  readonly picked: Int32Array;
}

/** The resampled scores of the rows of a task. */
export interface Resamplings {
  readonly names: readonly string[];
  /** Ranks of each resampling, in the order of the names. */
  readonly ranks: readonly (readonly number[])[];
  readonly standings: readonly Standing[];
  /** Training seeds that were drawn from. */
  readonly seeds: readonly number[];
  /** Rows that lack one of these seeds. */
  readonly unranked: readonly string[];
}

/** How rows are resampled. */
export interface ResamplingOptions {
  /** Row whose training seeds a row must have to be ranked; the first one where there is none of this name. */
  readonly reference: string;
  readonly rng: Rng;
  /** Number of resamplings. */
  readonly samples: number;
}

function summarize(value: number, samples: readonly number[]): Resampled {
  const sorted = Float64Array.from(samples).sort();
  return { value, low: quantile(sorted, 0.025), high: quantile(sorted, 0.975) };
}

/** Averages success and score over drawn seeds. */
function meanScores(scores: readonly (readonly [number, number])[]): readonly [number, number] {
  const of = (index: 0 | 1) => scores.reduce((total, score) => total + score[index], 0) / scores.length;
  return [of(0), of(1)];
}

/**
 * Ranks the rows of a task by success × entropy, with the intervals of a two-stage bootstrap: training seeds are drawn with
 * replacement, and for each of them contexts with all their rollouts (where there is one context, its rollouts). All
 * rows get the same draws, so that what makes an episode easy or hard makes it so for all of them.
 *
 * @param finished - by name, with the seeds that each row has finished.
 * @param modes - K.
 * @returns undefined when no row has finished a seed.
 */
export function rankRows(
  finished: readonly (readonly [string, SeedEpisodes])[],
  modes: number,
  { reference, rng, samples }: ResamplingOptions,
): Resamplings | undefined {
  const basis = finished.find(([name]) => name === reference) ?? finished[0];
  const seeds = [...(basis?.[1].keys() ?? [])];
  if (seeds.length === 0) return undefined;
  const rows = finished.filter(([, episodes]) => seeds.every((seed) => episodes.has(seed)));
  const unranked = finished.filter((row) => !rows.includes(row)).map(([name]) => name);
  const outcomes = rows.map(([, episodes]) => seeds.map((seed) => outcomesByContext(episodes, seed)));
  const whole = outcomes.map((ofRow) =>
    ofRow.map((contexts) => contexts.map((outcome) => scoreContext(outcome, modes))),
  );
  const contexts = outcomes[0]?.[0] ?? [];
  const pool = contexts.length === 1 ? (contexts[0]?.length ?? 0) : contexts.length;
  const resample = (row: number, { picked, seed }: Draw): readonly [number, number] => {
    if (contexts.length === 1) {
      return joinContexts([scoreContext(outcomes[row]?.[seed]?.[0] ?? [], modes, picked)]);
    }
    const scored = whole[row]?.[seed] ?? [];
    return joinContexts(Array.from(picked, (context) => scored[context] as ContextScore));
  };
  const observed = whole.map((ofRow) => meanScores(ofRow.map(joinContexts)));
  const drawn: (readonly (readonly [number, number])[])[] = [];
  for (let sample = 0; sample < samples; sample++) {
    const draws = seeds.map((): Draw => {
      const seed = rng.integer(seeds.length);
      return { seed, picked: Int32Array.from({ length: pool }, () => rng.integer(pool)) };
    });
    drawn.push(rows.map((_, row) => meanScores(draws.map((draw) => resample(row, draw)))));
  }
  const ranks = drawn.map((scores) => ranksOf(scores.map(([, score]) => score)));
  const places = ranksOf(observed.map(([, score]) => score));
  const standings = rows.map(([name], row): Standing => {
    const [success, score] = observed[row] as readonly [number, number];
    const of = (index: 0 | 1) => drawn.map((scores) => scores[row]?.[index] as number);
    const ofRow = ranks.map((sample) => sample[row] as number);
    return {
      name,
      score: summarize(score, of(1)),
      success: summarize(success, of(0)),
      rank: summarize(places[row] as number, ofRow),
      first: ofRow.filter((rank) => rank === 1).length / samples,
    };
  });
  return { names: rows.map(([name]) => name), ranks, standings, seeds, unranked };
}

/** The mean rank of a row over the tasks of a benchmark. */
export interface OverallStanding {
  readonly name: string;
  readonly rank: Resampled;
}

/** Averages the ranks of rows over tasks, resampling by resampling; rows that a task lacks are left out. */
export function rankOverall(tasks: readonly Resamplings[]): OverallStanding[] {
  const names = tasks[0]?.names.filter((name) => tasks.every((task) => task.names.includes(name))) ?? [];
  return names.map((name) => {
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / tasks.length;
    const at = tasks.map((task) => task.names.indexOf(name));
    const samples = (tasks[0]?.ranks ?? []).map((_, sample) =>
      mean(tasks.map((task, index) => task.ranks[sample]?.[at[index] as number] as number)),
    );
    const value = mean(tasks.map((task, index) => task.standings[at[index] as number]?.rank.value as number));
    return { name, rank: summarize(value, samples) };
  });
}
