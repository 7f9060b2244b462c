import type { Seen } from './block-pusher.ts';

/** Reads an observation of rod and blocks, with yaw as sine and cosine. */
export function seeBlocks(observation: Float32Array): Seen {
  const at = (i: number) => observation[i] as number;
  const blocks = Array.from({ length: (observation.length - 4) / 4 }, (_, i) => {
    const first = 4 + 4 * i;
    return { x: at(first), y: at(first + 1), angleRad: Math.atan2(at(first + 2), at(first + 3)) };
  });
  return { rod: { commandedX: at(0), commandedY: at(1), x: at(2), y: at(3) }, blocks };
}
