import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import '../../../envs/index.ts';
import { type MadeTask, makeTask } from '../../../envs/task.ts';
import { UsageError } from '../../../src/errors.ts';

let made: MadeTask;
beforeEach(async () => {
  made = await makeTask('TableTennis-v0');
});
afterEach(() => made.env.close());

/** Serves a ball and lets the arm rest; returns the last step. */
function watch(ball: readonly number[]) {
  made.env.reset({ seed: 0, options: { ball } });
  for (;;) {
    const step = made.env.step(new Float32Array(3));
    if (step.terminated || step.truncated) return step;
  }
}

describe('TableTennis-v0', () => {
  it('loses a ball that nobody strikes', () => {
    const { terminated } = watch([0.5, 1.3, 0, -2]);
    expect(terminated).toBe(true);
    expect(made.task.outcome()).toMatchObject({ success: false, mode: null });
  });

  it('lets the ball keep its velocity until the paddle meets it', () => {
    made.env.reset({ seed: 0, options: { ball: [0.5, 1.3, 0.25, -2] } });
    const { observation } = made.env.step(new Float32Array(3));
    expect([...observation.slice(9)]).toEqual([0.505, 1.26, 0.25, -2].map((n) => expect.closeTo(n, 5)));
  });

  it('returns a ball with the restitution of the paddle', () => {
    // the paddle at rest stands across the way of a ball that comes from the right
    const { observation } = made.env.reset({ seed: 0, options: { ball: [0.5, -0.8, -2, 0] } });
    let [, , , , , , , , , , , vx = 0] = observation;
    for (let i = 0; i < 20; i++) vx = made.env.step(new Float32Array(3)).observation[11] as number;
    expect(vx).toBeGreaterThan(0.75 * 2);
    expect(vx).toBeLessThan(0.86 * 2);
  });

  it('moves every joint to within a hundredth of a radian of its command in 0.4 s', () => {
    made.env.reset({ seed: 0, options: { ball: [0, 1.3, 0, 0] } });
    const action = new Float32Array([0.05, -0.1, 0.1]);
    let { observation } = made.env.step(action);
    for (let i = 0; i < 20; i++) ({ observation } = made.env.step(new Float32Array(3)));
    for (let joint = 0; joint < 3; joint++) {
      const lag = (observation[3 + joint] as number) - (observation[joint] as number);
      expect(Math.abs(lag)).toBeLessThan(0.01);
    }
  });

  it('refuses a serve from outside the table, and an unknown option', () => {
    expect(() => made.env.reset({ options: { ball: [2, 0, 0, -1] } })).toThrow(UsageError);
    expect(() => made.env.reset({ options: { ball: [0, 1, 0] } })).toThrow(/four numbers/);
    expect(() => made.env.reset({ options: { bal: [0, 1, 0, -1] } })).toThrow(/did you mean 'ball'/);
  });
});
