import { describe, expect, it } from 'vitest';
import { InterruptedError, ModewiseError, UsageError } from '../../../src/errors.ts';
import { evaluatePolicy } from '../../../src/eval/evaluate-policy.ts';
import { toyPolicy, toyTask } from './toy-task.ts';

const protocol = { envId: 'Toy-v0', rollouts: 480, seed: 1 };
const uniform = (modes: number) => toyPolicy(modes, (rng) => rng.integer(modes));

describe('evaluatePolicy', () => {
  it('scores a uniform policy at the ceiling', async () => {
    const result = await evaluatePolicy(uniform(24), toyTask(24), protocol);
    expect(result.success.rate).toBe(1);
    expect(result.modes.covered).toBe(24);
    expect(result.entropy.ceiling).toBeCloseTo(0.992, 3);
    // the entropy of 480 uniform draws over 24 modes has a standard deviation of about 0.002
    expect(Math.abs(result.entropy.value - result.entropy.ceiling)).toBeLessThan(0.01);
  });

  it('scores a policy that knows one way at entropy 0', async () => {
    const result = await evaluatePolicy(
      toyPolicy(24, () => 7),
      toyTask(24),
      protocol,
    );
    expect(result.success.rate).toBe(1);
    expect(result.entropy.value).toBe(0);
    expect(result.modes).toMatchObject({ covered: 1, total: 24 });
    expect(result.modes.counts[7]).toBe(480);
  });

  it('scores a policy that always fails at 0 without a NaN', async () => {
    const result = await evaluatePolicy(
      toyPolicy(24, () => null),
      toyTask(24),
      { ...protocol, demonstrations: new Array(24).fill(4) },
    );
    expect(result.success).toMatchObject({ rate: 0, low: 0 });
    expect(result.entropy).toEqual({ value: 0, ceiling: 0 });
    expect(result.klToDemonstrations).toBeNull();
    expect(result.contexts).toEqual({ total: 1, zeroSuccess: 1 });
    expect(result.successTimesEntropy).toBe(0);
    expect(JSON.stringify(result)).not.toContain('NaN');
    const numbers = Object.values(result).filter((value) => typeof value === 'number');
    expect(numbers.every(Number.isFinite)).toBe(true);
  });

  it('takes the entropy within each context: knowing one way per start is not diversity', async () => {
    const policy = toyPolicy(4, (_, context) => context % 4);
    const result = await evaluatePolicy(policy, toyTask(4, 8), protocol);
    expect(result.entropy.value).toBe(0);
    expect(result.marginalEntropy).toBeCloseTo(1, 12);
    expect(result.contexts).toEqual({ total: 8, zeroSuccess: 0 });
  });

  it('runs every rollout when they do not divide evenly over the contexts', async () => {
    const result = await evaluatePolicy(uniform(4), toyTask(4, 7), { ...protocol, rollouts: 100 });
    expect(result.rows).toHaveLength(100);
    const perContext = new Array<number>(7).fill(0);
    for (const { context } of result.rows) perContext[context] = (perContext[context] ?? 0) + 1;
    expect(perContext).toEqual([15, 15, 14, 14, 14, 14, 14]);
    expect(new Set(result.rows.map((row) => row.seed)).size).toBe(100);
  });

  it('repeats itself for one seed and differs for another', async () => {
    const rowsOf = async (seed: number) =>
      (await evaluatePolicy(uniform(24), toyTask(24), { ...protocol, rollouts: 50, seed })).rows;
    expect(await rowsOf(1)).toEqual(await rowsOf(1));
    expect((await rowsOf(2)).map((row) => row.mode)).not.toEqual((await rowsOf(1)).map((row) => row.mode));
  });

  it('gives an episode the same seed whatever the number of rollouts', async () => {
    const few = await evaluatePolicy(uniform(24), toyTask(24), { ...protocol, rollouts: 5 });
    const many = await evaluatePolicy(uniform(24), toyTask(24), { ...protocol, rollouts: 40 });
    expect(many.rows.slice(0, 5)).toEqual(few.rows);
  });

  it('clips an action that overshoots, and passes one that is not a number on to the environment', async () => {
    const made = toyTask(2);
    const seen: number[] = [];
    const step = made.task.step;
    made.env.step = (action) => {
      seen.push(action[0] as number);
      return step(action);
    };
    const policy = { ...toyPolicy(2, () => 0), act: () => Float32Array.of(5) };
    await evaluatePolicy(policy, made, { ...protocol, rollouts: 1 });
    await evaluatePolicy({ ...policy, act: () => Float32Array.of(Number.NaN) }, made, {
      ...protocol,
      rollouts: 1,
    });
    expect(seen).toEqual([1, Number.NaN]);
  });

  it('stops between episodes when asked to', async () => {
    const controller = new AbortController();
    const finished: number[] = [];
    const run = evaluatePolicy(uniform(24), toyTask(24), {
      ...protocol,
      signal: controller.signal,
      onEpisode: (_, count) => {
        finished.push(count);
        if (count === 3) controller.abort();
      },
    });
    await expect(run).rejects.toThrow(InterruptedError);
    expect(finished).toEqual([1, 2, 3]);
  });

  it('refuses a policy of other sizes and a senseless number of rollouts', async () => {
    const wide = { ...uniform(24), observationSize: 4 };
    await expect(evaluatePolicy(wide, toyTask(24), protocol)).rejects.toThrow(ModewiseError);
    for (const rollouts of [0, -1, 1.5, Number.NaN]) {
      await expect(evaluatePolicy(uniform(24), toyTask(24), { ...protocol, rollouts })).rejects.toThrow(
        UsageError,
      );
    }
  });
});
