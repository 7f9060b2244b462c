import type { MetricsRow, TrainingRun } from '../training/training-run.ts';
import type { AlternatingPlan } from './alternating-plan.ts';
import type { Curriculum } from './curriculum.ts';
import { amongAllEpisodes, curriculaSnapshot, curriculumMetrics } from './curriculum-metrics.ts';

/** What is reported of. */
type ReportedProblem = Pick<AlternatingPlan, 'problem' | 'heldOut'>;

/** Tells whoever watches a training what its curricula came to, and what the components are called. */
export class CurriculaReporter {
  readonly #reported: ReportedProblem;
  readonly #run: Pick<TrainingRun, 'onMetrics' | 'onCurricula'>;
  #names: readonly number[] = [];
  #nextName = 0;

  constructor(reported: ReportedProblem, run: Pick<TrainingRun, 'onMetrics' | 'onCurricula'>) {
    this.#reported = reported;
    this.#run = run;
  }

  /** Gives new components, which come last, the next numbers; the others keep theirs, but for those deleted. */
  rename(added: number, deleted: readonly number[] = []): void {
    const kept = this.#names.filter((_, z) => !deleted.includes(z));
    this.#names = [...kept, ...Array.from({ length: added }, () => this.#nextName++)];
  }

  /** Logs a row with what can be measured of the curricula. */
  log(row: MetricsRow, curriculum: Curriculum): void {
    this.#run.onMetrics?.({ ...row, ...curriculumMetrics(curriculum, this.#reported.problem) });
  }

  /** Shows the curricula, over all demonstrations, those held out among them. */
  show(curriculum: Curriculum, iteration: number): void {
    if (this.#run.onCurricula === undefined) return;
    const { heldOut, problem } = this.#reported;
    const snapshot = curriculaSnapshot(curriculum, problem, iteration, this.#names);
    this.#run.onCurricula(heldOut === undefined ? snapshot : amongAllEpisodes(snapshot, heldOut));
  }
}
