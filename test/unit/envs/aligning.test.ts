import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import '../../../envs/index.ts';
import { isAligned, rotationError } from '../../../envs/aligning/alignment.ts';
import { type MadeTask, makeTask } from '../../../envs/task.ts';
import { UsageError } from '../../../src/errors.ts';

const degree = Math.PI / 180;
const target = { x: 0.5, y: 0.3, angleRad: 0.4 };

describe('alignment', () => {
  it.each([
    [0.0179, 8.6, true],
    [0.0181, 0, false],
    [0, 8.7, false],
    [0, -8.6, true],
    [0.0179, -8.7, false],
  ])('of a box %f m and %f degrees off: %s', (metres, degrees, expected) => {
    const pose = {
      x: target.x - 0.6 * metres,
      y: target.y + 0.8 * metres,
      angleRad: 0.4 + degrees * degree,
    };
    expect(isAligned(pose, target)).toBe(expected);
  });

  it('takes full turns for nothing, and quarter turns for what they are', () => {
    expect(rotationError({ ...target, angleRad: 0.4 + 4 * Math.PI }, target)).toBeCloseTo(0, 9);
    for (const quarters of [1, 2, 3]) {
      const pose = { ...target, angleRad: 0.4 + (quarters * Math.PI) / 2 };
      expect(rotationError(pose, target)).toBeCloseTo((quarters === 2 ? 180 : 90) * degree, 9);
      expect(isAligned(pose, target)).toBe(false);
    }
  });
});

describe('Aligning-v0', () => {
  let made: MadeTask;
  let observation: Float32Array;
  const rod = () => ({
    x: observation[3] as number,
    y: observation[4] as number,
    z: observation[5] as number,
  });
  const box = () => [...observation.subarray(6, 10)] as [number, number, number, number];

  beforeEach(async () => {
    made = await makeTask('Aligning-v0');
  });
  afterEach(() => made.env.close());

  function start(pose: readonly number[], at: readonly number[] = [0.5, 0.3, 0.4]): void {
    ({ observation } = made.env.reset({ options: { blocks: [pose], targets: [at] } }));
  }

  /** Moves the command by so much per step. */
  function move(steps: number, x: number, y: number, z: number) {
    const results = Array.from({ length: steps }, () => made.env.step(new Float32Array([x, y, z])));
    observation = results.at(-1)?.observation ?? observation;
    return results;
  }

  it('draws box and target from their ranges, and has 60 contexts of its own', () => {
    for (let seed = 0; seed < 40; seed++) {
      ({ observation } = made.env.reset({ seed }));
      const [x, y, , cosine] = box();
      expect(x > 0.4 && x < 0.6 && y > -0.25 && y < -0.1 && cosine > 0).toBe(true);
      const [targetX = 0, targetY = 0, , targetCosine = 0] = observation.subarray(10);
      expect(targetX > 0.4 && targetX < 0.6 && targetY > 0.2 && targetY < 0.35 && targetCosine > 0).toBe(
        true,
      );
      expect(rod()).toEqual({ x: Math.fround(0.525), y: Math.fround(-0.35), z: 0.25 });
    }
    expect(new Set(made.task.contexts.map(({ options }) => JSON.stringify(options))).size).toBe(60);
  });

  it('succeeds once the box has been aligned for 10 steps, with the mode of the place where the rod is', () => {
    for (const [pose, mode] of [
      [[0.5, 0.3, 0.4], 1],
      [[0.525, -0.35, 0.4], 0],
    ] as const) {
      start(pose, pose);
      expect(made.task.outcome()).toMatchObject({ success: false, mode });
      const results = move(10, 0, 0, 0);
      expect(results.map(({ terminated }) => terminated)).toEqual([...Array(9).fill(false), true]);
      expect(results.map(({ reward }) => reward)).toEqual([...Array(9).fill(0), 1]);
      expect(made.task.outcome()).toMatchObject({ success: true, mode, distance: 0 });
    }
  });

  it('measures half the position error plus the rotation error over pi, and has no mode while not aligned', () => {
    start([0.5, 0.2, 0.4], [0.5, 0.3, 0.4 + 0.3 * Math.PI]);
    const { distance, metrics, mode } = made.task.outcome();
    expect(distance).toBeCloseTo((0.1 + 0.3) / 2, 6);
    expect(metrics?.positionError).toBeCloseTo(0.1, 6);
    expect(metrics?.rotationError).toBeCloseTo(0.3 * Math.PI, 6);
    expect(mode).toBeNull();
  });

  it('lets the rod pass over the box, and push it when it is low', () => {
    const pose = [0.525, -0.2, 0];
    start(pose);
    const before = box();
    move(30, 0, 0.0125, 0);
    expect(rod().y).toBeGreaterThan(-0.1);
    expect(box()).toEqual(before);

    start(pose);
    move(25, 0, 0, -0.0125);
    expect(box()).toEqual(before);
    move(20, 0, 0.0125, 0);
    expect(box()[1]).toBeGreaterThan(-0.15);
    expect(rod().y).toBeLessThan(box()[1] - 0.06);
  });

  it('keeps a rod that was lowered into the box inside, and drags the box by it', () => {
    start([0.525, -0.35, 0.2]);
    move(25, 0, 0, -0.0125);
    expect(rod().z).toBeLessThan(0.09);
    move(50, 0.004, 0.006, 0);
    expect(box()[0]).toBeGreaterThan(0.54);
    expect(Math.hypot(rod().x - box()[0], rod().y - box()[1])).toBeLessThan(0.051);
    // up and away: the box stays where it is
    move(20, 0, 0, 0.0125);
    const left = box();
    move(30, -0.0125, 0, 0);
    expect(box()).toEqual(left);
  });

  it('lets a rod that comes down on a wall stand on it', () => {
    // the far wall is below the rod
    start([0.525, -0.4, 0]);
    move(25, 0, 0, -0.0125);
    expect(rod().z).toBeCloseTo(0.09, 6);
    expect(box()[1]).toBeCloseTo(-0.4, 6);
    move(15, 0, 0.0125, 0);
    expect(rod().z).toBeLessThan(0.05);
  });

  it('stops the box with the rod', () => {
    start([0.525, -0.2, 0]);
    move(25, 0, 0, -0.0125);
    move(20, 0, 0.0125, 0);
    move(3, 0, -0.0125, 0);
    move(60, 0, 0, 0);
    const rest = box();
    move(20, 0, 0, 0);
    expect(box()).toEqual(rest);
  });

  it('tells a box that has come to rest elsewhere by another hash, and a rod that is higher', () => {
    const hashes = [-0.0125, 0, 0.0125].map((z) => {
      start([0.5, -0.2, 0]);
      move(1, 0, 0, z);
      return made.task.stateHash();
    });
    expect(new Set(hashes).size).toBe(3);
  });

  it('refuses a start without a target, off the table, and an unknown option', () => {
    const reset = (options: Record<string, unknown>) => () => made.env.reset({ options });
    expect(reset({ blocks: [[0.5, 0, 0]] })).toThrow(UsageError);
    expect(reset({ blocks: [[0.5, 0, 0]], targets: [[2, 0, 0]] })).toThrow(/not on the table/);
    expect(reset({ box: [0, 0, 0] })).toThrow(UsageError);
  });
});
