import { beforeAll, describe, expect, it } from 'vitest';
import { type MadeTask, makeTask } from '../../../envs/task.ts';
import '../../../envs/index.ts';

/** Where a part is. */
function at({ task }: MadeTask, part: number): readonly [number, number] {
  const poses = new Float32Array(3 * task.scene.movingParts);
  task.poses(poses);
  return [poses[3 * part] as number, poses[3 * part + 1] as number];
}

/** Steps without commanding any change. */
function stand(made: MadeTask, steps: number): void {
  const action = new Float32Array(made.task.actionNames.length);
  for (let i = 0; i < steps; i++) made.env.step(action);
}

describe('holding a part by hand', () => {
  let made: MadeTask;
  beforeAll(async () => {
    made = await makeTask('Pushing-v0');
  });

  it('leads a block to a place, where it stays when it is let go of', () => {
    made.env.reset({ seed: 1 });
    const [x, y] = at(made, 1);
    expect(made.task.hold?.(1, x + 0.1, y - 0.05)).toBe(true);
    stand(made, 20);
    made.task.release?.();
    stand(made, 20);
    const [newX, newY] = at(made, 1);
    expect(newX).toBeCloseTo(x + 0.1, 2);
    expect(newY).toBeCloseTo(y - 0.05, 2);
  });

  it('stops a block that is let go of in full swing, however far from the rod', () => {
    made.env.reset({ seed: 1 });
    const [x, y] = at(made, 1);
    // lies still and alone first
    stand(made, 3);
    made.task.hold?.(1, x, 0.6);
    stand(made, 2);
    made.task.release?.();
    stand(made, 20);
    const rested = at(made, 1);
    expect(rested[1]).toBeGreaterThan(y);
    stand(made, 20);
    expect(at(made, 1)).toEqual(rested);
  });

  it('leads the rod and its command with it: let go of, it stays, and is commanded from there', () => {
    const { observation } = made.env.reset({ seed: 1 });
    const [x = 0, y = 0] = observation.slice(0, 2);
    made.task.hold?.(0, x + 0.06, y + 0.02);
    stand(made, 20);
    made.task.release?.();
    stand(made, 40);
    const after = made.env.step(new Float32Array(2)).observation;
    expect(after[0]).toBeCloseTo(x + 0.06, 2);
    expect(after[1]).toBeCloseTo(y + 0.02, 2);
    expect(after[2]).toBeCloseTo(x + 0.06, 2);
  });

  it('keeps what is held within the workspace', () => {
    made.env.reset({ seed: 1 });
    made.task.hold?.(0, 9, -9);
    stand(made, 40);
    const [x, y] = at(made, 0);
    expect(x).toBeCloseTo(0.9, 2);
    expect(y).toBeCloseTo(-0.4, 2);
    made.task.release?.();
  });

  it('has no hold on targets, and forgets its hold with the episode', () => {
    made.env.reset({ seed: 1 });
    expect(made.task.hold?.(3, 0.5, 0)).toBe(false);
    expect(made.task.hold?.(1, 0.5, 0.5)).toBe(true);
    made.env.reset({ seed: 2 });
    const start = at(made, 1);
    stand(made, 5);
    expect(at(made, 1)).toEqual(start);
  });

  it.each(['Avoiding-v0', 'Aligning-v0', 'PushT-v0', 'Sorting2-v0', 'BlockPush-v0', 'Reach-v0'])(
    'holds what the robot moves in %s',
    async (id) => {
      const task = await makeTask(id);
      task.env.reset({ seed: 3 });
      const hand = task.task.scene.parts.find(({ role }) => role === 'robot')?.poseIndex ?? -1;
      const [x, y] = at(task, hand);
      expect(task.task.hold?.(hand, x + 0.03, y)).toBe(true);
      task.env.step(Float32Array.from(id === 'PushT-v0' ? [x, y] : task.task.actionNames.map(() => 0)));
      expect(at(task, hand)[0]).toBeGreaterThan(x + 0.005);
      task.env.close();
    },
  );
});
