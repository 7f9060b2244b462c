import { ConfigError } from '../../src/errors.ts';
import { resolveKwargs } from '../../src/gym/kwargs.ts';
import type { EnvFactory, EnvKwargs } from '../../src/gym/registry.ts';
import { didYouMean } from '../../src/nearest-name.ts';
import { loadPhysics } from '../../src/physics/planar-world.ts';
import type { Rng } from '../../src/random.ts';
import { drawContexts } from '../table/contexts.ts';
import type { Pose, Start, TableRules } from '../table/table-rules.ts';
import { TableTask } from '../table/table-task.ts';
import { BlockPushJudge } from './judge.ts';
import * as layout from './layout.ts';
import { blockPushObservation, yawForms } from './observation.ts';

/** Arguments of the environment; see README.md, section Arguments. */
export interface BlockPushKwargs {
  /** Distance at which a block counts as in a target, metres. */
  readonly tolerance: number;
  /** How yaw is observed: `sincos` or `angle`. */
  readonly yaw: string;
}

const defaults: BlockPushKwargs = { tolerance: layout.tolerance, yaw: 'sincos' };

/**
 * Names of the four modes, in mode order, which is that of IBC's oracle: `b1t1-b2t2` is the first block into the first target,
 * then the second into the second.
 */
const modeNames: readonly string[] = ['b1t1-b2t2', 'b1t2-b2t1', 'b2t1-b1t2', 'b2t2-b1t1'];

function drawStart(rng: Rng): Start {
  const { apartX, spreadX, spreadY, x, y } = layout.blockStart;
  const drawBlock = (): Pose => [
    x + rng.uniform(-spreadX, spreadX),
    y + rng.uniform(-spreadY, spreadY),
    rng.uniform(0, Math.PI),
  ];
  const first = drawBlock();
  let second = drawBlock();
  while (Math.abs(second[0] - first[0]) <= apartX) second = drawBlock();
  const target = layout.targetStart;
  const side = rng.uniform() < 0.5 ? -1 : 1;
  const targets = [side, -side].map(
    (sign): Pose => [
      target.x + sign * target.sideX + rng.uniform(-target.spreadX, target.spreadX),
      target.y + rng.uniform(-target.spreadY, target.spreadY),
      Math.PI + rng.uniform(-target.spreadYaw, target.spreadYaw),
    ],
  );
  return { blocks: [first, second], targets };
}

const contexts = drawContexts('BlockPush-v0', layout.contextCount, drawStart);

/** Puts the rules together. @throws ConfigError when an argument is unknown, of another type or out of range. */
function blockPushRules(kwargs: EnvKwargs): TableRules {
  const { tolerance, yaw } = resolveKwargs(kwargs, defaults);
  const yawForm = yawForms.find((form) => form === yaw);
  if (yawForm === undefined) {
    throw new ConfigError({
      what: 'The form in which yaw is observed is unknown',
      where: 'kwargs.yaw',
      found: `'${yaw}'`,
      remedy: didYouMean(yaw, yawForms),
    });
  }
  if (!(tolerance > 0 && tolerance <= 0.1)) {
    throw new ConfigError({
      what: 'The tolerance is out of range',
      where: 'kwargs.tolerance',
      found: String(tolerance),
      expected: 'metres, above 0 and at most 0.1: targets are 0.23 apart',
    });
  }
  return {
    control: layout.control,
    rodStart: layout.rodStart,
    blocks: [
      { name: 'block 1', color: '#d1495b' },
      { name: 'block 2', color: '#3a9d5d' },
    ],
    blockSide: layout.block.side,
    blockMassKg: layout.block.massKg,
    targets: [
      { name: 'target 1', color: '#f3d9a8' },
      { name: 'target 2', color: '#bcd9ec' },
    ],
    targetHalfSide: layout.targetHalfSide,
    marks: [],
    bounds: [0.1, -0.5, 0.75, 0.35],
    observation: blockPushObservation(yawForm),
    modes: modeNames,
    contexts,
    holdSteps: layout.holdSteps,
    successReward: layout.rewards.success,
    drawStart,
    metrics: BlockPushJudge.metrics,
    judge: () => new BlockPushJudge(tolerance),
  };
}

/** Loads the physics engine and returns the factory of BlockPush. */
export async function loadBlockPush(): Promise<EnvFactory> {
  await loadPhysics();
  return (kwargs, spec) => new TableTask(blockPushRules(kwargs), spec);
}
