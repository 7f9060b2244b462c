import { resolveKwargs } from '../../src/gym/kwargs.ts';
import type { EnvFactory } from '../../src/gym/registry.ts';
import { loadPhysics } from '../../src/physics/planar-world.ts';
import { d3ilControl } from '../table/control.ts';
import { blockMassKg, blockSide } from '../table/mechanics.ts';
import { rodAndBlocks } from '../table/observation.ts';
import type { Judge, TableRules, TableState } from '../table/table-rules.ts';
import { TableTask } from '../table/table-task.ts';
import { decisionY, goal, goalRadius, start } from './layout.ts';

/** Watches on which side of the straight line the rod passes half-way, and whether it arrives. */
class ReachJudge implements Judge {
  readonly credit = 0;
  mode: number | null = null;
  distance = Infinity;

  observe({ rod }: TableState): void {
    if (this.mode === null && rod.y >= decisionY) this.mode = rod.x < goal.x ? 0 : 1;
    const dx = rod.x - goal.x;
    const dy = rod.y - goal.y;
    this.distance = Math.max(0, Math.sqrt(dx * dx + dy * dy) - goalRadius);
  }

  get solved(): boolean {
    return this.distance === 0;
  }
}

const rules: TableRules = {
  control: d3ilControl,
  rodStart: start,
  blocks: [],
  blockSide,
  blockMassKg,
  targets: [],
  targetHalfSide: 0,
  marks: [
    {
      name: 'goal',
      role: 'target',
      shape: { kind: 'disc', radius: goalRadius },
      height: 0,
      poseInWorld: [goal.x, goal.y, 0],
    },
  ],
  bounds: [0.2, -0.3, 0.8, 0.3],
  observation: rodAndBlocks([], 'sincos'),
  modes: ['left', 'right'],
  contexts: [{ name: 'fixed start', options: {} }],
  holdSteps: 1,
  successReward: 1,
  drawStart: () => ({ blocks: [], targets: [] }),
  judge: () => new ReachJudge(),
};

/** Loads the physics engine and returns the factory of Reach, which takes no arguments. */
export async function loadReach(): Promise<EnvFactory> {
  await loadPhysics();
  return (kwargs, spec) => {
    resolveKwargs(kwargs, {});
    return new TableTask(rules, spec);
  };
}
