import type { ObservationLayout, TableState } from '../table/table-rules.ts';
import { control } from './layout.ts';

/** How yaw can be observed: as sine and cosine, or as an angle within half a turn to either side, which jumps. */
export const yawForms = ['sincos', 'angle'] as const;

/** How far beyond the workspace things can be. */
const margin = 0.4;

/**
 * Lays out what IBC and BeT observe: position and yaw of both blocks, measured and commanded position of the rod,
 * position and yaw of both targets.
 */
export function blockPushObservation(yaw: (typeof yawForms)[number]): ObservationLayout {
  const [minX, minY, maxX, maxY] = control.workspace;
  const yawNames = yaw === 'angle' ? ['yaw'] : ['sin_yaw', 'cos_yaw'];
  const yawBound = yaw === 'angle' ? [Math.fround(Math.PI) * 2] : [1, 1];
  const pose = (name: string) => ['x', 'y', ...yawNames].map((part) => `${name}_${part}`);
  const poseLow = [minX - margin, minY - margin, ...yawBound.map((bound) => -bound)];
  const poseHigh = [maxX + margin, maxY + margin, ...yawBound];
  const twice = (values: readonly number[]) => [...values, ...values];
  let at = 0;
  const writePose = (target: Float32Array, x: number, y: number, angleRad: number) => {
    target[at++] = x;
    target[at++] = y;
    if (yaw === 'angle') target[at++] = angleRad;
    else {
      target[at++] = Math.sin(angleRad);
      target[at++] = Math.cos(angleRad);
    }
  };
  return {
    names: [
      ...pose('block_1'),
      ...pose('block_2'),
      ...['measured_x', 'measured_y', 'commanded_x', 'commanded_y'],
      ...pose('target_1'),
      ...pose('target_2'),
    ],
    low: [...twice(poseLow), minX - margin, minY - margin, minX, minY, ...twice(poseLow)],
    high: [...twice(poseHigh), maxX + margin, maxY + margin, maxX, maxY, ...twice(poseHigh)],
    write({ blocks, commanded, rod, targets }: TableState, target: Float32Array) {
      at = 0;
      for (const { angleRad, x, y } of blocks) writePose(target, x, y, angleRad);
      target[at++] = rod.x;
      target[at++] = rod.y;
      target[at++] = commanded[0] ?? 0;
      target[at++] = commanded[1] ?? 0;
      for (const [x, y, angleRad] of targets) writePose(target, x, y, angleRad);
    },
  };
}
