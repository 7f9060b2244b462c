import { expect, it } from 'vitest';
import { didYouMean, nearestName } from '../../src/nearest-name.ts';

const verbs = ['collect', 'train', 'eval', 'watch'];

it.each([
  ['colect', 'collect'],
  ['trian', 'train'],
  ['EVAL', 'eval'],
  ['wacht', 'watch'],
])('takes %s for %s', (typed, meant) => {
  expect(nearestName(typed, verbs)).toBe(meant);
});

it('finds short names with two letters swapped', () => {
  expect(nearestName('icm', ['imc'])).toBe('imc');
});

it('suggests nothing far-fetched, but lists what there is', () => {
  expect(nearestName('teleport', verbs)).toBeUndefined();
  expect(didYouMean('teleport', verbs)).toBe('one of: collect, train, eval, watch');
  expect(didYouMean('tran', verbs)).toBe("did you mean 'train'?");
});
