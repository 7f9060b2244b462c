import { expect, it } from 'vitest';
import '../../../envs/index.ts';
import { makeTask } from '../../../envs/task.ts';
import { ConfigError, UsageError } from '../../../src/errors.ts';

it.each([
  ['left', -0.008],
  ['right', 0.008],
])('Reach-v0 is solved past the %s of the middle, by the side on which y = 0 is passed', async (name, dx) => {
  const { env, task } = await makeTask('Reach-v0');
  const { observation } = env.reset({ seed: 0 });
  expect(observation).toEqual(new Float32Array([0.5, -0.2, 0.5, -0.2]));
  expect(task.outcome()).toEqual({ success: false, mode: null, distance: expect.closeTo(0.37, 6) });
  let total = 0;
  for (let i = 0; i < 60; i++) {
    const back = i >= 20 && i < 40;
    const sideways = i < 20 || back ? (back ? -dx : dx) : 0;
    const { reward, terminated } = env.step(new Float32Array([sideways, i < 40 ? 0.01 : 0]));
    total += reward;
    if (terminated) break;
  }
  expect(total).toBe(1);
  expect(task.outcome()).toEqual({ success: true, mode: task.behavior.modes.indexOf(name), distance: 0 });
  env.close();
});

it('Reach-v0 takes neither arguments nor reset options', async () => {
  await expect(makeTask('Reach-v0', { kwargs: { far: true } })).rejects.toThrow(ConfigError);
  const { env } = await makeTask('Reach-v0');
  expect(() => env.reset({ options: { blocks: [] } })).toThrow(UsageError);
  expect(() => env.reset({ options: { blocks: [] } })).toThrow('this task takes none');
  env.close();
});
