import { EpisodeRecorder } from '../../demos/episode-recorder.ts';
import { replayAfresh } from '../../demos/replay.ts';
import { type EpisodeOutcome, type MadeTask, makeTask, type Task } from '../../envs/task.ts';
import type { Dataset } from '../data/dataset.ts';
import { DatasetError, ModewiseError } from '../errors.ts';
import { Rng } from '../random.ts';
import { createFrame, type MutableFrame, NONE, ROLLOUT_STATUS } from '../stream/frame.ts';
import type {
  Device,
  TeleoperationAction,
  TeleoperationMessage,
  TeleoperationPhase,
} from '../stream/wire.ts';
import { type ControlScheme, controlSchemeOf, type Wish } from './control-scheme.ts';
import { Steering } from './steering.ts';

/** What a person may ask of the episode; who operates is not the session's business. */
export type SessionAction = Exclude<TeleoperationAction, 'take'>;

/** What a session is made of. */
export interface TeleoperationOptions {
  readonly envId: string;
  /** Open for appending; stays open. */
  readonly dataset: Dataset;
  /** Author of the episodes. */
  readonly operatorName: string;
  /** Fixes the starts: episode i begins where the i-th of the seed does. */
  readonly seed: number;
  /** Failed episodes can be saved, too. */
  readonly keepsFailures: boolean;
}

/** What a page is told, but for who operates. */
export type SessionState = Omit<TeleoperationMessage, 'operator'>;

/**
 * Episodes of one task that a hand drives, one after the other: each waits for its start, runs step by step, is over, and
 * is saved, dropped or done again. Saved means replayed in a fresh simulator with the same result, and on the disk.
 *
 * Time does not occur in here: the caller calls {@link advance} at the control rate while {@link isMoving}.
 */
export class TeleoperationSession {
  readonly task: Task;
  readonly scheme: ControlScheme;
  /** The rollout as it is shown; reused from step to step. */
  readonly frame: MutableFrame;
  readonly #made: MadeTask;
  readonly #options: TeleoperationOptions;
  readonly #counts: number[];
  #phase: TeleoperationPhase = 'ready';
  /** Which of the starts of the seed this episode has. */
  #index: number;
  #attempt = 0;
  #saved = 0;
  #resetSeed = 0;
  #observation: Float32Array = new Float32Array();
  #recorder = new EpisodeRecorder();
  #outcome: EpisodeOutcome = { success: false, mode: null, distance: 0 };
  #steering: Steering;
  #closed = false;
  #note = { number: 0, text: '', isGood: true };

  private constructor(
    made: MadeTask,
    options: TeleoperationOptions,
    past: { readonly counts: number[]; readonly nextIndex: number },
  ) {
    this.#made = made;
    this.#options = options;
    this.#counts = past.counts;
    this.#index = past.nextIndex;
    this.task = made.task;
    this.scheme = controlSchemeOf(made);
    this.#steering = new Steering(made.task.dtSeconds);
    this.frame = createFrame(1, made.task.scene.movingParts);
    this.#begin();
  }

  /**
   * Makes the environment, counts what the dataset holds, and waits for the first start.
   *
   * @throws UsageError when the task cannot be driven by hand; DatasetError when the dataset belongs to another
   *   environment; what `makeTask` throws.
   */
  static async create(options: TeleoperationOptions): Promise<TeleoperationSession> {
    const { dataset, envId, seed } = options;
    if (dataset.info.envId !== envId) {
      throw new DatasetError({
        what: 'The dataset belongs to another environment',
        where: dataset.path,
        found: dataset.info.envId,
        expected: envId,
      });
    }
    const made = await makeTask(envId);
    try {
      const counts = made.task.behavior.modes.map(() => 0);
      let nextIndex = 0;
      for await (const { mode, provenance, success } of dataset) {
        if (success && mode !== null) counts[mode] = (counts[mode] ?? 0) + 1;
        const { settings, source } = provenance;
        if (source !== 'teleoperated' || settings.seed !== seed) continue;
        nextIndex = Math.max(nextIndex, Number(settings.index) + 1 || 0);
      }
      return new TeleoperationSession(made, options, { counts, nextIndex });
    } catch (error) {
      made.env.close();
      throw error;
    }
  }

  get envId(): string {
    return this.#options.envId;
  }

  get phase(): TeleoperationPhase {
    return this.#phase;
  }

  /** Says whether {@link advance} has something to do. */
  get isMoving(): boolean {
    return this.#phase === 'recording' || this.#phase === 'saving';
  }

  /** Episodes saved by this session. */
  get saved(): number {
    return this.#saved;
  }

  /** Successful episodes of each mode in the dataset, in mode order. */
  get counts(): readonly number[] {
    return this.#counts;
  }

  get state(): SessionState {
    const { distance, mode, success } = this.#outcome;
    return {
      phase: this.#phase,
      operatorName: this.#options.operatorName,
      axes: this.scheme.axes,
      takesPoints: this.scheme.takesPoints,
      commanded: this.scheme.commanded(this.#observation),
      attempt: this.#attempt,
      step: this.#recorder.length,
      maxSteps: this.#made.env.spec?.maxEpisodeSteps ?? null,
      success,
      mode,
      distance,
      canSave: this.#refusal('save') === null,
      counts: this.#counts,
      episodes: this.#options.dataset.length,
      saved: this.#saved,
      note: this.#note,
    };
  }

  /** Takes what the hand asks for now; the newest counts, and what comes while nothing runs is dropped. */
  steer(wish: Wish, device: Device): void {
    if (this.#phase === 'recording') this.#steering.take(wish, device);
  }

  /**
   * Does what a button or key stands for. Saving is only begun: the next {@link advance} does it.
   *
   * @returns why it cannot be done now, or null.
   */
  perform(action: SessionAction): string | null {
    const refusal = this.#refusal(action);
    if (refusal !== null) {
      this.say(refusal, false);
      return refusal;
    }
    switch (action) {
      case 'start':
        this.#phase = 'recording';
        this.say('recording', true);
        break;
      case 'save':
        this.#phase = 'saving';
        break;
      case 'discard':
        this.#index++;
        this.#begin();
        this.say('discarded; the next start', true);
        break;
      case 'redo':
        this.#begin();
        this.say('discarded; the same start again', true);
        break;
      default:
        action satisfies never;
    }
    return null;
  }

  /** Goes on by one control step, or saves if that was asked for. @throws what environment and dataset throw. */
  async advance(): Promise<void> {
    if (this.#phase === 'saving') await this.#save();
    else if (this.#phase === 'recording') this.#step();
  }

  /** Drops the running episode because nobody drives it any more; a finished one waits for whoever comes. */
  abandon(): void {
    if (this.#phase !== 'recording' || this.#closed) return;
    this.#begin();
    this.say('the operator has gone: the running episode is dropped', false);
  }

  /** Leaves a note for people. */
  say(text: string, isGood: boolean): void {
    this.#note = { number: this.#note.number + 1, text, isGood };
  }

  /** Releases the environment; what clients still ask for is refused. */
  close(): void {
    this.#closed = true;
    this.#made.env.close();
  }

  #refusal(action: SessionAction): string | null {
    if (this.#closed) return 'the recording has ended';
    if (this.#phase === 'saving') return 'the episode is being saved';
    if (action === 'discard') return null;
    if (action === 'redo') return this.#phase === 'ready' ? 'there is nothing to do again yet' : null;
    if (action === 'start') {
      if (this.#phase === 'ready') return null;
      return this.#phase === 'recording'
        ? 'the episode runs already'
        : 'the episode is over: save it, discard it or do it again';
    }
    if (this.#recorder.length === 0) return 'there is nothing to save yet';
    if (this.#outcome.success || this.#options.keepsFailures) return null;
    return 'not saved: the task is not solved, and only successes are kept (record --keep-failures keeps all)';
  }

  /** Goes to the start of an episode. */
  #begin(): void {
    const root = Rng.fromSeed(this.#options.seed).fork('teleoperation');
    this.#resetSeed = root.fork(this.#index).seed();
    this.#observation = this.#made.env.reset({ seed: this.#resetSeed }).observation;
    this.scheme.begin();
    this.#recorder = new EpisodeRecorder();
    this.#outcome = this.task.outcome();
    this.#steering = new Steering(this.task.dtSeconds);
    this.#attempt++;
    this.#phase = 'ready';
    const { frame } = this;
    frame.episode[0] = this.#attempt;
    frame.seed[0] = this.#resetSeed;
    frame.step[0] = 0;
    frame.status[0] = ROLLOUT_STATUS.running;
    this.#show();
  }

  #step(): void {
    const { env } = this.#made;
    const action = this.scheme.act(this.#steering.next(), this.#observation);
    const { observation, reward, terminated, truncated } = env.step(action);
    this.#outcome = this.task.outcome();
    const { success } = this.#outcome;
    this.#recorder.push(this.#observation, action, { reward, success });
    this.#observation = observation;
    this.frame.step[0] = this.#recorder.length;
    this.frame.timeSeconds += this.task.dtSeconds;
    if (terminated || truncated) {
      this.#phase = 'ended';
      this.frame.status[0] = success ? ROLLOUT_STATUS.success : ROLLOUT_STATUS.failure;
      this.say(success ? 'solved' : 'over, and not solved', success);
    }
    this.#show();
  }

  /** Writes poses and mode into the frame. */
  #show(): void {
    this.task.poses(this.frame.poses);
    this.frame.mode[0] = this.#outcome.mode ?? NONE;
  }

  async #save(): Promise<void> {
    const { dataset, operatorName, seed } = this.#options;
    const episode = this.#recorder.finish(this.task, {
      seed: this.#resetSeed,
      resetOptions: {},
      provenance: {
        source: 'teleoperated',
        author: operatorName,
        settings: {
          device: this.#steering.device,
          seed,
          index: this.#index,
          envKwargs: {},
        },
      },
    });
    const { firstDifference, same } = await replayAfresh(this.envId, episode);
    if (!same) {
      const where = firstDifference === null ? 'ends differently' : `differs from step ${firstDifference}`;
      this.#begin();
      this.say(`not saved: a replay of the episode ${where}`, false);
      return;
    }
    try {
      await dataset.append(episode);
    } catch (error) {
      if (!(error instanceof ModewiseError)) throw error;
      // a full disk: the episode waits for another try
      this.#phase = 'ended';
      this.say(`not saved: ${error.report.what}`, false);
      return;
    }
    const { length, mode, success } = episode;
    if (success && mode !== null) this.#counts[mode] = (this.#counts[mode] ?? 0) + 1;
    this.#saved++;
    this.#index++;
    this.#begin();
    const name = mode === null ? 'no mode' : this.task.behavior.modes[mode];
    this.say(`saved: ${success ? '' : 'a failure, '}${name}, ${length} steps`, true);
  }
}
