import { expect, it } from 'vitest';
import { CheckpointError } from '../../../src/errors.ts';
import { NormalizedData } from '../../../src/training/normalized-data.ts';
import { describeIdentity, requireIdentity } from '../../../src/training/run-identity.ts';
import { branchingData } from '../mixture/toy-data.ts';

it('a training is the same in whatever order its settings are listed, and another with another value', () => {
  const problem = new NormalizedData(branchingData(4, 2));
  const identity = { config: { a: 1, b: { c: [2, 3], d: null } }, seed: 0, problem };
  const saved = (config: object) => ({
    arrays: {},
    state: describeIdentity({ ...identity, config: config as never }),
  });
  expect(() => requireIdentity(saved({ b: { d: null, c: [2, 3] }, a: 1 }), identity)).not.toThrow();
  for (const other of [
    { a: 1, b: { c: [3, 2], d: null } },
    { a: 1, b: { c: [2, 3] } },
  ]) {
    expect(() => requireIdentity(saved(other), identity)).toThrow(CheckpointError);
  }
});
