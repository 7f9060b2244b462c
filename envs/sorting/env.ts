import { resolveKwargs } from '../../src/gym/kwargs.ts';
import type { EnvFactory, EnvKwargs } from '../../src/gym/registry.ts';
import { loadPhysics } from '../../src/physics/planar-world.ts';
import type { ScenePart } from '../../src/physics/scene.ts';
import type { Rng } from '../../src/random.ts';
import { ContextList } from '../table/contexts.ts';
import { d3ilControl } from '../table/control.ts';
import { blockMassKg, blockSide } from '../table/mechanics.ts';
import { checkYawForm, rodAndBlocks } from '../table/observation.ts';
import { anyOverlap } from '../table/overlap.ts';
import type { Piece, Pose, Start, TableRules } from '../table/table-rules.ts';
import { TableTask } from '../table/table-task.ts';
import { SortingJudge, sortingOrders } from './judge.ts';
import { cellsX, cellsY, contextCount, holdSteps, rodStart, sorts, startGap } from './layout.ts';

/** Arguments of the environments; see README.md, section Arguments. */
export interface SortingKwargs {
  /** Evaluation contexts, at most 600: the first ones of the list. */
  readonly contexts: number;
  /** How yaw is observed: `sincos` or `tan`. */
  readonly yaw: string;
}

const defaults: SortingKwargs = { contexts: contextCount.evaluation, yaw: 'sincos' };

const cells = cellsY.flatMap((y) => cellsX.map((x) => ({ x, y })));

/** Deals the blocks to the six cells, and again until none overlap. */
function drawStart(rng: Rng, count: number): Start {
  for (;;) {
    const dealt = rng.shuffle([...cells]).slice(0, count);
    const blocks = dealt.map(
      ({ x, y }): Pose => [rng.uniform(...x), rng.uniform(...y), rng.uniform(-Math.PI / 2, Math.PI / 2)],
    );
    if (!anyOverlap(blocks, blockSide, startGap)) return { blocks, targets: [] };
  }
}

const boxes: readonly ScenePart[] = sorts.map(({ boxColor, maxX, maxY, minX, minY, name }) => ({
  name: `${name} box`,
  role: 'target',
  shape: { kind: 'box', halfWidth: (maxX - minX) / 2, halfDepth: (maxY - minY) / 2 },
  height: 0,
  poseInWorld: [(minX + maxX) / 2, (minY + maxY) / 2, 0],
  color: boxColor,
}));

function sortingRules(perSort: number, contextList: ContextList, kwargs: EnvKwargs): TableRules {
  const { contexts, yaw } = resolveKwargs(kwargs, defaults);
  checkYawForm(yaw);
  const blocks = sorts.flatMap(({ color, name }) =>
    Array.from({ length: perSort }, (_, i): Piece => ({ name: `${name} ${i + 1}`, color })),
  );
  const draw = (rng: Rng) => drawStart(rng, blocks.length);
  return {
    control: d3ilControl,
    rodStart,
    blocks,
    blockSide,
    blockMassKg,
    targets: [],
    targetHalfSide: 0,
    marks: boxes,
    bounds: [0.2, -0.37, 0.85, 0.47],
    observation: rodAndBlocks(
      blocks.map(({ name }) => name),
      yaw,
    ),
    modes: sortingOrders(perSort),
    contexts: contextList.first(contexts),
    holdSteps,
    successReward: 1,
    drawStart: draw,
    judge: () => new SortingJudge(perSort),
  };
}

/**
 * Loads the physics engine and returns the factory of a Sorting task.
 *
 * @param perSort - blocks of each colour.
 */
export async function loadSorting(perSort: 1 | 2 | 3): Promise<EnvFactory> {
  await loadPhysics();
  const contexts = new ContextList(`Sorting${2 * perSort}-v0`, contextCount.all, (rng) =>
    drawStart(rng, 2 * perSort),
  );
  return (kwargs, spec) => new TableTask(sortingRules(perSort, contexts, kwargs), spec);
}
