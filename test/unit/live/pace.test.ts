import { describe, expect, it } from 'vitest';
import { Pace } from '../../../src/live/pace.ts';

describe('Pace', () => {
  it('has steps follow each other by their length, whenever they were noticed', () => {
    const pace = new Pace(1000);
    expect(pace.wait(1000)).toBe(0);
    pace.stepped(1004, 35);
    expect(pace.wait(1004)).toBe(31);
    pace.stepped(1036, 35);
    expect(pace.wait(1036)).toBe(34);
  });

  it('catches up with what it missed, but not with everything', () => {
    const pace = new Pace(0);
    pace.stepped(100, 10);
    expect(pace.wait(100)).toBe(0);
    pace.stepped(5000, 10);
    let steps = 0;
    while (pace.wait(5000) === 0) {
      pace.stepped(5000, 10);
      steps++;
    }
    expect(steps).toBeGreaterThan(1);
    expect(steps).toBeLessThan(30);
  });

  it('lets a pause pass without steps to catch up with', () => {
    const pace = new Pace(0);
    pace.resume(9000);
    pace.stepped(9000, 10);
    expect(pace.wait(9000)).toBe(10);
  });

  it('shows no more frames than a screen does, and scores less often', () => {
    const pace = new Pace(0);
    let [frames, scores] = [0, 0];
    for (let now = 0; now < 1000; now++) {
      if (pace.isFrameDue(now)) frames++;
      if (pace.isScoreDue(now)) scores++;
    }
    expect(frames).toBe(67);
    expect(scores).toBe(2);
  });
});
