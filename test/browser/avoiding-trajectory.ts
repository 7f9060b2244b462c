import { avoidingDemonstrator } from '../../demos/avoiding.ts';
import { Avoiding } from '../../envs/avoiding/env.ts';
import { loadPhysics } from '../../src/physics/planar-world.ts';
import { Rng } from '../../src/random.ts';

/**
 * Runs demonstrations of six modes and four episodes of random actions that end in contacts, and writes down the state
 * hash and the bits of the observation after every step. Runs unchanged in Node, in a worker and in a browser.
 */
export async function trajectories(): Promise<string[]> {
  await loadPhysics();
  const lines: string[] = [];
  const write = (env: Avoiding, observation: Float32Array) => {
    const bits = new Uint32Array(observation.slice().buffer);
    lines.push(`${env.stateHash()} ${[...bits].join(' ')}`);
  };
  const env = new Avoiding(avoidingDemonstrator.envKwargs);
  for (const mode of [0, 5, 10, 13, 18, 23]) {
    let { observation } = env.reset({ seed: mode });
    const rng = Rng.fromSeed(11).fork(mode);
    const pilot = avoidingDemonstrator.begin({ task: env, mode, rng, trunk: 1 });
    for (let action = pilot.act(observation); action !== null; action = pilot.act(observation)) {
      observation = env.step(action).observation;
      write(env, observation);
    }
  }
  for (const seed of [0, 1, 2, 3]) {
    env.reset({ seed });
    const rng = Rng.fromSeed(seed);
    // on and on after the first contact, pressed against what was hit
    for (let i = 0; i < 100; i++) {
      const action = new Float32Array([rng.uniform(-0.0125, 0.0125), rng.uniform(-0.002, 0.0125)]);
      write(env, env.step(action).observation);
    }
  }
  env.close();
  return lines;
}
