import { UsageError } from '../../src/errors.ts';
import { checkAction } from '../../src/gym/check-action.ts';
import type {
  EnvMetadata,
  Info,
  ResetOptions,
  ResetResult,
  StepResult,
  StepTarget,
} from '../../src/gym/env.ts';
import { resolveKwargs } from '../../src/gym/kwargs.ts';
import type { EnvFactory, EnvSpec } from '../../src/gym/registry.ts';
import { EnvRandomness } from '../../src/gym/seeding.ts';
import { Box } from '../../src/gym/spaces/box.ts';
import { didYouMean } from '../../src/nearest-name.ts';
import { type Body, loadPhysics, PlanarWorld } from '../../src/physics/planar-world.ts';
import type { Scene } from '../../src/physics/scene.ts';
import { Rng } from '../../src/random.ts';
import { sceneRenderModes } from '../../src/render/modes.ts';
import { contextSeed } from '../table/contexts.ts';
import type { BehaviorDescriptor, EpisodeOutcome, EvaluationContext, Task } from '../task.ts';
import { areas, coverage, outline, parts } from './block.ts';
import * as layout from './layout.ts';

const id = 'PushT-v0';
const { goal, neededCoverage, pusherRadius, side, subSteps, controlSeconds } = layout;

/** Names of the modes: the side of the stem on which the pusher touches the block first. */
export const modeNames: readonly string[] = ['left', 'right'];

/** How an episode begins: centre of the pusher, and pose of the block with its origin at the centre of mass. */
export interface PushTStart {
  readonly pusher: readonly [number, number];
  readonly block: readonly [number, number, number];
}

/** Farthest that the pusher can be from the block while it touches, metres. */
const reach = 0.12;

/** Draws a start; the pusher is drawn again until it is clear of the block. */
function drawStart(rng: Rng): PushTStart {
  const { block, pusher } = layout.start;
  const pose = [rng.uniform(...block), rng.uniform(...block), rng.uniform(-Math.PI, Math.PI)] as const;
  for (;;) {
    const [x, y] = [rng.uniform(...pusher), rng.uniform(...pusher)];
    if ((x - pose[0]) ** 2 + (y - pose[1]) ** 2 > reach ** 2) return { pusher: [x, y], block: pose };
  }
}

function isNumbers(value: unknown, count: number): value is number[] {
  return Array.isArray(value) && value.length === count && value.every((n) => Number.isFinite(n));
}

/** Reads the start that `reset` was asked for; null when none was. @throws UsageError */
function readStart(options: Readonly<Record<string, unknown>> = {}): PushTStart | null {
  const names = Object.keys(options);
  for (const name of names) {
    if (name === 'pusher' || name === 'block') continue;
    throw new UsageError({
      what: 'reset got an unknown option',
      where: 'reset options',
      found: `'${name}'`,
      remedy: didYouMean(name, ['pusher', 'block']),
    });
  }
  if (names.length === 0) return null;
  const { block, pusher } = options;
  const inside = (n: number) => n >= 0 && n <= side;
  if (isNumbers(pusher, 2) && isNumbers(block, 3) && [...pusher, ...block.slice(0, 2)].every(inside)) {
    return {
      pusher: pusher as unknown as PushTStart['pusher'],
      block: block as unknown as PushTStart['block'],
    };
  }
  throw new UsageError({
    what: 'A start is not possible',
    where: 'reset options',
    found: JSON.stringify(options),
    expected: `pusher [x, y] and block [x, y, angle in radians], places from 0 to ${side}`,
  });
}

const contexts: readonly EvaluationContext[] = Array.from({ length: layout.contextCount }, (_, i) => {
  const { block, pusher } = drawStart(Rng.fromSeed(contextSeed).fork(id).fork('context').fork(i));
  return { name: `context ${i}`, options: { pusher, block } };
});

/** What an episode is made of; built anew at each reset, so that the first equals every other. */
interface Running {
  readonly start: PushTStart;
  readonly world: PlanarWorld;
  readonly pusher: Body;
  readonly block: Body;
  /** 0 left, 1 right; null before the first touch. */
  mode: number | null;
  coverage: number;
  maxCoverage: number;
}

/**
 * PushT-v0: push a T-shaped block onto a mark of its shape, by a round pusher. A port of Diffusion Policy's task; its
 * README.md describes spaces, rules and physics.
 */
export class PushT implements Task {
  readonly observationSpace: Box = new Box({
    low: [0, 0, 0, 0, -1, -1].map((n, i) => (i < 4 ? -0.1 : n)),
    high: [side, side, side, side, 1, 1].map((n, i) => (i < 4 ? n + 0.1 : n)),
  });
  readonly actionSpace: Box = new Box({ low: 0, high: side, shape: [2] });
  readonly metadata: EnvMetadata = { renderModes: sceneRenderModes, renderFps: 1 / controlSeconds };
  readonly spec: EnvSpec | null;
  readonly behavior: BehaviorDescriptor = { modes: modeNames };
  readonly contexts: readonly EvaluationContext[] = contexts;
  readonly dtSeconds: number = controlSeconds;
  readonly observationNames: readonly string[] = [
    ...['pusher_x', 'pusher_y', 'block_x', 'block_y', 'block_sin_yaw', 'block_cos_yaw'],
  ];
  readonly actionNames: readonly string[] = ['target_x', 'target_y'];
  readonly #randomness = new EnvRandomness();
  #running: Running | null = null;

  constructor(spec: EnvSpec | null = null) {
    this.spec = spec;
  }

  get unwrapped(): this {
    return this;
  }

  /** The running episode; before the first reset one that nobody steps. */
  #episode(): Running {
    this.#running ??= build(drawStart(Rng.fromSeed(0)));
    return this.#running;
  }

  /** The task as it is at the start of the running episode. */
  get scene(): Scene {
    return describe(this.#episode().start);
  }

  /**
   * Starts an episode.
   *
   * @param options - `pusher` and `block` fix the start; without, it is drawn from the seed.
   * @throws UsageError when an option is unknown or the start is not possible.
   */
  reset(options: ResetOptions = {}): ResetResult<Float32Array> {
    const rng = this.#randomness.begin(options.seed);
    const start = readStart(options.options) ?? drawStart(rng);
    this.#running?.world.dispose();
    this.#running = build(start);
    return { observation: this.#observe(this.observationSpace.zeros()), info: this.#info() };
  }

  /** @throws InvalidActionError when the action is not a Float32Array of two finite numbers within the bounds. */
  step(action: Float32Array): StepResult<Float32Array> {
    this.#advance(action);
    const { coverage } = this.#episode();
    return {
      observation: this.#observe(this.observationSpace.zeros()),
      reward: Math.min(1, coverage / neededCoverage),
      terminated: coverage > neededCoverage,
      truncated: false,
      info: this.#info(),
    };
  }

  /** @throws InvalidActionError as `step` does. */
  stepInto(action: Float32Array, target: StepTarget<Float32Array>): void {
    this.#advance(action);
    const { coverage } = this.#episode();
    this.#observe(target.observation);
    target.reward = Math.min(1, coverage / neededCoverage);
    target.terminated = coverage > neededCoverage;
    target.truncated = false;
    target.info = this.#info();
  }

  #advance(action: Float32Array): void {
    checkAction(this.actionSpace, action);
    const running = this.#episode();
    const { block, pusher, start, world } = running;
    const dt = controlSeconds / subSteps;
    const { damping, stiffness } = layout.pusher;
    for (let i = 0; i < subSteps; i++) {
      const at = pusher.position;
      const v = pusher.velocity;
      const vx = v.x + dt * (stiffness * ((action[0] as number) - at.x) - damping * v.x);
      const vy = v.y + dt * (stiffness * ((action[1] as number) - at.y) - damping * v.y);
      pusher.rigidBody.setLinvel({ x: vx, y: vy }, true);
      // the block keeps no velocity: it moves while it is pushed
      block.rigidBody.setLinvel({ x: 0, y: 0 }, true);
      block.rigidBody.setAngvel(0, true);
      world.step();
      if (running.mode !== null) continue;
      const { x, y } = block.position;
      const [startX, startY, startAngle] = start.block.map(Math.fround) as [number, number, number];
      if (x === startX && y === startY) continue;
      const there = pusher.position;
      const across = (there.x - x) * Math.cos(startAngle) + (there.y - y) * Math.sin(startAngle);
      running.mode = across < 0 ? 0 : 1;
    }
    look(running);
  }

  #observe(target: Float32Array): Float32Array {
    const { block, pusher } = this.#episode();
    const hand = pusher.position;
    const at = block.position;
    const within = (n: number) => Math.min(Math.max(n, -0.1), side + 0.1);
    target[0] = within(hand.x);
    target[1] = within(hand.y);
    target[2] = within(at.x);
    target[3] = within(at.y);
    target[4] = Math.sin(block.angleRad);
    target[5] = Math.cos(block.angleRad);
    return target;
  }

  #info(): Info {
    const { coverage, maxCoverage } = this.#episode();
    return { outcome: this.outcome(), coverage, maxCoverage };
  }

  /** How the episode stands; `distance` is from the block's centre of mass to where it belongs. */
  outcome(): EpisodeOutcome {
    const { block, coverage, maxCoverage, mode } = this.#episode();
    const { x, y } = block.position;
    const success = coverage > neededCoverage;
    const distance = success ? 0 : Math.sqrt((x - goal[0]) ** 2 + (y - goal[1]) ** 2);
    return { success, mode, distance, metrics: { maxCoverage, finalCoverage: coverage } };
  }

  poses(target: Float32Array): void {
    const { block, pusher } = this.#episode();
    const hand = pusher.position;
    const at = block.position;
    target.set([hand.x, hand.y, 0, at.x, at.y, block.angleRad]);
  }

  stateHash(): string {
    return this.#episode().world.stateHash();
  }

  close(): void {
    this.#running?.world.dispose();
  }
}

function look(running: Running): void {
  const { x, y } = running.block.position;
  running.coverage = coverage([x, y, running.block.angleRad], goal);
  running.maxCoverage = Math.max(running.maxCoverage, running.coverage);
}

/** Puts walls, block and pusher into a new world. */
function build(start: PushTStart): Running {
  const world = new PlanarWorld({ subStepSeconds: controlSeconds / subSteps, lengthUnit: layout.unit });
  const { high, low, radius } = layout.walls;
  const middle = (low + high) / 2;
  const half = (high - low) / 2 + radius;
  for (const [name, x, y] of [
    ['left wall', low, middle],
    ['right wall', high, middle],
    ['near wall', middle, low],
    ['far wall', middle, high],
  ] as const) {
    const upright = y === middle;
    world.add({
      name,
      shape: { kind: 'box', halfWidth: upright ? radius : half, halfDepth: upright ? half : radius },
      poseInWorld: [x, y, 0],
      motion: 'fixed',
    });
  }
  const [bar = [], stem = []] = parts;
  const share = (area: number) => (layout.massKg * area) / (areas[0] + areas[1]);
  const block = world.add({
    name: 'block',
    shape: { kind: 'polygon', points: bar },
    massKg: share(areas[0]),
    poseInWorld: start.block,
    motion: 'dynamic',
  });
  const shape = { kind: 'polygon', points: stem } as const;
  world.attach(block, { shape, massKg: share(areas[1]), poseInBody: [0, 0, 0] });
  const pusher = world.add({
    name: 'pusher',
    shape: { kind: 'disc', radius: pusherRadius },
    poseInWorld: [...start.pusher, 0],
    motion: 'driven',
  });
  const running: Running = { start, world, pusher, block, mode: null, coverage: 0, maxCoverage: 0 };
  look(running);
  return running;
}

/** Describes walls, mark, block and pusher at the start of an episode. */
function describe({ block, pusher }: PushTStart): Scene {
  const middle = side / 2;
  return {
    parts: [
      {
        name: 'table',
        role: 'table',
        shape: { kind: 'box', halfWidth: middle, halfDepth: middle },
        height: 0,
        poseInWorld: [middle, middle, 0],
      },
      {
        name: 'goal',
        role: 'target',
        shape: { kind: 'polygon', points: outline },
        height: 0,
        poseInWorld: goal,
        color: '#8fc9a0',
      },
      {
        name: 'block',
        role: 'object',
        shape: { kind: 'polygon', points: outline },
        height: layout.unit,
        poseInWorld: block,
        color: '#6c7a89',
        poseIndex: 1,
      },
      {
        name: 'pusher',
        role: 'robot',
        shape: { kind: 'disc', radius: pusherRadius },
        height: 0.06,
        poseInWorld: [...pusher, 0],
        poseIndex: 0,
      },
    ],
    bounds: [0, 0, side, side],
    movingParts: 2,
  };
}

/** Loads the physics engine and returns the factory of PushT, which takes no arguments. */
export async function loadPushT(): Promise<EnvFactory> {
  await loadPhysics();
  return (kwargs, spec) => {
    resolveKwargs(kwargs, {});
    return new PushT(spec);
  };
}
