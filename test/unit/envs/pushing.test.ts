import { afterEach, describe, expect, it } from 'vitest';
import '../../../envs/index.ts';
import { modeNames, pushingJudge } from '../../../envs/pushing/judge.ts';
import { type MadeTask, makeTask } from '../../../envs/task.ts';
import { ConfigError, UsageError } from '../../../src/errors.ts';

const made: MadeTask[] = [];

async function pushing(kwargs: Record<string, unknown> = {}): Promise<MadeTask> {
  const one = await makeTask('Pushing-v0', { kwargs });
  made.push(one);
  return one;
}

afterEach(() => {
  for (const { env } of made.splice(0)) env.close();
});

type At = readonly [number, number];
const away: At = [0.5, 0];
const redTarget: At = [0.42, 0.3];
const greenTarget: At = [0.63, 0.3];

/** Judges a sequence of positions of the red and the green block. */
function judged(...moments: readonly (readonly [At, At])[]): ReturnType<typeof pushingJudge> {
  const judge = pushingJudge();
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

describe('the rules of Pushing', () => {
  it.each([
    ['rr-gg', [redTarget, away], redTarget, greenTarget],
    ['gg-rr', [away, greenTarget], redTarget, greenTarget],
    ['rg-gr', [greenTarget, away], greenTarget, redTarget],
    ['gr-rg', [away, redTarget], greenTarget, redTarget],
  ] as const)('knows the mode %s by assignment and order', (name, first, red, green) => {
    const judge = judged([away, away], first, [red, green]);
    expect(judge.solved).toBe(true);
    expect(modeNames[judge.mode as number]).toBe(name);
    expect(judge.distance).toBeCloseTo(0, 9);
  });

  it('counts no mode where the first pair belongs to the other assignment, though the task is solved', () => {
    const judge = judged([redTarget, away], [away, away], [greenTarget, away], [greenTarget, redTarget]);
    expect(judge).toMatchObject({ solved: true, mode: null });
  });

  it('keeps the first pair when its block leaves and comes back', () => {
    const judge = judged([redTarget, away], [away, greenTarget], [redTarget, greenTarget]);
    expect(modeNames[judge.mode as number]).toBe('rr-gg');
  });

  it('is not solved by two blocks in one target, nor by one block', () => {
    const together = judged([
      [0.385, 0.3],
      [0.455, 0.3],
    ]);
    expect(together).toMatchObject({ solved: false, mode: null });
    expect(judged([redTarget, away]).solved).toBe(false);
  });

  it('takes a block as in a target up to 5 cm between the centres', () => {
    expect(judged([[0.42, 0.3499], greenTarget]).solved).toBe(true);
    expect(judged([[0.42, 0.3501], greenTarget]).solved).toBe(false);
  });

  it('measures the mean distance to the nearest targets', () => {
    const judge = judged([
      [0.42, 0.2],
      [0.63, 0],
    ]);
    expect(judge.distance).toBeCloseTo(0.2, 9);
  });
});

describe('Pushing-v0', () => {
  it('draws the blocks from the ranges of the task, and differently for another seed', async () => {
    const { env } = await pushing();
    const starts = Array.from({ length: 200 }, (_, seed) => [...env.reset({ seed }).observation]);
    const column = (i: number) => starts.map((row) => row[i] as number);
    for (const [i, low, high] of [
      [4, 0.4, 0.5],
      [5, -0.15, 0],
      [8, 0.55, 0.65],
      [9, -0.15, 0],
    ] as const) {
      expect(Math.min(...column(i))).toBeGreaterThanOrEqual(low - 1e-6);
      expect(Math.max(...column(i))).toBeLessThanOrEqual(high + 1e-6);
      expect(Math.max(...column(i)) - Math.min(...column(i))).toBeGreaterThan(0.9 * (high - low));
    }
    // yaw within a quarter turn to either side: its cosine is never negative
    expect(Math.min(...column(7), ...column(11))).toBeGreaterThanOrEqual(-1e-6);
    expect(Math.min(...column(6))).toBeLessThan(-0.9);
    expect(Math.max(...column(6))).toBeGreaterThan(0.9);
    expect(starts[0]?.slice(0, 4)).toEqual([0.525, -0.28, 0.525, -0.28].map(Math.fround));
    expect(new Set(starts.map(String)).size).toBe(200);
  });

  it('succeeds when the blocks have lain in their targets for 10 steps, not before', async () => {
    const { env, task } = await pushing();
    env.reset({
      options: {
        blocks: [
          [0.42, 0.3, 0],
          [0.63, 0.3, 1],
        ],
      },
    });
    for (let i = 1; i <= 10; i++) {
      const { reward, terminated } = env.step(new Float32Array(2));
      expect({ reward, terminated }).toEqual({ reward: i === 10 ? 1 : 0, terminated: i === 10 });
    }
    expect(task.outcome()).toEqual({ success: true, mode: 0, distance: 0 });
  });

  it('pushes a block ahead, which stops when the rod does', async () => {
    const { env } = await pushing();
    let { observation } = env.reset({
      options: {
        blocks: [
          [0.525, -0.15, 0],
          [0.65, 0, 0],
        ],
      },
    });
    for (let i = 0; i < 30; i++) observation = env.step(new Float32Array([0, 0.005])).observation;
    const pushed = observation[5] as number;
    expect(pushed).toBeGreaterThan(-0.12);
    // the rod's centre stays its own radius and half a block before the block's, to 1 mm
    expect(pushed - (observation[3] as number)).toBeGreaterThan(0.039);
    for (let i = 0; i < 60; i++) observation = env.step(new Float32Array([0, -0.005])).observation;
    const rest = observation[5] as number;
    for (let i = 0; i < 20; i++) observation = env.step(new Float32Array(2)).observation;
    expect(observation[5]).toBe(rest);
    expect([observation[8], observation[9]]).toEqual([Math.fround(0.65), 0]);
  });

  it('has 60 contexts of its own, of which 30 are evaluated, all starting unsolved and apart', async () => {
    const all = (await pushing({ contexts: 60 })).task.contexts;
    const few = (await pushing()).task.contexts;
    expect(all).toHaveLength(60);
    expect(few).toEqual(all.slice(0, 30));
    expect(new Set(all.map(({ options }) => JSON.stringify(options))).size).toBe(60);
  });

  it('observes yaw as a tangent where asked to', async () => {
    const { env, task } = await pushing({ yaw: 'tan' });
    const { observation } = env.reset({
      options: {
        blocks: [
          [0.45, -0.1, 0.5],
          [0.6, -0.1, -1],
        ],
      },
    });
    expect(observation).toHaveLength(10);
    expect(observation[6]).toBeCloseTo(Math.tan(0.5), 5);
    expect(observation[9]).toBeCloseTo(Math.tan(-1), 5);
    expect(task.observationNames).toEqual([
      ...['commanded_x', 'commanded_y', 'measured_x', 'measured_y'],
      ...['red_x', 'red_y', 'red_tan_yaw', 'green_x', 'green_y', 'green_tan_yaw'],
    ]);
  });

  it.each([
    [{ block: [] }, /did you mean 'blocks'/],
    [{ blocks: [[0.4, 0, 0]] }, /expected: 2 poses/],
    [
      {
        blocks: [
          [0.4, 0, 0],
          [0.4, Number.NaN, 0],
        ],
      },
      /blocks\[1\]/,
    ],
    [
      {
        blocks: [
          [2, 0, 0],
          [0.6, 0, 0],
        ],
      },
      /not on the table/,
    ],
    [{ blocks: 'somewhere' }, /wrong number of poses/],
  ])('refuses the start %j', async (options, reason) => {
    const { env } = await pushing();
    expect(() => env.reset({ options })).toThrow(UsageError);
    expect(() => env.reset({ options })).toThrow(reason);
  });

  it('refuses arguments that it does not have or cannot take', async () => {
    await expect(pushing({ yaw: 'tann' })).rejects.toThrow("did you mean 'tan'?");
    await expect(pushing({ contexts: 61 })).rejects.toThrow(ConfigError);
    await expect(pushing({ context: 3 })).rejects.toThrow("did you mean 'contexts'?");
  });

  it('writes the same steps in place as it returns', async () => {
    const [one, other] = [await pushing(), await pushing()];
    const { observation } = one.task.reset({ seed: 3 });
    other.task.reset({ seed: 3 });
    const target = { observation, reward: 0, terminated: false, truncated: false, info: {} };
    for (let i = 0; i < 60; i++) {
      const action = new Float32Array([i % 20 < 10 ? -0.005 : 0.005, 0.01]);
      one.task.stepInto?.(action, target);
      expect({ ...target }).toEqual(other.task.step(action));
    }
    expect(target.observation).toBe(observation);
  });
});
