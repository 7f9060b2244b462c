import type { Rng } from '../../src/random.ts';
import type { StartOptions } from '../reset-options.ts';
import { drawContexts } from '../table/contexts.ts';
import { table } from '../table/mechanics.ts';
import { readStart } from '../table/start-options.ts';
import type { Pose, Start } from '../table/table-rules.ts';
import type { EvaluationContext } from '../task.ts';
import { boxStart, contextCount, targetStart } from './layout.ts';

/** Draws where box and target lie. */
export function drawStart(rng: Rng): Start {
  const draw = ({ x, y }: typeof boxStart | typeof targetStart): Pose => [
    rng.uniform(...x),
    rng.uniform(...y),
    rng.uniform(-Math.PI / 2, Math.PI / 2),
  ];
  return { blocks: [draw(boxStart)], targets: [draw(targetStart)] };
}

/** Reads the start that `reset` was asked for: `blocks` and `targets`, one pose each; null when none was. @throws UsageError */
export function readAligningStart(options: StartOptions | undefined): Start | null {
  return readStart(options, {
    blocks: [{ name: 'box', color: '' }],
    targets: [{ name: 'target', color: '' }],
    control: { workspace: table },
  });
}

/** The fixed starts of the evaluation. */
export const contexts: readonly EvaluationContext[] = drawContexts('Aligning-v0', contextCount, drawStart);
