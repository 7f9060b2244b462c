import { PerspectiveCamera, Vector3 } from 'three';
import { describe, expect, it } from 'vitest';
import { createFrame, setGate } from '../../../src/stream/frame.ts';
import { gateSeries } from '../../../viewer/src/gate-series.ts';
import { nearestRollout } from '../../../viewer/src/picking.ts';
import { avoidingScene } from '../stream/fixtures.ts';

describe('the gate over an episode', () => {
  it('lists the components that mattered most, and zero where one was not among the greatest', () => {
    const frames = [
      [0.7, 0.2, 0.1],
      [0.1, 0.3, 0.6],
    ].map((gate, i) => {
      const frame = createFrame(2, 1, 2);
      frame.step[1] = i + 1;
      frame.component[1] = 2 - i;
      setGate(frame, 1, Float32Array.from(gate));
      return frame;
    });
    const unknown = createFrame(2, 1, 2);
    const series = gateSeries([unknown, ...frames], 1);
    expect(series.steps).toEqual([1, 2]);
    expect(series.inForce).toEqual([2, 1]);
    expect(series.components).toEqual([0, 2, 1]);
    const rounded = series.probabilities.map((values) => values.map((value) => Math.round(10 * value) / 10));
    expect(rounded).toEqual([
      [0.7, 0],
      [0, 0.6],
      [0.2, 0.3],
    ]);
    expect(gateSeries([unknown], 1).components).toEqual([]);
  });
});

describe('a click', () => {
  const [width, height] = [800, 600];
  const camera = new PerspectiveCamera(34, width / height, 0.02, 20);
  camera.position.set(0.5, 0.1, 2);
  camera.lookAt(0.5, 0.1, 0);
  camera.updateMatrixWorld(true);
  const frame = createFrame(3, 1);
  frame.poses.set([0.3, 0.1, 0, 0.5, 0.3, 0, 0.7, 0.1, 0]);

  const at = (x: number, y: number, offset: number) => {
    const point = new Vector3(x, y, 0.017).project(camera);
    return nearestRollout(frame, avoidingScene, camera, {
      x: (0.5 + 0.5 * point.x) * width + offset,
      y: (0.5 - 0.5 * point.y) * height,
      width,
      height,
      reach: 10,
    });
  };

  it('means the rollout that is there, or nearly there', () => {
    expect([at(0.3, 0.1, 0), at(0.5, 0.3, 0), at(0.7, 0.1, 0)]).toEqual([0, 1, 2]);
    expect(at(0.7, 0.1, 12)).toBe(2);
    expect(at(0.7, 0.1, 60)).toBeNull();
    expect(at(0.5, -0.2, 0)).toBeNull();
  });
});
