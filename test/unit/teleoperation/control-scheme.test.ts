import { describe, expect, it } from 'vitest';
import '../../../envs/index.ts';
import { makeTask } from '../../../envs/task.ts';
import { UsageError } from '../../../src/errors.ts';
import { list } from '../../../src/gym/registry.ts';
import { Rng } from '../../../src/random.ts';
import { controlSchemeOf, type Wish } from '../../../src/teleoperation/control-scheme.ts';
import { toyTask } from '../eval/toy-task.ts';

const ids = list().map(({ id }) => id);

describe('driving by hand', () => {
  it.each(ids)('gives members of the action space for any wish: %s', async (id) => {
    const made = await makeTask(id);
    const scheme = controlSchemeOf(made);
    const rng = Rng.fromSeed(id);
    let { observation } = made.env.reset({ seed: 1 });
    scheme.begin();
    for (let t = 0; t < 60; t++) {
      const velocity = scheme.axes.map(() => rng.uniform(-1, 1));
      const point = [rng.uniform(-100, 100), rng.uniform(-1, 1)] as const;
      const wish: Wish | null = [
        null,
        { kind: 'velocity', velocity } as const,
        scheme.takesPoints ? ({ kind: 'point', point } as const) : null,
      ][rng.integer(3)] as Wish | null;
      const action = scheme.act(wish, observation);
      expect(made.env.actionSpace.contains(action)).toBe(true);
      expect(scheme.commanded(observation)).toHaveLength(scheme.axes.length);
      const step = made.env.step(action);
      observation = step.observation;
      if (step.terminated || step.truncated) break;
    }
    made.env.close();
  });

  it('does nothing where nothing is asked for', async () => {
    const made = await makeTask('PushT-v0');
    const scheme = controlSchemeOf(made);
    const { observation } = made.env.reset({ seed: 3 });
    scheme.begin();
    const [x, y] = scheme.act(null, observation);
    expect(x).toBe(observation[0]);
    expect(y).toBe(observation[1]);
    for (let t = 0; t < 5; t++) made.env.step(scheme.act(null, observation));
    expect(made.env.step(scheme.act(null, observation)).observation[0]).toBeCloseTo(x ?? 0, 6);
    made.env.close();
  });

  it('commands the place itself where that is the action', async () => {
    const made = await makeTask('PushT-v0');
    const scheme = controlSchemeOf(made);
    const { observation } = made.env.reset({ seed: 3 });
    scheme.begin();
    expect(scheme).toMatchObject({ axes: ['x', 'y'], takesPoints: true });
    expect(scheme.act({ kind: 'point', point: [0.3, 9] }, observation)).toEqual(Float32Array.of(0.3, 0.512));
    expect(scheme.commanded(observation)).toEqual([Math.fround(0.3), Math.fround(0.512)]);
    const [x = 0] = scheme.act({ kind: 'velocity', velocity: [-1, 0] }, observation);
    // the workspace in 1.5 s, a step is 0.1 s
    expect(x).toBeCloseTo(0.3 - 0.512 / 15, 5);
    made.env.close();
  });

  it('turns joints by their speeds, not by points', async () => {
    const made = await makeTask('TableTennis-v0');
    const scheme = controlSchemeOf(made);
    expect(scheme).toMatchObject({ axes: ['shoulder', 'elbow', 'wrist'], takesPoints: false });
    const { observation } = made.env.reset({ seed: 0 });
    const action = scheme.act({ kind: 'velocity', velocity: [1, -0.5, 0] }, observation);
    expect([...action]).toEqual([Math.fround(0.16), Math.fround(-0.08), 0]);
    made.env.close();
  });

  it('refuses a task whose actions do not say what they move', () => {
    const refused = () => controlSchemeOf(toyTask(2));
    expect(refused).toThrow(UsageError);
    expect(refused).toThrow(/found: actions choice; observations context/);
  });
});
