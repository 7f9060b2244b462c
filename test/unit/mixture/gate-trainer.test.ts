import { expect, it } from 'vitest';
import { gateShape, widenGate } from '../../../src/mixture/gate-trainer.ts';
import { Rng } from '../../../src/random.ts';
import { InferenceMlp } from '../../../src/tensor/inference-mlp.ts';
import { drawMlp } from '../../../src/tensor/mlp-init.ts';

it('a gate over more components starts with the logits that it had', () => {
  const shapeOf = (components: number) =>
    gateShape({ components, gate: { hidden: [6], activation: 'silu' } }, 3);
  const trained = { shape: shapeOf(2), weights: drawMlp(shapeOf(2), Rng.fromSeed(0)) };
  const wide = shapeOf(5);
  const gate = new InferenceMlp(wide, widenGate(trained, wide, Rng.fromSeed(1)));
  const observation = Float32Array.of(0.3, -1, 2);
  const [before, after] = [new Float32Array(2), new Float32Array(5)];
  new InferenceMlp(trained.shape, trained.weights).forward(0, observation, before);
  gate.forward(0, observation, after);
  expect(after.subarray(0, 2)).toEqual(before);
  expect(new Set(after).size).toBe(5);
});
