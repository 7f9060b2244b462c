import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { diffusionSchema } from '../../../src/policies/diffusion-config.ts';
import { makeDiffusionLearner } from '../../../src/policies/diffusion-learner.ts';
import { makeDiffusionPlanner } from '../../../src/policies/diffusion-planner.ts';
import { cosineSchedule } from '../../../src/policies/diffusion-schedule.ts';
import { Rng } from '../../../src/random.ts';
import { tf } from '../../../src/tensor/tf.ts';
import { NormalizedData } from '../../../src/training/normalized-data.ts';
import { branchingData } from '../mixture/toy-data.ts';

await tf.setBackend('cpu');

const problem = new NormalizedData(branchingData(4, 2, 6));
const schema = diffusionSchema({ denoiser: 'mlp', sampler: 'ddim', diffusionSteps: 1 });

describe('the two forms of a denoiser', () => {
  it.each(['mlp', 'transformer'] as const)('compute the same: %s', async (denoiser) => {
    const config = schema.parse({
      ...{ denoiser, prediction: 'sample', chunk: 3, history: 2 },
      mlp: { hidden: [8, 8, 8] },
      transformer: { layers: 1, heads: 2, width: 8 },
    } satisfies z.input<typeof schema>);
    const sizes = { observationSize: 2, actionSize: 2 };
    const learner = makeDiffusionLearner({ problem, sizes, config, rng: Rng.fromSeed(1) });
    // with one step and the sample predicted, a plan is what the network answers to pure noise
    const weights = await learner.network.toArrays();
    const bound = Float32Array.of(100, 100);
    const planner = makeDiffusionPlanner({
      ...{ config, ...sizes, weights, constants: {} },
      ...{ low: bound.map((value) => -value), high: bound },
    });
    const histories = Float32Array.of(0.3, -1.2, 0.9, 0.4, 2, 1, -0.5, 0.1);
    const target = new Float32Array(12);
    const streams = [Rng.fromSeed(4), Rng.fromSeed(5)];
    planner.plan(
      histories,
      streams.map((stream) => ({ stream, kept: undefined, seen: 2 })),
      target,
    );
    // noise that brings the learner to the same noisy chunks: then its network must answer with these plans
    const alphaBar = cosineSchedule(1)[1] as number;
    const started = [Rng.fromSeed(4), Rng.fromSeed(5)].flatMap((rng) =>
      Array.from({ length: 6 }, () => rng.normal()),
    );
    const noise = started.map(
      (value, i) => (value - Math.sqrt(alphaBar) * (target[i] as number)) / Math.sqrt(1 - alphaBar),
    );
    let at = 0;
    const draws = { integer: () => 0, normal: () => noise[at++] as number };
    const loss = tf.tidy(() =>
      learner.loss(
        {
          observations: tf.tensor3d(histories, [2, 2, 2]),
          actions: tf.tensor3d(target, [2, 3, 2]),
          mask: tf.ones([2, 3]),
        },
        draws as unknown as Rng,
        { training: false, progress: 1 },
      ),
    );
    const [value] = await loss.data();
    loss.dispose();
    learner.network.dispose();
    expect(value).toBeLessThan(1e-10);
  });
});
