import { describe, expect, it } from 'vitest';
import { createFrame, ROLLOUT_STATUS } from '../../../src/stream/frame.ts';
import { Trails } from '../../../viewer/src/trails.ts';
import { avoidingScene } from '../stream/fixtures.ts';

/** Pushes one rollout through given steps: step, x, y, and whether another episode begins there. */
function draw(trails: Trails, steps: readonly (readonly [number, number, number])[], episode = 0): void {
  const frame = createFrame(1, 1);
  frame.episode[0] = episode;
  for (const [step, x, y] of steps) {
    frame.timeSeconds += 0.035;
    frame.step[0] = step;
    frame.poses.set([x, y, 0]);
    trails.push(frame);
  }
}

/** Lengths of the stretches that are drawn, metres. */
function lengths(trails: Trails): number[] {
  const corners = trails.mesh.geometry.getAttribute('startPoints');
  const ends = trails.mesh.geometry.getAttribute('endPoints');
  const count = trails.mesh.geometry.drawRange.count / 6;
  return Array.from({ length: count }, (_, i) =>
    Math.hypot(ends.getX(4 * i) - corners.getZ(4 * i), ends.getY(4 * i) - corners.getW(4 * i)),
  );
}

function newTrails(): Trails {
  const trails = new Trails();
  trails.setScene(avoidingScene);
  return trails;
}

describe('trails', () => {
  it('follow the rollout one step behind, and to its end when it finishes', () => {
    const trails = newTrails();
    const frame = createFrame(1, 1);
    for (let step = 0; step <= 10; step++) {
      frame.timeSeconds = 0.035 * step;
      frame.step[0] = step;
      frame.poses.set([0.5, 0.01 * step, 0]);
      if (step === 10) frame.status[0] = ROLLOUT_STATUS.success;
      trails.push(frame);
    }
    const drawn = lengths(trails);
    expect(drawn).toHaveLength(10);
    for (const length of drawn) expect(length).toBeCloseTo(0.01, 6);
    // it stays where it is until the next episode begins
    frame.timeSeconds += 0.035;
    trails.push(frame);
    expect(lengths(trails)).toHaveLength(10);
  });

  it('do not connect two episodes', () => {
    const trails = newTrails();
    const frame = createFrame(1, 1);
    for (const [episode, step, y] of [
      [0, 1, 0.1],
      [0, 2, 0.11],
      [0, 3, 0.12],
      [1, 1, -0.28],
      [1, 2, -0.27],
      [1, 3, -0.26],
    ] as const) {
      frame.timeSeconds += 0.035;
      frame.episode[0] = episode;
      frame.step[0] = step;
      frame.poses.set([0.5, y, 0]);
      trails.push(frame);
    }
    expect(Math.max(...lengths(trails))).toBeLessThan(0.02);
  });

  it('have a gap where frames were left out, not a way that was never taken', () => {
    const trails = newTrails();
    draw(trails, [
      [1, 0.5, 0],
      [2, 0.5, 0.01],
      [3, 0.5, 0.02],
      [40, 0.7, 0.3],
      [41, 0.7, 0.31],
      [42, 0.7, 0.32],
    ]);
    expect(Math.max(...lengths(trails))).toBeLessThan(0.02);
    expect(lengths(trails)).toHaveLength(3);
  });

  it('begin anew when time does', () => {
    const trails = newTrails();
    draw(trails, [
      [1, 0.5, 0],
      [2, 0.5, 0.01],
      [3, 0.5, 0.02],
    ]);
    expect(lengths(trails)).toHaveLength(1);
    draw(trails, [[1, 0.5, 0.3]]);
    expect(lengths(trails)).toHaveLength(0);
  });

  it('overwrite the oldest when there is no room left', () => {
    const trails = newTrails();
    const frame = createFrame(400, 1);
    for (let step = 0; step < 300; step++) {
      frame.timeSeconds += 0.035;
      frame.step.fill(step);
      for (let rollout = 0; rollout < 400; rollout++)
        frame.poses.set([0.001 * rollout, 0.01 * step, 0], 3 * rollout);
      trails.push(frame);
    }
    const drawn = lengths(trails);
    expect(drawn.length).toBeLessThan(400 * 298);
    expect(Math.max(...drawn)).toBeCloseTo(0.01, 5);
    expect(Math.min(...drawn)).toBeCloseTo(0.01, 5);
  });
});
