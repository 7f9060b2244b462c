import { expect, it } from 'vitest';
import { ArmModel } from '../../../demos/arm-model.ts';
import { Avoiding } from '../../../envs/avoiding/env.ts';
import * as layout from '../../../envs/avoiding/layout.ts';
import { loadPhysics } from '../../../src/physics/planar-world.ts';
import { Rng } from '../../../src/random.ts';

it('predicts the simulator to a micrometre while nothing is touched', async () => {
  await loadPhysics();
  const env = new Avoiding();
  let { observation } = env.reset();
  const model = new ArmModel(layout);
  const rng = Rng.fromSeed(2);
  for (let i = 0; i < 100; i++) {
    const dy = i % 20 < 10 ? -0.01 : 0.01;
    const result = env.step(new Float32Array([rng.uniform(-layout.maxDelta, layout.maxDelta), dy]));
    expect(result.terminated).toBe(false);
    observation = result.observation;
    model.step(observation[0] ?? 0, observation[1] ?? 0);
    expect(Math.hypot(model.x - (observation[2] ?? 0), model.y - (observation[3] ?? 0))).toBeLessThan(3e-6);
  }
  env.close();
});
