import type { TrainingData } from '../../src/data/training-data.ts';
import type { Rng } from '../../src/random.ts';

/**
 * Draws demonstrations that part three times, as around three rows of obstacles: 24 ways (2 · 3 · 4), of 76 steps each.
 * Observations are the commanded and the lagging position [x, y, x, y] in metres, actions the change of the command.
 *
 * @param perWay - demonstrations per way; 4 gives N = 7296.
 */
export function branchingData(perWay: number, rng: Rng): TrainingData {
  const steps = 76;
  const episodes = 24 * perWay;
  const observations = new Float32Array(episodes * steps * 4);
  const actions = new Float32Array(episodes * steps * 2);
  const modes = new Int32Array(episodes);
  for (let episode = 0; episode < episodes; episode++) {
    const way = episode % 24;
    modes[episode] = way;
    const lanes = [(way % 2) - 0.5, (Math.floor(way / 2) % 3) - 1, Math.floor(way / 6) - 1.5];
    const targets = lanes.map((lane) => lane * 0.12 + rng.normal(0, 0.008));
    let [x, y, lagX, lagY] = [0.5 + rng.normal(0, 0.002), -0.1, 0.5, -0.1];
    for (let step = 0; step < steps; step++) {
      const row = episode * steps + step;
      const target = 0.5 + (targets[Math.min(2, Math.floor(step / 25))] as number);
      const dx = step < 7 ? 0 : Math.max(-0.0125, Math.min(0.0125, 0.3 * (target - x))) + rng.normal(0, 4e-4);
      const dy = 0.006 + rng.normal(0, 4e-4);
      observations.set([x, y, lagX, lagY], row * 4);
      actions.set([dx, dy], row * 2);
      x += dx;
      y += dy;
      lagX += 0.27 * (x - lagX);
      lagY += 0.27 * (y - lagY);
    }
  }
  const episodeStarts = Int32Array.from({ length: episodes + 1 }, (_, episode) => episode * steps);
  return {
    observations,
    actions,
    observationSize: 4,
    actionSize: 2,
    episodeStarts,
    modes,
    envId: 'branching',
  };
}
