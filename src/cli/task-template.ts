/** The names that a new task has in its various places. */
export interface TaskNames {
  /** Class names begin with it: `MyTask`. */
  readonly name: string;
  /** `MyTask-v0`. */
  readonly id: string;
  /** `my-task.ts`. */
  readonly file: string;
}

/** Derives id and file name from a name in PascalCase. */
export function taskNames(name: string): TaskNames {
  const kebab = name.replace(/(?<=[a-z0-9])([A-Z])/g, '-$1').toLowerCase();
  return { name, id: `${name}-v0`, file: `${kebab}.ts` };
}

/** Writes the file of a working task: a block is pushed onto the left or onto the right of two targets. */
export function taskTemplate({ file, id, name }: TaskNames): string {
  return `/**
 * ${id}: push a block onto one of two targets.
 *
 *   modewise collect --env ./${file}#${id} --per-mode 20 --out data
 *
 * Metres, seconds and radians; x to the right, y away from the robot. All that differs from other tasks of a rod
 * and blocks is in \`rules\`; the demonstrator at the end shows every way of doing it.
 */
import {
  BlockPusher,
  type DemonstrationRequest,
  d3ilControl,
  defineTask,
  drawContexts,
  drawIdleSteps,
  drawPushStyle,
  type Judge,
  mechanics,
  type Pilot,
  type Rng,
  rodAndBlocks,
  seeBlocks,
  type Start,
  type TableRules,
  type TableState,
  TableTask,
} from 'modewise/task-kit';

const id = '${id}';
const block = { name: 'block', color: '#d1495b' };
const targets = [
  { name: 'left target', x: 0.44, y: 0.1 },
  { name: 'right target', x: 0.56, y: 0.1 },
];
/** The block is on a target when their centres are this close. */
const targetRadius = 0.04;

/** Draws where an episode begins; the environment's seed decides. */
function drawStart(rng: Rng): Start {
  return { blocks: [[rng.uniform(0.49, 0.51), rng.uniform(-0.11, -0.09), 0]], targets: [] };
}

/** Says after every step how the episode stands: solved, how far from it, and in which of the modes. */
class ${name}Judge implements Judge {
  readonly credit = 0;
  mode: number | null = null;
  distance = Infinity;

  observe({ blocks }: TableState): void {
    const { x = 0, y = 0 } = blocks[0] ?? {};
    const away = targets.map((target) => Math.hypot(target.x - x, target.y - y));
    this.distance = Math.max(0, Math.min(...away) - targetRadius);
    this.mode = this.distance > 0 ? null : away.indexOf(Math.min(...away));
  }

  get solved(): boolean {
    return this.distance === 0;
  }
}

const rules: TableRules = {
  control: d3ilControl,
  rodStart: { x: 0.5, y: -0.28 },
  blocks: [block],
  blockSide: mechanics.blockSide,
  blockMassKg: mechanics.blockMassKg,
  targets: [],
  targetHalfSide: 0.05,
  marks: targets.map(({ name, x, y }) => ({
    name,
    role: 'target',
    shape: { kind: 'disc', radius: targetRadius },
    height: 0,
    poseInWorld: [x, y, 0],
  })),
  bounds: [0.2, -0.37, 0.8, 0.3],
  observation: rodAndBlocks([block.name], 'sincos'),
  modes: ['left', 'right'],
  contexts: drawContexts(id, 10, drawStart),
  holdSteps: 1,
  successReward: 1,
  drawStart,
  judge: () => new ${name}Judge(),
};

/** Pushes the block to the target of the mode, in a style drawn anew for every demonstration. */
function demonstrate({ mode, rng, trunk }: DemonstrationRequest): Pilot {
  const pusher = new BlockPusher(mechanics, drawPushStyle(rng));
  const aim = targets[mode] ?? { x: 0, y: 0 };
  let idle = drawIdleSteps(rng, trunk);
  return {
    act(observation) {
      const seen = seeBlocks(observation);
      const there = pusher.isThere(seen.blocks[0] ?? aim, aim);
      return idle-- > 0 || there ? pusher.rest(seen) : pusher.push(seen, 0, aim);
    },
  };
}

defineTask({
  id,
  description: 'Push a block onto the left or onto the right target',
  maxEpisodeSteps: 250,
  module: import.meta.url,
  create: (spec) => new TableTask(rules, spec),
  demonstrate,
});
`;
}
