import { resolveKwargs } from '../../src/gym/kwargs.ts';
import type { EnvFactory, EnvKwargs } from '../../src/gym/registry.ts';
import { loadPhysics } from '../../src/physics/planar-world.ts';
import type { Rng } from '../../src/random.ts';
import { ContextList } from '../table/contexts.ts';
import { d3ilControl } from '../table/control.ts';
import { blockMassKg, blockSide } from '../table/mechanics.ts';
import { checkYawForm, rodAndBlocks } from '../table/observation.ts';
import type { Start, TableRules } from '../table/table-rules.ts';
import { TableTask } from '../table/table-task.ts';
import { modeNames, pushingJudge } from './judge.ts';
import { blocks, contextCount, holdSteps, rodStart, targetHalfSide } from './layout.ts';

/** Arguments of the environment; see README.md, section Arguments. */
export interface PushingKwargs {
  /** Evaluation contexts, at most 60: the first ones of the list. */
  readonly contexts: number;
  /** How yaw is observed: `sincos` or `tan`. */
  readonly yaw: string;
}

const defaults: PushingKwargs = { contexts: contextCount.evaluation, yaw: 'sincos' };

/** Draws where the blocks lie: their ranges are apart, so that they never overlap. */
function drawStart(rng: Rng): Start {
  const poses = blocks.map(
    ({ startX, startY }) =>
      [rng.uniform(...startX), rng.uniform(...startY), rng.uniform(-Math.PI / 2, Math.PI / 2)] as const,
  );
  return { blocks: poses, targets: [] };
}
const allContexts = new ContextList('Pushing-v0', contextCount.all, drawStart);

/** Puts the rules together. @throws ConfigError when an argument is unknown, of another type or out of range. */
function pushingRules(kwargs: EnvKwargs): TableRules {
  const { contexts, yaw } = resolveKwargs(kwargs, defaults);
  checkYawForm(yaw);
  return {
    control: d3ilControl,
    rodStart,
    blocks,
    blockSide,
    blockMassKg,
    targets: [],
    targetHalfSide,
    marks: blocks.map(({ name, target, targetColor }) => ({
      name: `${name} target`,
      role: 'target',
      shape: { kind: 'box', halfWidth: targetHalfSide, halfDepth: targetHalfSide },
      height: 0,
      poseInWorld: [target.x, target.y, 0],
      color: targetColor,
    })),
    bounds: [0.2, -0.37, 0.85, 0.42],
    observation: rodAndBlocks(
      blocks.map(({ name }) => name),
      yaw,
    ),
    modes: modeNames,
    contexts: allContexts.first(contexts),
    holdSteps,
    successReward: 1,
    drawStart,
    judge: pushingJudge,
  };
}

/** Loads the physics engine and returns the factory of Pushing. */
export async function loadPushing(): Promise<EnvFactory> {
  await loadPhysics();
  return (kwargs, spec) => new TableTask(pushingRules(kwargs), spec);
}
