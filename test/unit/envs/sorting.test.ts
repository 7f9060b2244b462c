import { describe, expect, it } from 'vitest';
import '../../../envs/index.ts';
import { SortingJudge, sortingOrders } from '../../../envs/sorting/judge.ts';
import { anyOverlap, overlaps } from '../../../envs/table/overlap.ts';
import type { Pose } from '../../../envs/table/table-rules.ts';
import { makeTask } from '../../../envs/task.ts';

type At = readonly [number, number];
const away: At = [0.5, 0];
const inRed: At = [0.4, 0.3];
const inBlue: At = [0.6, 0.3];

/** Judges a sequence of positions of all blocks. */
function judged(perSort: number, ...moments: readonly (readonly At[])[]): SortingJudge {
  const judge = new SortingJudge(perSort);
  for (const blocks of moments) {
    judge.observe({
      commanded: [0, 0],
      rod: { x: 0, y: 0 },
      blocks: blocks.map(([x, y]) => ({ x, y, angleRad: 0 })),
      targets: [],
    });
  }
  return judge;
}

describe('the rules of Sorting', () => {
  it('has 2, 6 and 20 orders, all different, each of as many red as blue', () => {
    expect(sortingOrders(1)).toEqual(['rb', 'br']);
    expect(sortingOrders(2)).toEqual(['rrbb', 'rbrb', 'rbbr', 'brrb', 'brbr', 'bbrr']);
    const six = sortingOrders(3);
    expect(six).toHaveLength(20);
    expect(new Set(six).size).toBe(20);
    expect(six.every((word) => [...word].sort().join('') === 'bbbrrr')).toBe(true);
    expect([...six].sort((a, b) => (a.replaceAll('r', 'a') < b.replaceAll('r', 'a') ? -1 : 1))).toEqual(six);
  });

  it('takes the order of first arrivals, whatever leaves and comes back', () => {
    const judge = judged(
      2,
      [away, away, inBlue, away],
      [inRed, away, away, away],
      [inRed, away, away, inBlue],
      [inRed, [0.35, 0.3], [0.7, 0.3], inBlue],
    );
    expect(judge.solved).toBe(true);
    expect(sortingOrders(2)[judge.mode as number]).toBe('brbr');
  });

  it('lets the nearest to its centre come first where two arrive at once', () => {
    const together = (red: At, blue: At) => sortingOrders(1)[judged(1, [red, blue]).mode as number];
    expect(together([0.4, 0.32], [0.7, 0.4])).toBe('rb');
    expect(together([0.45, 0.32], [0.625, 0.32])).toBe('br');
  });

  it('has no mode before every block has arrived, and none for blocks in the other box', () => {
    expect(judged(1, [inRed, away])).toMatchObject({ solved: false, mode: null });
    expect(judged(1, [inBlue, inRed])).toMatchObject({ solved: false, mode: null });
  });

  it.each([
    [[0.301, 0.221], true],
    [[0.499, 0.409], true],
    [[0.299, 0.3], false],
    [[0.501, 0.3], false],
    [[0.4, 0.219], false],
    [[0.4, 0.411], false],
  ] as const)('decides by the block centre at the edges of the red box: %j', (red, solved) => {
    expect(judged(1, [red, inBlue]).solved).toBe(solved);
  });

  it('measures the mean distance to the own box', () => {
    expect(
      judged(1, [
        [0.4, 0.12],
        [0.5, 0.3],
      ]).distance,
    ).toBeCloseTo((0.1 + 0.025) / 2, 9);
  });
});

describe.each([
  ['Sorting2-v0', 1, 12],
  ['Sorting4-v0', 2, 20],
  ['Sorting6-v0', 3, 28],
] as const)('%s', (id, perSort, size) => {
  it('deals the blocks to different cells, without overlap', async () => {
    const { env } = await makeTask(id);
    const used = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const { observation } = env.reset({ seed });
      expect(observation).toHaveLength(size);
      const poses = Array.from({ length: 2 * perSort }, (_, i): Pose => {
        const [x = 0, y = 0, sin = 0, cos = 0] = observation.slice(4 + 4 * i, 8 + 4 * i);
        return [x, y, Math.atan2(sin, cos)];
      });
      expect(anyOverlap(poses, 0.06, 0.0019)).toBe(false);
      const cells = poses.map(([x, y]) => {
        const row = [-0.15, -0.05, 0.05].findIndex((low) => y >= low - 1e-6 && y <= low + 0.05 + 1e-6);
        expect(row).toBeGreaterThanOrEqual(0);
        expect(x < 0.525 ? [0.4, 0.5] : [0.55, 0.65]).toSatisfy(
          ([low = 0, high = 0]) => x >= low - 1e-6 && x <= high + 1e-6,
        );
        return `${row}/${x < 0.525}`;
      });
      expect(new Set(cells).size).toBe(2 * perSort);
      for (const cell of cells) used.add(cell);
    }
    expect(used.size).toBe(6);
    env.close();
  });

  it('has 60 contexts of its own', async () => {
    const { env, task } = await makeTask(id);
    expect(new Set(task.contexts.map(({ options }) => JSON.stringify(options))).size).toBe(60);
    env.close();
  });

  it('has up to 600 contexts, the usual 60 first', async () => {
    const few = await makeTask(id);
    const many = await makeTask(id, { kwargs: { contexts: 600 } });
    expect(many.task.contexts).toHaveLength(600);
    expect(many.task.contexts.slice(0, 60)).toEqual(few.task.contexts);
    await expect(makeTask(id, { kwargs: { contexts: 601 } })).rejects.toThrow(/kwargs\.contexts[\s\S]*601/);
    few.env.close();
    many.env.close();
  });
});

describe('overlaps', () => {
  it.each([
    [[0, 0, 0], [0.0619, 0, 0], true],
    [[0, 0, 0], [0.0621, 0, 0], false],
    [[0, 0, 0], [0.07, 0, Math.PI / 4], true],
    [[0, 0, 0], [0.075, 0, Math.PI / 4], false],
    [[0, 0, Math.PI / 4], [0.06, 0.06, -Math.PI / 4], false],
    [[0, 0, 0], [0.05, 0.05, 0], true],
  ] as const)('finds whether squares at %j and %j come within 2 mm', (a, b, expected) => {
    expect(overlaps(a, b, 0.06, 0.002)).toBe(expected);
    expect(overlaps(b, a, 0.06, 0.002)).toBe(expected);
  });
});
