import { describe, expect, it } from 'vitest';
import { behaviorEntropy } from '../../src/eval/metrics.ts';
import { resolveConfig } from '../../src/policies/config.ts';
import { findMethod } from '../../src/policies/registry.ts';
import { selectBackend } from '../../src/tensor/backend.ts';
import { branchingData } from '../unit/mixture/toy-data.ts';

const backend = await selectBackend('auto');

/** Learns to branch from the first step on and counts the sides to which 300 kinematic rollouts go. */
async function sides(modes: number, sets: string[]): Promise<number[]> {
  const data = branchingData(8 * modes, modes);
  const method = findMethod('imc');
  const quick = [
    'expert.hidden=[16,16]',
    'expert.stepsPerIteration=150',
    'expert.refineSteps=200',
    'expert.batchSize=256',
  ];
  const config = resolveConfig(method, {
    envId: data.envId,
    sets: [...quick, 'gate.hidden=[32]', 'gate.steps=300', 'gate.batchSize=128', ...sets],
  });
  const { policy: saved } = await method.train(data, config, { seed: 0 });
  const policy = method.load(saved);
  const rollouts = 300;
  policy.reset(Array.from({ length: rollouts }, (_, i) => i));
  const positions = new Float32Array(rollouts * 2);
  for (let t = 0; t < 20; t++) {
    policy.act(positions).forEach((delta, i) => {
      positions[i] = (positions[i] as number) + delta;
    });
  }
  const counts = new Array<number>(modes).fill(0);
  for (let i = 0; i < rollouts; i++) {
    const side = (positions[2 * i] as number) / 2 + (modes - 1) / 2;
    const nearest = Math.round(side);
    if (Math.abs(side - nearest) < 0.25) counts[nearest] = (counts[nearest] ?? 0) + 1;
  }
  return counts;
}

describe(`IMC on ways that part at the first step (${backend.name} backend)`, () => {
  for (const kind of ['independent', 'shared-weights', 'shared-trunk', 'linear']) {
    it(`keeps both of two ways with ${kind} experts`, async () => {
      const counts = await sides(2, ['components=4', `expert.kind=${kind}`]);
      expect(counts.reduce((a, b) => a + b)).toBeGreaterThan(285);
      expect(behaviorEntropy(counts)).toBeGreaterThan(0.95);
    });
  }

  it('keeps all of five ways, in either form', async () => {
    for (const form of ['paper', 'released']) {
      const counts = await sides(5, ['components=10', `form=${form}`]);
      expect(counts.reduce((a, b) => a + b)).toBeGreaterThan(285);
      expect(behaviorEntropy(counts)).toBeGreaterThan(0.93);
    }
  });

  it('averages the ways when it is asked for maximum likelihood with one component', async () => {
    const counts = await sides(2, ['components=1', 'eta=1000000000', 'initialization=random']);
    expect(counts).toEqual([0, 0]);
  });
});
