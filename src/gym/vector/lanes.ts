import { ResetNeededError } from '../../errors.ts';
import { cloneValue } from '../clone-value.ts';
import type { Env, Info, RenderFrame, ResetOptions, StepTarget } from '../env.ts';
import { stepInto } from '../step-into.ts';
import type { MemberBatch } from './member-batch.ts';
import { type ResultSet, targetOf } from './result-set.ts';
import type { AutoresetMode } from './vector-env.ts';

/** Who hears of what one call did to each environment, by its index in the whole vector. */
export interface LaneListener {
  info(i: number, info: Info): void;
  failure(i: number, error: unknown): void;
}

/** The memory of a call, twice: results are written into the two sets in turn. */
export type ResultSets = readonly [ResultSet, ResultSet];

/** One environment and where it stands. */
interface Lane {
  readonly env: Env;
  /** Index in the whole vector. */
  readonly index: number;
  /** One per result set. */
  readonly targets: readonly [StepTarget, StepTarget];
  /** Whether the next step must, or will, begin an episode. */
  ended: boolean;
}

/**
 * Some environments side by side in one thread, with the autoreset mode's rules: the common core of all vectors. An
 * environment that throws keeps its observation, counts as truncated, and leaves the others alone.
 */
export class Lanes {
  readonly #lanes: readonly Lane[];
  readonly #sets: ResultSets;
  readonly #mode: AutoresetMode;

  /**
   * @param sets - memory of the whole vector.
   * @param options - `first` is the index of the first of these environments in the vector.
   */
  constructor(
    envs: readonly Env[],
    sets: ResultSets,
    options: { readonly mode: AutoresetMode; readonly first: number },
  ) {
    this.#lanes = envs.map((env, i) => {
      const index = options.first + i;
      return { env, index, targets: [targetOf(sets[0], index), targetOf(sets[1], index)], ended: true };
    });
    this.#sets = sets;
    this.#mode = options.mode;
  }

  /** Resets the environments whose options are given, in their order here; null carries a row over. */
  reset(which: 0 | 1, options: readonly (ResetOptions | null)[], listener: LaneListener): void {
    const set = this.#sets[which];
    for (const [i, lane] of this.#lanes.entries()) {
      const given = options[i] ?? null;
      if (given === null) {
        set.carry(lane.index, this.#sets[1 - which] as ResultSet, false);
        continue;
      }
      try {
        this.#begin(lane, { set, options: given, listener });
      } catch (error) {
        this.#fail(lane, { which, error, listener });
      }
    }
  }

  /** Steps every environment with its action. */
  step(which: 0 | 1, actions: MemberBatch, listener: LaneListener): void {
    for (let i = 0; i < this.#lanes.length; i++) {
      const lane = this.#lanes[i] as Lane;
      try {
        this.#stepOne(lane, { which, actions, listener });
      } catch (error) {
        this.#fail(lane, { which, error, listener });
      }
    }
  }

  #stepOne(
    lane: Lane,
    call: { readonly which: 0 | 1; readonly actions: MemberBatch; readonly listener: LaneListener },
  ): void {
    const { which, actions, listener } = call;
    const set = this.#sets[which];
    if (lane.ended) {
      if (this.#mode === 'Disabled') {
        throw new ResetNeededError({
          what: 'step was called after the episode had ended, and autoreset is disabled',
          remedy: 'call reset({ mask }) with a 1 for each environment whose episode has ended',
        });
      }
      this.#begin(lane, { set, options: {}, listener });
      return;
    }
    const target = lane.targets[which];
    stepInto(lane.env, actions.member(lane.index), target);
    set.write(lane.index, target);
    lane.ended = target.terminated || target.truncated;
    if (!lane.ended || this.#mode !== 'SameStep') {
      listener.info(lane.index, target.info);
      return;
    }
    // the last observation lies where the first one will: it must be copied before the reset
    const finalObservation = cloneValue(target.observation);
    const finalInfo = cloneValue(target.info);
    const { observation, info } = lane.env.reset();
    set.observations.write(lane.index, observation);
    lane.ended = false;
    listener.info(lane.index, { ...info, finalObservation, finalInfo });
  }

  #begin(
    lane: Lane,
    call: { readonly set: ResultSet; readonly options: ResetOptions; readonly listener: LaneListener },
  ): void {
    const { observation, info } = lane.env.reset(call.options);
    call.set.writeReset(lane.index, observation);
    lane.ended = false;
    call.listener.info(lane.index, info);
  }

  #fail(
    lane: Lane,
    call: { readonly which: 0 | 1; readonly error: unknown; readonly listener: LaneListener },
  ): void {
    lane.ended = true;
    this.#sets[call.which].carry(lane.index, this.#sets[1 - call.which] as ResultSet, true);
    call.listener.failure(lane.index, call.error);
  }

  /** Draws every environment. @throws what their `render` throws. */
  render(): readonly RenderFrame[] {
    return this.#lanes.map(({ env }) => {
      if (env.render === undefined) throw new TypeError('the environment has no render');
      return env.render();
    });
  }

  close(): void {
    for (const { env } of this.#lanes) env.close();
  }
}
