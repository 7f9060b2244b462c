import { afterEach, describe, expect, it } from 'vitest';
import '../../../envs/index.ts';
import { type MadeTask, makeTask } from '../../../envs/task.ts';
import { ConfigError, UsageError } from '../../../src/errors.ts';

const made: MadeTask[] = [];

async function blockPush(kwargs: Record<string, unknown> = {}): Promise<MadeTask> {
  const one = await makeTask('BlockPush-v0', { kwargs });
  made.push(one);
  return one;
}

afterEach(() => {
  for (const { env } of made.splice(0)) env.close();
});

const targets = [
  [0.3, 0.2, 3],
  [0.52, 0.2, 3],
];

describe('BlockPush-v0', () => {
  it('draws blocks and targets from the ranges of the task', async () => {
    const { env } = await blockPush();
    let firstIsLeft = 0;
    for (let seed = 0; seed < 200; seed++) {
      const at = [...env.reset({ seed }).observation];
      const [x1 = 0, y1 = 0, , , x2 = 0, y2 = 0] = at;
      for (const x of [x1, x2]) expect(Math.abs(x - 0.4)).toBeLessThan(0.1001);
      for (const y of [y1, y2]) expect(Math.abs(y + 0.2)).toBeLessThan(0.1501);
      expect(Math.abs(x1 - x2)).toBeGreaterThan(0.0999);
      const [tx1 = 0, ty1 = 0, , , tx2 = 0, ty2 = 0] = at.slice(12);
      expect(Math.abs(Math.abs(tx1 - tx2) - 0.24)).toBeLessThan(0.0101);
      for (const y of [ty1, ty2]) expect(Math.abs(y - 0.2)).toBeLessThan(0.0076);
      firstIsLeft += tx1 < tx2 ? 1 : 0;
      expect(at.slice(8, 12)).toEqual([0.3, -0.4, 0.3, -0.4].map(Math.fround));
    }
    expect(firstIsLeft).toBeGreaterThan(70);
    expect(firstIsLeft).toBeLessThan(130);
  });

  it('rewards the first entry with 0.49 and both blocks in different targets with 0.51', async () => {
    const { env, task } = await blockPush();
    // the first block lies before its target and is pushed in; the second lies in its own
    env.reset({
      options: {
        blocks: [
          [0.3, 0.1, 0],
          [0.52, 0.2, 0],
        ],
        targets,
      },
    });
    let total = 0;
    let rewards: number[] = [];
    for (let i = 0; i < 40; i++) {
      const { reward, terminated } = env.step(new Float32Array([0, 0.02]));
      total += reward;
      if (reward !== 0) rewards = [...rewards, reward];
      if (terminated) break;
    }
    // the entry that the start itself is has no step that could be rewarded
    expect(rewards).toEqual([0.51]);
    expect(total).toBeCloseTo(0.51, 9);
    expect(task.behavior.modes[task.outcome().mode as number]).toBe('b2t2-b1t1');
    expect(task.outcome().metrics).toEqual({ p1: 1, p2: 1 });
  });

  it('rewards an entry once, in the step in which it happens', async () => {
    const { env, task } = await blockPush();
    env.reset({
      options: {
        blocks: [
          [0.3, 0.1, 0],
          [0.5, -0.2, 0],
        ],
        targets,
      },
    });
    expect(task.outcome().metrics).toEqual({ p1: 0, p2: 0 });
    const rewards: number[] = [];
    for (let i = 0; i < 40; i++) rewards.push(env.step(new Float32Array([0, 0.02])).reward);
    expect(rewards.filter((reward) => reward !== 0)).toEqual([0.49]);
    expect(task.outcome()).toMatchObject({ success: false, mode: null, metrics: { p1: 1, p2: 0 } });
  });

  it('ends when the blocks have lain in different targets for 3 steps, by the tolerance asked for', async () => {
    const start = {
      blocks: [
        [0.345, 0.2, 0],
        [0.52, 0.2, 0],
      ],
      targets,
    };
    const wide = await blockPush();
    wide.env.reset({ options: start });
    const ends = [1, 2, 3].map(() => wide.env.step(new Float32Array(2)).terminated);
    expect(ends).toEqual([false, false, true]);
    const narrow = await blockPush({ tolerance: 0.04 });
    narrow.env.reset({ options: start });
    for (let i = 0; i < 5; i++) expect(narrow.env.step(new Float32Array(2)).terminated).toBe(false);
  });

  it('follows a new command to within 2 % in three control steps', async () => {
    const { env } = await blockPush();
    env.reset({ seed: 0 });
    env.step(new Float32Array([-0.03, -0.03]));
    env.step(new Float32Array(2));
    const { observation } = env.step(new Float32Array(2));
    expect(Math.abs((observation[8] as number) - 0.27)).toBeLessThan(0.0006);
    expect(Math.abs((observation[9] as number) + 0.43)).toBeLessThan(0.0006);
  });

  it('observes yaw as an angle where asked to', async () => {
    const { env, task } = await blockPush({ yaw: 'angle' });
    const { observation } = env.reset({
      options: {
        blocks: [
          [0.3, -0.2, 0.5],
          [0.5, -0.2, 2],
        ],
        targets,
      },
    });
    expect(observation).toHaveLength(16);
    expect(observation[2]).toBeCloseTo(0.5, 5);
    expect(observation[5]).toBeCloseTo(2, 5);
    expect(observation[12]).toBeCloseTo(3, 5);
    expect(task.observationNames[12]).toBe('target_1_yaw');
  });

  it('refuses half a start and arguments out of range', async () => {
    const { env } = await blockPush();
    expect(() => env.reset({ options: { blocks: [] } })).toThrow(UsageError);
    expect(() => env.reset({ options: { targets } })).toThrow(/options\.blocks/);
    await expect(blockPush({ tolerance: 0.2 })).rejects.toThrow(ConfigError);
    await expect(blockPush({ yaw: 'angel' })).rejects.toThrow("did you mean 'angle'?");
  });
});
