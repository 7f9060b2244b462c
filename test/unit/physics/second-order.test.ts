import { describe, expect, it } from 'vitest';
import { SampledResponse } from '../../../src/physics/second-order.ts';

const response = { naturalFrequency: 10.1, dampingRatio: 0.27 };

/** Positions at control steps under a sequence of commands, from rest at 0. */
function simulate(commands: readonly number[], subSteps: number): number[] {
  const sampled = new SampledResponse(response, { controlSeconds: 0.035, subSteps });
  let position = 0;
  let velocity = 0;
  let before = 0;
  return commands.map((commanded) => {
    velocity += sampled.kick * (commanded - before);
    before = commanded;
    for (let i = 0; i < subSteps; i++) {
      velocity = sampled.nextVelocity(velocity, commanded - position);
      position += sampled.subStepSeconds * velocity;
    }
    return position;
  });
}

describe('SampledResponse', () => {
  const commands = Array.from({ length: 120 }, (_, i) => 0.1 * Math.sin(0.3 * i) + (i > 60 ? 0.05 : 0));

  it('is the identified recurrence at control steps, into however many sub-steps they are divided', () => {
    // the coefficients published for x, to their three decimals: 1.711, -0.824, 0.112
    const decay = Math.exp(-0.27 * 10.1 * 0.035);
    const a1 = 2 * decay * Math.cos(10.1 * Math.sqrt(1 - 0.27 ** 2) * 0.035);
    const a2 = -decay * decay;
    expect([a1, a2, 1 - a1 - a2].map((c) => Math.abs(c))).toEqual([
      expect.closeTo(1.711, 2),
      expect.closeTo(0.824, 2),
      expect.closeTo(0.112, 2),
    ]);
    for (const subSteps of [1, 3, 5, 10]) {
      const positions = simulate(commands, subSteps);
      let before = 0;
      let now = 0;
      for (const [k, commanded] of commands.entries()) {
        [before, now] = [now, a1 * now + a2 * before + (1 - a1 - a2) * commanded];
        expect(positions[k]).toBeCloseTo(now, 6);
      }
    }
  });

  it('overshoots a held command by what the damping ratio says', () => {
    // many control steps per period, so that the peak is not missed
    const sampled = new SampledResponse(response, { controlSeconds: 0.001, subSteps: 1 });
    let position = 0;
    let velocity = sampled.kick;
    let peak = 0;
    for (let i = 0; i < 1000; i++) {
      velocity = sampled.nextVelocity(velocity, 1 - position);
      position += 0.001 * velocity;
      peak = Math.max(peak, position);
    }
    expect(peak - 1).toBeCloseTo(Math.exp((-Math.PI * 0.27) / Math.sqrt(1 - 0.27 ** 2)), 2);
  });

  it('needs no kick where a control step is one sub-step', () => {
    expect(new SampledResponse(response, { controlSeconds: 0.035, subSteps: 1 }).kick).toBeCloseTo(0, 6);
    expect(new SampledResponse(response, { controlSeconds: 0.035, subSteps: 5 }).kick).toBeGreaterThan(0.5);
  });
});
