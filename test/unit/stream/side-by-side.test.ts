import { describe, expect, it } from 'vitest';
import { createFrame, NONE, ROLLOUT_STATUS, setGate } from '../../../src/stream/frame.ts';
import { joinFrames, layOut } from '../../../src/stream/side-by-side.ts';
import { avoidingScene } from './fixtures.ts';

describe('tables side by side', () => {
  it.each([
    [2, 2, 1],
    [3, 3, 1],
    [4, 2, 2],
  ])('%i of them lie in %i columns and %i rows and do not overlap', (tables, columns, rows) => {
    const { bounds, origins, scene } = layOut(avoidingScene, tables);
    expect(origins[0]).toEqual([0, 0]);
    expect(new Set(origins.map(([x]) => x)).size).toBe(columns);
    expect(new Set(origins.map(([, y]) => y)).size).toBe(rows);
    bounds.forEach(([minX, minY, maxX, maxY], one) => {
      expect(minX).toBeGreaterThanOrEqual(scene.bounds[0]);
      expect(minY).toBeGreaterThanOrEqual(scene.bounds[1]);
      expect(maxX).toBeLessThanOrEqual(scene.bounds[2]);
      expect(maxY).toBeLessThanOrEqual(scene.bounds[3]);
      for (const other of bounds.slice(one + 1)) {
        const beside = other[0] > maxX || other[2] < minX;
        expect(beside || other[1] > maxY || other[3] < minY).toBe(true);
      }
    });
    const fixed = avoidingScene.parts.filter((part) => part.poseIndex === undefined);
    expect(scene.parts).toHaveLength(tables * fixed.length + avoidingScene.movingParts);
    expect(scene.movingParts).toBe(avoidingScene.movingParts);
    const names = scene.parts.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('have a slab each, also where the task has no table of its own', () => {
    const parts = avoidingScene.parts.filter(({ role }) => role !== 'table');
    const { scene } = layOut({ ...avoidingScene, parts }, 3);
    expect(scene.parts.filter(({ role }) => role === 'table')).toHaveLength(3);
  });

  it('show every policy on its own, with its own experts and gate', () => {
    const first = createFrame(2, 1, 1);
    const second = createFrame(2, 1, 3);
    first.timeSeconds = 1.5;
    first.poses.set([0.5, 0.1, 0.2, 0.6, 0.2, 0.4]);
    second.poses.set([0.4, 0.3, 0.1, 0.7, 0.4, 0.3]);
    first.mode.set([3, NONE]);
    second.mode.set([NONE, 5]);
    second.status[1] = ROLLOUT_STATUS.success;
    setGate(first, 0, Float32Array.of(0, 1));
    setGate(second, 1, Float32Array.of(0.2, 0.2, 0.6));
    const joined = createFrame(4, 1, 3);
    // nothing of an earlier frame is left
    joined.gateComponent.fill(7);
    joinFrames(
      joined,
      [first, second],
      [
        [0, 0],
        [1, -2],
      ],
    );
    expect(joined.timeSeconds).toBe(1.5);
    const poses = [0.5, 0.1, 0.2, 0.6, 0.2, 0.4, 1.4, -1.7, 0.1, 1.7, -1.6, 0.3];
    [...joined.poses].forEach((value, i) => {
      expect(value).toBeCloseTo(poses[i] ?? 0, 6);
    });
    expect([...joined.mode]).toEqual([3, NONE, NONE, 5]);
    expect([...joined.status]).toEqual([0, 0, 0, ROLLOUT_STATUS.success]);
    expect([...joined.preferred]).toEqual([1, NONE, NONE, 2]);
    expect([...joined.gateComponent.subarray(0, 6)]).toEqual([1, NONE, NONE, NONE, NONE, NONE]);
    expect(joined.gateComponent[9]).toBe(2);
    expect(joined.gateProbability[9]).toBe(153);
  });
});
