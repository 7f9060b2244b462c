import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import '../../../envs/index.ts';
import { CoverageMeter } from '../../../envs/push-t/block.ts';
import { type MadeTask, makeTask } from '../../../envs/task.ts';
import { UsageError } from '../../../src/errors.ts';

const goal = [0.256, 0.256, Math.PI / 4] as const;

type Pose = readonly [number, number, number];
const coverage = (pose: Pose, of: Pose) => new CoverageMeter(of).measure(pose);

describe('coverage', () => {
  it('is 1 on the mark, and 0 away from it', () => {
    expect(coverage(goal, goal)).toBeCloseTo(1, 12);
    expect(coverage([0.45, 0.1, 1], goal)).toBe(0);
  });

  it('loses what a shift along the stem uncovers', () => {
    // 1 mm along the stem uncovers the ends of bar and stem: 120 mm of width, and 90 mm of bar is covered from the stem side
    expect(coverage([0, -0.001, 0], [0, 0, 0])).toBeCloseTo(1 - 120 / 6300, 9);
    expect(coverage([0.001, 0, 0], [0, 0, 0])).toBeCloseTo(1 - (30 + 90) / 6300, 9);
  });

  it('agrees with counting points at any pose', () => {
    const pose = [0.25, 0.27, 1.3] as const;
    const isIn = (x: number, y: number, [px, py, angle]: Pose) => {
      const u = Math.cos(angle) * (x - px) + Math.sin(angle) * (y - py);
      const v = (0.03 * 9.5) / 7 - (Math.cos(angle) * (y - py) - Math.sin(angle) * (x - px));
      return (Math.abs(u) < 0.06 && v > 0 && v < 0.03) || (Math.abs(u) < 0.015 && v >= 0.03 && v < 0.12);
    };
    let both = 0;
    let marked = 0;
    for (let x = 0.1; x < 0.4; x += 0.0005) {
      for (let y = 0.1; y < 0.4; y += 0.0005) {
        if (!isIn(x, y, goal)) continue;
        marked++;
        if (isIn(x, y, pose)) both++;
      }
    }
    expect(coverage(pose, goal)).toBeCloseTo(both / marked, 2);
  });
});

describe('PushT-v0', () => {
  let made: MadeTask;
  beforeEach(async () => {
    made = await makeTask('PushT-v0');
  });
  afterEach(() => made.env.close());

  it('moves the block while it is pushed, and not afterwards', () => {
    made.env.reset({ seed: 0, options: { pusher: [0.1, 0.27], block: [0.256, 0.256, 0] } });
    const push = new Float32Array([0.25, 0.27]);
    for (let i = 0; i < 15; i++) made.env.step(push);
    expect(made.task.outcome().mode).toBe(0);
    const away = new Float32Array([0.05, 0.27]);
    const left = made.env.step(away).observation.slice(2);
    expect(left[0]).toBeGreaterThan(0.27);
    for (let i = 0; i < 5; i++) expect(made.env.step(away).observation.slice(2)).toEqual(left);
  });

  it('keeps the largest coverage of the episode beside the final one', () => {
    made.env.reset({ seed: 0, options: { pusher: [0.1, 0.1], block: [0.256, 0.25, Math.PI / 4] } });
    const { coverage: before } = made.env.step(new Float32Array([0.1, 0.1])).info as { coverage: number };
    for (let i = 0; i < 15; i++) made.env.step(new Float32Array([0.4, 0.4]));
    const { metrics } = made.task.outcome();
    expect(metrics?.maxCoverage).toBeGreaterThanOrEqual(before);
    expect(metrics?.finalCoverage).toBeLessThan(before);
  });

  it('refuses a start outside the world, and an unknown option', () => {
    expect(() => made.env.reset({ options: { pusher: [0.1, 0.1], block: [0.6, 0.1, 0] } })).toThrow(
      UsageError,
    );
    expect(() => made.env.reset({ options: { blok: [0, 0, 0] } })).toThrow(/did you mean 'block'/);
  });
});
