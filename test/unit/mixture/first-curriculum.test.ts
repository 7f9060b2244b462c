import { describe, expect, it } from 'vitest';
import type { TrainingData } from '../../../src/data/training-data.ts';
import type { Experts } from '../../../src/mixture/experts.ts';
import { firstCurriculum } from '../../../src/mixture/first-curriculum.ts';
import { MixtureProblem } from '../../../src/mixture/mixture-problem.ts';
import { Rng } from '../../../src/random.ts';

const [episodes, length] = [60, 8];

/** Episodes in the plane that turn to the left or to the right, by turns, from starts that differ by far more than that. */
function turns(): TrainingData {
  const rng = Rng.fromSeed(2);
  const observations: number[] = [];
  for (let episode = 0; episode < episodes; episode++) {
    const [x, y] = [rng.normal(0, 5), rng.normal(0, 5)];
    const side = episode % 2 === 0 ? 1 : -1;
    for (let step = 0; step < length; step++) {
      observations.push(x + 0.2 * side * step + rng.normal(0, 0.01), y + step);
    }
  }
  return {
    observations: Float32Array.from(observations),
    actions: new Float32Array(episodes * length).map((_, i) => i % 3),
    observationSize: 2,
    actionSize: 1,
    episodeStarts: Int32Array.from({ length: episodes + 1 }, (_, i) => i * length),
    modes: Int32Array.from({ length: episodes }, (_, i) => i % 2),
    envId: 'Turns-v0',
  };
}

/** Which episodes every component starts on: 1 fixed component and 2 others, the first 10 episodes learned before. */
function startOf(initialization: 'spread' | 'clusters'): number[][] {
  const problem = new MixtureProblem(turns(), { level: 'segment', segmentLength: 4 });
  const experts = { fixed: 1, shape: { networks: 3 } } as unknown as Experts;
  const plan = { experts, firstSeedEpisode: 10, form: 'released', problem, rng: Rng.fromSeed(4) } as const;
  const { components, logWeights, units } = firstCurriculum(plan, initialization);
  expect([components, units]).toEqual([3, 2 * episodes]);
  return [0, 1, 2].map((component) => {
    const own = [...new Array(units).keys()].filter((unit) => logWeights[3 * unit + component] === 0);
    // both segments of an episode, or neither
    const firsts = own.filter((unit) => unit % 2 === 0);
    expect(own).toEqual(firsts.flatMap((unit) => [unit, unit + 1]));
    return firsts.map((unit) => unit / 2);
  });
}

describe('firstCurriculum', () => {
  it('divides the new episodes among the new components by the way they take, wherever they start', () => {
    const [fixed, ...others] = startOf('clusters');
    expect(fixed).toEqual([]);
    const ways = [0, 1].map((side) =>
      [...new Array(episodes).keys()].filter((i) => i >= 10 && i % 2 === side),
    );
    expect(others.sort((a, b) => (a[0] as number) - (b[0] as number))).toEqual(ways);
  });

  it('spreads the new components over new episodes, one each', () => {
    const [fixed, ...others] = startOf('spread');
    expect(fixed).toEqual([]);
    for (const own of others) {
      expect(own).toHaveLength(1);
      expect(own[0]).toBeGreaterThanOrEqual(10);
    }
  });
});
