import type { Rng } from '../random.ts';
import type { LearningRate } from '../tensor/learning-rate.ts';
import type { TrainingRun } from '../training/training-run.ts';
import { Curriculum } from './curriculum.ts';
import type { Experts } from './experts.ts';
import type { AutoConfig } from './imc-config.ts';
import { logSumExp } from './log-space.ts';
import type { MixtureProblem } from './mixture-problem.ts';

/** Updates of changed curricula with the experts as they are, at most. */
const settlingUpdates = 64;

/** What a revision of the components starts from. */
export interface RevisionInput {
  readonly config: AutoConfig;
  readonly problem: MixtureProblem;
  /** Changed in place where the revision changes anything: others than those added or deleted stay bit for bit. */
  readonly experts: Experts;
  readonly curriculum: Curriculum;
  /** Computes the log-likelihoods that curricula are updated with, shape `[U, C]`, nats. */
  readonly score: (experts: Experts) => Promise<Float64Array>;
  readonly eta: number;
  /** Of the curricula as they are. */
  readonly bound: number;
  /** Of a trial, which is `config.trialSteps` long. */
  readonly learningRate: LearningRate;
  /** Of this revision alone. */
  readonly rng: Rng;
  readonly run: Pick<TrainingRun, 'signal'>;
}

/** What a revision of the components came to. */
export interface Revision {
  /** The curricula of the components there are now; those before where none was added or deleted. */
  readonly curriculum: Curriculum;
  /** Bound of {@link Revision.curriculum}. */
  readonly bound: number;
  /** {@link evenBound} of the components there are now. */
  readonly explained: number;
  /** Indices among the components before. */
  readonly deleted: readonly number[];
  readonly added: number;
  /** Candidates that did not raise the bound enough, and deletions that lowered it too much. */
  readonly rejected: number;
}

/**
 * Deletes and adds components, each change only if the bound says so.
 *
 * A deletion is proposed where a component is responsible for a negligible share of the units, or others are for most
 * of its curriculum; an addition at each of the demonstrations explained worst, by a candidate trained on it while all
 * else stays fixed. Changes are judged one by one, the experts as they are, by the values that the bound reaches:
 * {@link evenBound}, in which all units weigh the same, so that no way of doing the task is given up for others that
 * are easier to explain, and for deletions {@link greatestBound} too. An addition must raise the first by more than
 * `tolerance` of itself or of η, whichever is more; a deletion may lower neither by more, so that one never undoes the
 * other.
 *
 * @returns undefined when aborted; nothing has changed then.
 */
export async function reviseComponents(input: RevisionInput): Promise<Revision | undefined> {
  const { curriculum, eta, experts, score } = input;
  const logLikelihoods = await score(experts);
  const deletions = judgeDeletions(input, logLikelihoods);
  const additions = await judgeAdditions(input, deletions);
  if (additions === undefined) return undefined;
  const { candidates, picked } = additions;
  const explained = evenBound(additions.best);
  const { deleted, kept } = deletions;
  const rejected = deletions.rejected + additions.rejected;
  try {
    if (deleted.length === 0 && picked.length === 0) {
      return { curriculum, bound: input.bound, explained, deleted, added: 0, rejected };
    }
    if (deleted.length > 0) await experts.keep(kept);
    if (candidates !== undefined && picked.length > 0) await experts.adopt(candidates, picked);
  } finally {
    candidates?.dispose();
  }
  const columns = kept.length + picked.length;
  const joined = new Float64Array(curriculum.units * columns);
  for (let unit = 0; unit < curriculum.units; unit++) {
    const row = unit * columns;
    for (const [i, z] of kept.entries())
      joined[row + i] = logLikelihoods[unit * curriculum.components + z] as number;
    for (const [i, column] of additions.columns.entries())
      joined[row + kept.length + i] = column[unit] as number;
  }
  const least = input.bound + Math.min(0, greatestBound(additions.best, eta) - deletions.before);
  const settled = settle(joined, columns, { curriculum, eta, least });
  return { ...settled, explained, deleted, added: picked.length, rejected };
}

/**
 * The value to which the bound rises when the curricula are updated again and again with the experts fixed: each unit
 * ends with the component that explains it best, so that it is η log Σ_u max_z p_z(u)^(1/η).
 *
 * @param best - max_z log p_z(u), shape `[U]`.
 */
export function greatestBound(best: Float64Array, eta: number): number {
  return eta * logSumExp(best.map((value) => value / eta));
}

/**
 * The value to which the bound rises likewise when every unit keeps the same weight in the joint curriculum, less the
 * constant η log U: (1/U) Σ_u max_z log p_z(u). It is not above 0, which it reaches when everything is explained.
 *
 * @param best - max_z log p_z(u), shape `[U]`.
 */
export function evenBound(best: Float64Array): number {
  return best.reduce((sum, value) => sum + value, 0) / best.length;
}

/** The change of a bound that counts: a share of it, or of η, below which differences steer no curriculum. */
function worthwhile(bound: number, { config, eta }: Pick<RevisionInput, 'config' | 'eta'>): number {
  return config.tolerance * Math.max(eta, Math.abs(bound));
}

/** The greatest of some columns of a row-major matrix, per row. */
function bestOf(matrix: Float64Array, columns: number, among: readonly number[]): Float64Array {
  return Float64Array.from({ length: matrix.length / columns }, (_, row) =>
    among.reduce((best, column) => Math.max(best, matrix[row * columns + column] as number), -Infinity),
  );
}

interface Deletions {
  readonly deleted: readonly number[];
  readonly kept: readonly number[];
  readonly rejected: number;
  /** max_z log p_z(u) over the kept, shape `[U]`. */
  readonly best: Float64Array;
  /** Greatest bound of all. */
  readonly before: number;
}

/** Decides which components to delete, the one with the least share of the units first. */
function judgeDeletions(input: RevisionInput, logLikelihoods: Float64Array): Deletions {
  const { config, curriculum, eta, experts } = input;
  const { components, units } = curriculum;
  const posterior = curriculum.posterior();
  const shares = new Float64Array(components);
  posterior.forEach((value, i) => {
    shares[i % components] = (shares[i % components] as number) + value / units;
  });
  const proposed: number[] = [];
  for (let z = experts.fixed; z < components; z++) {
    let own = 0;
    for (const [u, mass] of curriculum.selection(z).entries())
      own += mass * (posterior[u * components + z] as number);
    const negligible = (shares[z] as number) * components < config.deleteShare;
    if (negligible || 1 - own > config.deleteOverlap) proposed.push(z);
  }
  proposed.sort((a, b) => (shares[a] as number) - (shares[b] as number));
  let kept = Array.from({ length: components }, (_, z) => z);
  let best = bestOf(logLikelihoods, components, kept);
  const before = greatestBound(best, eta);
  const falls = (from: number, to: number) => from - to > worthwhile(from, input);
  const deleted: number[] = [];
  let rejected = 0;
  for (const z of proposed) {
    if (kept.length - experts.fixed <= config.minComponents) break;
    const others = kept.filter((other) => other !== z);
    const without = bestOf(logLikelihoods, components, others);
    if (
      falls(evenBound(best), evenBound(without)) ||
      falls(greatestBound(best, eta), greatestBound(without, eta))
    ) {
      rejected++;
      continue;
    }
    [kept, best] = [others, without];
    deleted.push(z);
  }
  deleted.sort((a, b) => a - b);
  return { best, before, deleted, kept, rejected };
}

/** Trains candidates on the demonstrations explained worst, and decides which of them to add. */
async function judgeAdditions(input: RevisionInput, { best: before, kept }: Deletions) {
  const { config, experts, learningRate, problem, rng, run, score } = input;
  const room = config.maxComponents - (kept.length - experts.fixed);
  const episodes = worstExplained(problem, before);
  const count = Math.min(room, Math.ceil(config.growth * kept.length), episodes.length);
  if (count < 1) return { candidates: undefined, picked: [], columns: [], rejected: 0, best: before };
  const seeds = episodes.slice(0, count).map((episode) => problem.unitsOfEpisode(episode));
  const candidates = await experts.draft(count, rng);
  try {
    const { trialSteps } = config;
    const end = await candidates.improve(Curriculum.seeded(problem.units, seeds, input.curriculum.form), {
      from: 0,
      to: trialSteps,
      learningRate,
      phase: 'candidates',
      signal: run.signal,
    });
    const theirs = end.step < trialSteps ? undefined : await score(candidates);
    if (theirs !== undefined) return { candidates, ...pickCandidates(theirs, count, { before, input }) };
  } catch (error) {
    candidates.dispose();
    throw error;
  }
  candidates.dispose();
  return undefined;
}

/** Decides which candidates to add, in their order. */
function pickCandidates(
  logLikelihoods: Float64Array,
  count: number,
  { before, input }: { readonly before: Float64Array; readonly input: RevisionInput },
) {
  const picked: number[] = [];
  const columns: Float64Array[] = [];
  let best = before;
  for (let candidate = 0; candidate < count; candidate++) {
    const column = before.map((_, unit) => logLikelihoods[unit * count + candidate] as number);
    const withIt = best.map((value, unit) => Math.max(value, column[unit] as number));
    const now = evenBound(best);
    if (!(evenBound(withIt) - now > worthwhile(now, input))) continue;
    picked.push(candidate);
    columns.push(column);
    best = withIt;
  }
  return { picked, columns, rejected: count - picked.length, best };
}

/** Orders the demonstrations by how well their best components explain them, the worst first. */
function worstExplained(problem: MixtureProblem, best: Float64Array): number[] {
  const episodes = problem.data.episodeStarts.length - 1;
  const explained = Array.from({ length: episodes }, (_, episode) => {
    const [first, end] = problem.unitsOfEpisode(episode);
    return best.subarray(first, end).reduce((sum, value) => sum + value, 0);
  });
  return explained
    .map((_, episode) => episode)
    .sort((a, b) => (explained[a] as number) - (explained[b] as number) || a - b);
}

/** Updates new curricula with the experts as they are, twice and then until the bound has reached a value. */
function settle(
  logLikelihoods: Float64Array,
  components: number,
  {
    curriculum,
    eta,
    least,
  }: { readonly curriculum: Curriculum; readonly eta: number; readonly least: number },
): { curriculum: Curriculum; bound: number } {
  const settled = Curriculum.uniform(curriculum.units, components, curriculum.form);
  let bound = Number.NEGATIVE_INFINITY;
  for (let update = 0; update < settlingUpdates; update++) {
    if (update >= 2 && bound >= least) break;
    bound = settled.update(logLikelihoods, { eta }).bound;
  }
  return { curriculum: settled, bound };
}
