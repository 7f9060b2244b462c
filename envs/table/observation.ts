import { ConfigError } from '../../src/errors.ts';
import { didYouMean } from '../../src/nearest-name.ts';
import { lag, table } from './mechanics.ts';
import type { ObservationLayout } from './table-rules.ts';

const [minX, minY, maxX, maxY] = table;
/** How far beyond the table a block can be pushed: by the rod's lag, and by other blocks in between. */
const blockMargin = 0.5;

const yawForms = ['sincos', 'tan'] as const;
/**
 * How the yaw of a block is observed: as sine and cosine, or as its tangent, which is what D3IL observes and which
 * jumps between infinities where the yaw passes a quarter turn.
 */
export type YawForm = (typeof yawForms)[number];

/** Requires a known form of yaw. @throws ConfigError */
export function checkYawForm(form: string): asserts form is YawForm {
  if ((yawForms as readonly string[]).includes(form)) return;
  throw new ConfigError({
    what: 'The form in which yaw is observed is unknown',
    where: 'kwargs.yaw',
    found: `'${form}'`,
    remedy: didYouMean(form, yawForms),
  });
}

/**
 * Lays out what D3IL's tasks observe: commanded and measured position of the rod, then of every block its position
 * and yaw.
 */
export function rodAndBlocks(blockNames: readonly string[], yaw: YawForm): ObservationLayout {
  const yawNames = yaw === 'tan' ? ['tan_yaw'] : ['sin_yaw', 'cos_yaw'];
  const yawBound = yaw === 'tan' ? [Infinity] : [1, 1];
  const perBlock = 2 + yawNames.length;
  return {
    names: [
      ...['commanded_x', 'commanded_y', 'measured_x', 'measured_y'],
      ...blockNames.flatMap((name) =>
        ['x', 'y', ...yawNames].map((part) => `${name.replaceAll(' ', '_')}_${part}`),
      ),
    ],
    low: [
      ...[minX, minY, minX - lag, minY - lag],
      ...blockNames.flatMap(() => [minX - blockMargin, minY - blockMargin, ...yawBound.map((b) => -b)]),
    ],
    high: [
      ...[maxX, maxY, maxX + lag, maxY + lag],
      ...blockNames.flatMap(() => [maxX + blockMargin, maxY + blockMargin, ...yawBound]),
    ],
    write({ blocks, commanded, rod }, target) {
      target[0] = commanded[0] ?? 0;
      target[1] = commanded[1] ?? 0;
      target[2] = rod.x;
      target[3] = rod.y;
      for (let i = 0; i < blocks.length; i++) {
        const at = 4 + perBlock * i;
        const { angleRad = 0, x = 0, y = 0 } = blocks[i] ?? {};
        target[at] = x;
        target[at + 1] = y;
        target[at + 2] = yaw === 'tan' ? Math.tan(angleRad) : Math.sin(angleRad);
        if (yaw === 'sincos') target[at + 3] = Math.cos(angleRad);
      }
    },
  };
}
