import { describe, expect, it } from 'vitest';
import { InvalidActionError, ResetNeededError, UsageError } from '../../../src/errors.ts';
import { OrderEnforcing } from '../../../src/gym/wrappers/order-enforcing.ts';
import { TimeLimit } from '../../../src/gym/wrappers/time-limit.ts';
import { ToyEnv } from './toy-env.ts';

const still = new Float32Array([0]);
const forward = new Float32Array([0.1]);

describe('TimeLimit', () => {
  it('truncates at the limit, and not before', () => {
    const env = new TimeLimit(new ToyEnv(), 3);
    env.reset({ seed: 0 });
    const ends = [1, 2, 3].map(() => env.step(still).truncated);
    expect(ends).toEqual([false, false, true]);
    expect(() => env.step(still)).toThrow(ResetNeededError);
  });

  it('counts anew after a reset', () => {
    const env = new TimeLimit(new ToyEnv(), 2);
    env.reset();
    env.step(still);
    env.reset();
    expect(env.step(still).truncated).toBe(false);
  });

  it('leaves the verdict of the environment alone', () => {
    const env = new TimeLimit(new ToyEnv(), 100);
    env.reset({ seed: 0 });
    let result = env.step(forward);
    while (!result.terminated) result = env.step(forward);
    expect(result.truncated).toBe(false);
  });

  it.each([0, -1, 2.5, Number.NaN])('refuses the limit %d', (limit) => {
    expect(() => new TimeLimit(new ToyEnv(), limit)).toThrow(UsageError);
  });
});

describe('OrderEnforcing', () => {
  it('refuses a step before the first reset, after the end, and after close', () => {
    const env = new OrderEnforcing(new ToyEnv());
    expect(() => env.step(still)).toThrow(/before the first reset/);
    env.reset({ seed: 0 });
    while (!env.step(forward).terminated);
    expect(() => env.step(still)).toThrow(/after the episode had ended/);
    env.reset();
    env.step(still);
    env.close();
    expect(() => env.step(still)).toThrow(/after close/);
    expect(() => env.reset()).toThrow(/closed/);
  });

  it('passes on spaces, spec, metadata and close', () => {
    const inner = new ToyEnv();
    const env = new OrderEnforcing(inner);
    expect(env.observationSpace).toBe(inner.observationSpace);
    expect(env.actionSpace).toBe(inner.actionSpace);
    expect(env.metadata).toBe(inner.metadata);
    expect(env.spec).toBeNull();
    expect(env.unwrapped).toBe(inner);
    env.close();
    expect(inner.closed).toBe(1);
  });

  it('lets the error of an invalid action through, and the episode go on', () => {
    const env = new OrderEnforcing(new ToyEnv());
    env.reset();
    expect(() => env.step(new Float32Array([Number.NaN]))).toThrow(InvalidActionError);
    expect(() => env.step(still)).not.toThrow();
  });
});
