import { describe, expect, it } from 'vitest';
import { type ChunkExecution, ChunkPlan } from '../../../src/policies/chunk-plan.ts';
import { type ChunkPlanner, ChunkPolicy } from '../../../src/policies/chunk-policy.ts';
import { ObservationHistory } from '../../../src/policies/history.ts';

/** Takes actions from a plan of one number each; `chunks(t)` is what is planned at time t. */
function execute(execution: ChunkExecution, chunks: (t: number) => number[], steps: number) {
  const plan = new ChunkPlan(execution, 1);
  const taken: number[] = [];
  const plannedAt: number[] = [];
  for (let t = 0; t < steps; t++) {
    if (plan.isDue) {
      plan.add(Float32Array.from(chunks(t)));
      plannedAt.push(t);
    }
    const action = new Float32Array(1);
    plan.next(action);
    taken.push(action[0] as number);
  }
  return { taken, plannedAt };
}

describe('a plan of chunks', () => {
  const chunks = (t: number) => [10 * t, 10 * t + 1, 10 * t + 2, 10 * t + 3];

  it('takes whole chunks, or fewer actions of each', () => {
    const whole = execute({ chunk: 4, execute: 4, ensemble: null }, chunks, 6);
    expect(whole).toEqual({ taken: [0, 1, 2, 3, 40, 41], plannedAt: [0, 4] });
    const some = execute({ chunk: 4, execute: 2, ensemble: null }, chunks, 5);
    expect(some).toEqual({ taken: [0, 1, 20, 21, 40], plannedAt: [0, 2, 4] });
  });

  it.each([0.5, 0, -0.3])('averages all chunks that cover a time as the whole sum would, m = %s', (m) => {
    const noisy = (t: number) => [0, 1, 2, 3].map((k) => Math.sin(3 * t + 7 * k));
    const { taken, plannedAt } = execute({ chunk: 4, execute: 4, ensemble: m }, noisy, 10);
    expect(plannedAt).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const [t, action] of taken.entries()) {
      const oldest = Math.max(0, t - 3);
      let [sum, weights] = [0, 0];
      for (let from = oldest; from <= t; from++) {
        const weight = Math.exp(-m * (from - oldest));
        sum += weight * (noisy(from)[t - from] as number);
        weights += weight;
      }
      expect(action).toBeCloseTo(sum / weights, 5);
    }
  });

  it('averages equal chunks to what they say', () => {
    const { taken } = execute({ chunk: 4, execute: 4, ensemble: 0.01 }, () => [2, 2, 2, 2], 8);
    expect(taken).toEqual(new Array(8).fill(2));
  });
});

describe('a history of observations', () => {
  it('repeats the first one until there are enough, and forgets at a restart', () => {
    const history = new ObservationHistory(3, 1);
    history.reset(2);
    history.push(Float32Array.of(1, 10));
    expect([[...history.window(0)], history.seen(0)]).toEqual([[1, 1, 1], 1]);
    history.push(Float32Array.of(2, 20));
    expect([...history.window(1)]).toEqual([10, 10, 20]);
    history.restart(0);
    history.push(Float32Array.of(5, 30));
    expect([[...history.window(0)], history.seen(0)]).toEqual([[5, 5, 5], 1]);
    expect([[...history.window(1)], history.seen(1)]).toEqual([[10, 20, 30], 3]);
  });
});

describe('a policy by chunks', () => {
  const one = { version: 1, mean: [0], std: [1] } as const;
  const scaling = { observationNormalizer: one, actionNormalizer: one, actionLow: [-50], actionHigh: [50] };

  /** Plans the latent of the episode and draws, so that both can be told from the actions. */
  const planner: ChunkPlanner<number> = {
    begin: (stream) => stream.uniform(),
    plan(histories, episodes, target) {
      for (const [row, { kept, seen, stream }] of episodes.entries()) {
        target.set([kept, 0.1 * seen, stream.uniform(), histories[2 * row] as number], 4 * row);
      }
    },
  };
  const make = () =>
    new ChunkPolicy({
      ...{ method: 'test', scaling, history: 2, planner },
      execution: { chunk: 4, execute: 4, ensemble: null },
    });

  it('draws for every episode from its own seed, plans only where due, and keeps a latent to the end', () => {
    const policy = make();
    policy.reset([1, 2]);
    const rows: number[][] = [];
    for (let t = 0; t < 9; t++) {
      if (t === 2) policy.restart(1, 1);
      rows.push([...policy.act(Float32Array.of(t, t))]);
    }
    const of = (episode: number) => rows.map((row) => row[episode] as number);
    const [first, second] = [of(0), of(1)];
    expect(first[4]).toBe(first[0]);
    // the restarted episode goes through what the first one did, two steps later
    expect(second.slice(2, 5)).toEqual(first.slice(0, 3));
    expect(second[6]).toBe(first[4]);
    expect(first[1]).toBeCloseTo(0.1);
    expect(first[5]).toBeCloseTo(0.2);
    expect(first[3]).toBe(0);
    expect(first[7]).toBe(3);
  });

  it('keeps actions within the demonstrated range, and refuses rows that do not fit', () => {
    const policy = new ChunkPolicy({
      ...{ method: 'test', scaling: { ...scaling, actionHigh: [0.2] }, history: 1 },
      execution: { chunk: 1, execute: 1, ensemble: null },
      planner: { begin: () => undefined, plan: (_, __, target) => void target.fill(9) },
    });
    policy.reset([0]);
    expect(policy.act(Float32Array.of(0))[0]).toBeCloseTo(0.2);
    expect(() => policy.act(Float32Array.of(0, 0))).toThrow(RangeError);
    expect(() => policy.restart(1, 0)).toThrow(RangeError);
  });
});
