import type { StepTarget } from '../env.ts';
import type { Space } from '../spaces/space.ts';
import { createMemberBatch, type MemberBatch, type MemberBatchOptions } from './member-batch.ts';

/** Memory for what one call of a vector returns, shape [N] each; the infos apart. */
export class ResultSet {
  readonly observations: MemberBatch;
  readonly rewards: Float64Array;
  readonly terminations: Uint8Array;
  readonly truncations: Uint8Array;

  constructor(observationSpace: Space<unknown>, count: number, memory: MemberBatchOptions) {
    const { allocate } = memory;
    this.rewards = new Float64Array(allocate(count * 8), 0, count);
    this.terminations = new Uint8Array(allocate(count), 0, count);
    this.truncations = new Uint8Array(allocate(count), 0, count);
    this.observations = createMemberBatch(observationSpace, count, memory);
  }

  /** Stores what a step left in its target. */
  write(i: number, target: StepTarget): void {
    this.observations.write(i, target.observation);
    this.rewards[i] = target.reward;
    this.terminations[i] = target.terminated ? 1 : 0;
    this.truncations[i] = target.truncated ? 1 : 0;
  }

  /** Stores a reset: no reward, no end. */
  writeReset(i: number, observation: unknown): void {
    this.observations.write(i, observation);
    this.rewards[i] = 0;
    this.terminations[i] = 0;
    this.truncations[i] = 0;
  }

  /** Takes over one environment's observation from another set, with no reward; `truncated` where it failed. */
  carry(i: number, from: ResultSet, truncated: boolean): void {
    this.writeReset(i, from.observations.member(i));
    this.truncations[i] = truncated ? 1 : 0;
  }
}

/** Prepares a target that writes straight into a set's row where observations are typed arrays. */
export function targetOf(set: ResultSet, i: number): StepTarget {
  const target: StepTarget = {
    observation: null,
    reward: 0,
    terminated: false,
    truncated: false,
    info: {},
  };
  const row = set.observations.member(i);
  if (ArrayBuffer.isView(row)) target.observation = row;
  return target;
}
