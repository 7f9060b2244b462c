import type { TrainingData } from '../../../src/data/training-data.ts';
import { Rng } from '../../../src/random.ts';

/**
 * Demonstrations that walk upwards and drift to one of several sides from the first step on; the observation is the
 * position.
 *
 * @param episodes - spread evenly over the modes.
 */
export function branchingData(episodes: number, modes: number, steps = 20): TrainingData {
  const rng = Rng.fromSeed(0).fork('branching');
  const observations: number[] = [];
  const actions: number[] = [];
  const episodeStarts = [0];
  for (let episode = 0; episode < episodes; episode++) {
    const side = ((episode % modes) - (modes - 1) / 2) * 0.1;
    let [x, y] = [0, 0];
    for (let t = 0; t < steps; t++) {
      const action = [side + rng.normal(0, 0.003), 0.1];
      observations.push(x, y);
      actions.push(...action);
      x += action[0] as number;
      y += action[1] as number;
    }
    episodeStarts.push(observations.length / 2);
  }
  return {
    observations: Float32Array.from(observations),
    actions: Float32Array.from(actions),
    observationSize: 2,
    actionSize: 2,
    episodeStarts: Int32Array.from(episodeStarts),
    modes: Int32Array.from({ length: episodes }, (_, episode) => episode % modes),
    envId: 'Branching-v0',
  };
}

/**
 * One-dimensional demonstrations of one step each, in pairs of the same observation: the action is +o in one and -o
 * in the other. Their average is 0 everywhere.
 */
export function twoBranches(samples = 80): TrainingData {
  const rng = Rng.fromSeed(0).fork('branches');
  const pairs = Float32Array.from({ length: samples / 2 }, () => rng.uniform(1, 2));
  const observations = Float32Array.from({ length: samples }, (_, i) => pairs[i >> 1] as number);
  const actions = observations.map((o, i) => (i % 2 === 0 ? o : -o) + rng.normal(0, 0.01));
  return {
    observations,
    actions,
    observationSize: 1,
    actionSize: 1,
    episodeStarts: Int32Array.from({ length: samples + 1 }, (_, i) => i),
    modes: Int32Array.from({ length: samples }, (_, i) => i % 2),
    envId: 'TwoBranches-v0',
  };
}
