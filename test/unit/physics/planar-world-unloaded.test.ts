import { expect, it } from 'vitest';
import { Avoiding } from '../../../envs/avoiding/env.ts';
import { ModewiseError } from '../../../src/errors.ts';
import { loadPhysics, PlanarWorld } from '../../../src/physics/planar-world.ts';

it('says that the engine must be loaded first, and is usable once it is', async () => {
  const options = { subStepSeconds: 0.007, lengthUnit: 0.02 };
  expect(() => new PlanarWorld(options)).toThrow(ModewiseError);
  expect(() => new Avoiding().reset()).toThrow(/await loadPhysics\(\)/);
  await Promise.all([loadPhysics(), loadPhysics()]);
  expect(() => new PlanarWorld(options).dispose()).not.toThrow();
});
