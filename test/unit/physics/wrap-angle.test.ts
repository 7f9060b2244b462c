import { expect, test } from 'vitest';
import { wrapAngle } from '../../../src/physics/wrap-angle.ts';

test.each([
  [0, 0],
  [3, 3],
  [-3, -3],
  [4, 4 - 2 * Math.PI],
  [-4, 2 * Math.PI - 4],
  [7 * Math.PI + 0.25, 0.25 - Math.PI],
  [-20 * Math.PI - 0.5, -0.5],
])('an angle of %d is one of %d, by the shorter way', (angle, folded) => {
  expect(wrapAngle(angle)).toBeCloseTo(folded, 12);
});
