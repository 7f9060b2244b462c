import { describe, expect, it } from 'vitest';
import '../../envs/index.ts';
import { demonstratorFor, type Pilot } from '../../demos/demonstrator.ts';
import { type MadeTask, makeTask } from '../../envs/task.ts';
import { evaluatePolicy } from '../../src/eval/evaluate-policy.ts';
import type { Policy } from '../../src/policies/policy.ts';
import { Rng } from '../../src/random.ts';

/** Plays the scripted demonstrator as a policy, in the mode that `choose` draws for each episode. */
async function demonstratorPolicy({ task }: MadeTask, choose: (rng: Rng) => number): Promise<Policy> {
  const demonstrator = await demonstratorFor('Avoiding-v0');
  let pilot: Pilot | null = null;
  const begin = (seed: number) => {
    const rng = Rng.fromSeed(seed);
    const mode = choose(rng.fork('mode'));
    pilot = demonstrator.begin({ task, mode, rng: rng.fork('pilot'), trunk: 0 });
  };
  return {
    method: 'demonstrator',
    observationSize: task.observationNames.length,
    actionSize: task.actionNames.length,
    reset: ([seed = 0]) => begin(seed),
    restart: (_, seed) => begin(seed),
    act: (observation) => pilot?.act(observation) ?? new Float32Array(task.actionNames.length),
  };
}

const protocol = { envId: 'Avoiding-v0', rollouts: 240, seed: 1 };

describe('the evaluation of Avoiding-v0', () => {
  it('scores a demonstrator that draws its way uniformly at the ceiling', async () => {
    const made = await makeTask('Avoiding-v0');
    const policy = await demonstratorPolicy(made, (rng) => rng.integer(24));
    const result = await evaluatePolicy(policy, made, { ...protocol, demonstrations: new Array(24).fill(4) });
    made.env.close();
    expect(result.success.rate).toBeGreaterThan(0.98);
    expect(result.modes.covered).toBe(24);
    // over 240 draws the entropy has a standard deviation of about 0.004
    expect(Math.abs(result.entropy.value - result.entropy.ceiling)).toBeLessThan(0.015);
    expect(result.klToDemonstrations).toBeCloseTo(1 - result.entropy.value, 10);
  });

  it('scores a demonstrator that knows one way at entropy 0', async () => {
    const made = await makeTask('Avoiding-v0');
    const policy = await demonstratorPolicy(made, () => 5);
    const result = await evaluatePolicy(policy, made, { ...protocol, rollouts: 24 });
    made.env.close();
    expect(result.success.rate).toBeGreaterThan(0.9);
    expect(result.entropy.value).toBe(0);
    expect(result.modes.covered).toBe(1);
  });
});
