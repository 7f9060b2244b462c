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
import type { Hinge } from '../../src/physics/hinge.ts';
import { type Body, loadPhysics, PlanarWorld } from '../../src/physics/planar-world.ts';
import type { Scene } from '../../src/physics/scene.ts';
import { Rng } from '../../src/random.ts';
import { sceneRenderModes } from '../../src/render/modes.ts';
import { contextSeed } from '../table/contexts.ts';
import type { BehaviorDescriptor, EpisodeOutcome, EvaluationContext, Task } from '../task.ts';
import { linkPoses } from './kinematics.ts';
import * as layout from './layout.ts';

/** A ball as it is served: x, y, metres; velocity in x and y, metres per second. */
export type Serve = readonly [number, number, number, number];

/** Names of the modes: the face of the paddle that strikes, and the side that the ball returns to. */
export const modeNames: readonly string[] = ['forehand', 'backhand'].flatMap((stroke) =>
  layout.targets.map(({ name }) => `${stroke}-${name}`),
);

const id = 'TableTennis-v0';
const { ball, controlSeconds, jointLimits, launch, linkLengths, maxDelta, subSteps, tableHalf } = layout;

/** Where the ball is lost. */
const lost = { x: 1, low: -1.6, high: 1.5 } as const;
/** Faster than any ball or joint gets, m/s and rad/s; observations are kept within. */
const fastest = { ball: 40, joint: 100 } as const;
/** A joint can be pressed a little beyond its limit. */
const limitMargin = 0.5;

const bounds = [
  ...jointLimits,
  ...jointLimits.map((limit) => limit + limitMargin),
  ...jointLimits.map(() => fastest.joint),
  ...[lost.x + 1, 3, fastest.ball, fastest.ball],
];

/** Draws a serve. */
function drawServe(rng: Rng): Serve {
  const x = rng.uniform(...launch.x);
  const dx = rng.uniform(...launch.passX) - x;
  const dy = launch.passY - launch.y;
  const speed = rng.uniform(...launch.speed) / Math.sqrt(dx * dx + dy * dy);
  return [x, launch.y, dx * speed, dy * speed];
}

/** Reads the serve that `reset` was asked for; null when none was. @throws UsageError */
function readServe(options: Readonly<Record<string, unknown>> | undefined): Serve | null {
  for (const name of Object.keys(options ?? {})) {
    if (name === 'ball') continue;
    throw new UsageError({
      what: 'reset got an unknown option',
      where: 'reset options',
      found: `'${name}'`,
      remedy: didYouMean(name, ['ball']),
    });
  }
  if (options?.ball === undefined) return null;
  const numbers: readonly unknown[] = Array.isArray(options.ball) ? options.ball : [];
  const [x, y, vx, vy] = numbers;
  const isServe = numbers.length === 4 && numbers.every((n) => typeof n === 'number' && Number.isFinite(n));
  const onTable = Math.abs(x as number) <= tableHalf.width && Math.abs(y as number) <= tableHalf.length;
  const isSlow = Math.max(Math.abs(vx as number), Math.abs(vy as number)) <= 5;
  if (isServe && onTable && isSlow) return [x as number, y as number, vx as number, vy as number];
  throw new UsageError({
    what: 'A serve is not possible',
    where: 'reset options.ball',
    found: JSON.stringify(options.ball) ?? String(options.ball),
    expected: 'four numbers [x, y, vx, vy]: a place on the table, and at most 5 m/s along each axis',
  });
}

const contexts: readonly EvaluationContext[] = Array.from({ length: layout.contextCount }, (_, i) => {
  const rng = Rng.fromSeed(contextSeed).fork(id).fork('context').fork(i);
  return { name: `context ${i}`, options: { ball: drawServe(rng) } };
});

/** What an episode is made of; built anew at each reset, so that the first equals every other. */
interface Running {
  readonly serve: Serve;
  readonly world: PlanarWorld;
  readonly links: readonly Body[];
  readonly hinges: readonly Hinge[];
  readonly ball: Body;
  /** Commanded angles of the joints; single precision, like what is observed of them. */
  readonly commanded: Float32Array;
  /** 0 forehand, 1 backhand; null before the paddle has touched the ball. */
  stroke: number | null;
  /** Index of the target that the ball has reached. */
  target: number | null;
  isLost: boolean;
}

/**
 * TableTennis-v0: an arm of three joints, seen from above, returns a ball to the left or to the right, with one face of
 * its paddle or with the other. Its README.md describes spaces, rules and physics.
 */
export class TableTennis implements Task {
  readonly observationSpace: Box = new Box({ low: bounds.map((bound) => -bound), high: bounds });
  readonly actionSpace: Box = new Box({ low: -maxDelta, high: maxDelta, shape: [3] });
  readonly metadata: EnvMetadata = { renderModes: sceneRenderModes, renderFps: 1 / controlSeconds };
  readonly spec: EnvSpec | null;
  readonly behavior: BehaviorDescriptor = { modes: modeNames };
  readonly contexts: readonly EvaluationContext[] = contexts;
  readonly dtSeconds: number = controlSeconds;
  readonly observationNames: readonly string[] = [
    ...['commanded', 'measured', 'speed'].flatMap((what) =>
      ['shoulder', 'elbow', 'wrist'].map((joint) => `${what}_${joint}`),
    ),
    ...['ball_x', 'ball_y', 'ball_vx', 'ball_vy'],
  ];
  readonly actionNames: readonly string[] = ['delta_shoulder', 'delta_elbow', 'delta_wrist'];
  readonly #randomness = new EnvRandomness();
  #running: Running | null = null;

  /** @throws ModewiseError before `loadPhysics`, at the first use. */
  constructor(spec: EnvSpec | null = null) {
    this.spec = spec;
  }

  get unwrapped(): this {
    return this;
  }

  /** The running episode; before the first reset one that nobody steps. */
  #episode(): Running {
    this.#running ??= build(drawServe(Rng.fromSeed(0)));
    return this.#running;
  }

  /** The task as it is at the start of the running episode. */
  get scene(): Scene {
    return describe(this.#episode().serve);
  }

  /**
   * Starts an episode.
   *
   * @param options - `ball`, a {@link Serve}; without, the seed decides.
   * @throws UsageError when an option is unknown or the serve is not possible.
   */
  reset(options: ResetOptions = {}): ResetResult<Float32Array> {
    const rng = this.#randomness.begin(options.seed);
    const serve = readServe(options.options) ?? drawServe(rng);
    this.#running?.world.dispose();
    this.#running = build(serve);
    return { observation: this.#observe(this.observationSpace.zeros()), info: this.#info() };
  }

  /** @throws InvalidActionError when the action is not a Float32Array of three finite numbers within the bounds. */
  step(action: Float32Array): StepResult<Float32Array> {
    const reward = this.#advance(action);
    const { isLost, target } = this.#episode();
    return {
      observation: this.#observe(this.observationSpace.zeros()),
      reward,
      terminated: isLost || target !== null,
      truncated: false,
      info: this.#info(),
    };
  }

  /** @throws InvalidActionError as `step` does. */
  stepInto(action: Float32Array, target: StepTarget<Float32Array>): void {
    target.reward = this.#advance(action);
    const running = this.#episode();
    this.#observe(target.observation);
    target.terminated = running.isLost || running.target !== null;
    target.truncated = false;
    target.info = this.#info();
  }

  /** Takes one control step; returns the reward. */
  #advance(action: Float32Array): number {
    checkAction(this.actionSpace, action);
    const running = this.#episode();
    const { commanded, hinges, world } = running;
    for (let i = 0; i < hinges.length; i++) {
      const limit = jointLimits[i] as number;
      commanded[i] = Math.min(Math.max((commanded[i] as number) + (action[i] as number), -limit), limit);
      hinges[i]?.command(commanded[i] as number);
    }
    const reachedBefore = running.target;
    for (let i = 0; i < subSteps; i++) {
      world.step();
      follow(running);
    }
    return running.target !== null && reachedBefore === null ? 1 : 0;
  }

  #observe(target: Float32Array): Float32Array {
    const { ball, commanded, hinges } = this.#episode();
    for (let i = 0; i < 3; i++) {
      const hinge = hinges[i] as Hinge;
      target[i] = commanded[i] as number;
      target[3 + i] = hinge.angleRad;
      target[6 + i] = hinge.speed;
    }
    const { position, velocity } = ball;
    target[9] = position.x;
    target[10] = position.y;
    target[11] = velocity.x;
    target[12] = velocity.y;
    for (let i = 3; i < target.length; i++) {
      const bound = bounds[i] as number;
      target[i] = Math.min(Math.max(target[i] as number, -bound), bound);
    }
    return target;
  }

  #info(): Info {
    return { outcome: this.outcome() };
  }

  /** How the episode stands; `distance` is from the ball to the nearest target. */
  outcome(): EpisodeOutcome {
    const { ball, stroke, target } = this.#episode();
    if (target !== null && stroke !== null) return { success: true, mode: 2 * stroke + target, distance: 0 };
    const { x, y } = ball.position;
    const away = layout.targets.map(({ high, low }) => Math.max(low - x, x - high, 0));
    const aside = Math.min(...away);
    const ahead = layout.targetY - y;
    return { success: false, mode: null, distance: Math.sqrt(aside * aside + ahead * ahead) };
  }

  poses(target: Float32Array): void {
    const { ball, links } = this.#episode();
    let at = 0;
    for (const body of [...links, ball]) {
      const { x, y } = body.position;
      target[at++] = x;
      target[at++] = y;
      target[at++] = body === ball ? 0 : body.angleRad;
    }
  }

  stateHash(): string {
    const { commanded, stroke, world } = this.#episode();
    return world.stateHash([...commanded, stroke ?? -1]);
  }

  close(): void {
    this.#running?.world.dispose();
  }
}

/** Puts arm and ball into a new world. */
function build(serve: Serve): Running {
  const world = new PlanarWorld({ subStepSeconds: controlSeconds / subSteps, lengthUnit: 0.1 });
  const poses = linkPoses(layout.restAngles);
  const names = ['upper arm', 'forearm', 'paddle'];
  const links = names.map((name, i) =>
    world.add({
      name,
      shape: {
        kind: 'box',
        halfWidth: linkLengths[i as 0 | 1 | 2] / 2,
        halfDepth: layout.halfThickness.paddle,
      },
      poseInWorld: poses[i] ?? [0, 0, 0],
      motion: 'dynamic',
      massKg: layout.linkMassesKg[i as 0 | 1 | 2],
      restitution: ball.restitution,
      collides: name === 'paddle',
    }),
  );
  const base = world.add({
    name: 'shoulder',
    shape: { kind: 'disc', radius: 0.05 },
    poseInWorld: [layout.shoulder.x, layout.shoulder.y, Math.PI / 2],
    motion: 'fixed',
    collides: false,
  });
  const commanded = new Float32Array(layout.restAngles);
  const hinges = links.map((child, i) => {
    const parent = links[i - 1];
    const hinge = world.join({
      parent: parent ?? base,
      child,
      axisInParent: [parent === undefined ? 0 : (linkLengths[(i - 1) as 0 | 1] as number) / 2, 0],
      axisInChild: [-linkLengths[i as 0 | 1 | 2] / 2, 0],
      limits: [-jointLimits[i as 0 | 1 | 2], jointLimits[i as 0 | 1 | 2]],
      ...layout.motor,
    });
    hinge.command(commanded[i] as number);
    return hinge;
  });
  const [x, y, vx, vy] = serve;
  const served = world.add({
    name: 'ball',
    shape: { kind: 'disc', radius: ball.radius },
    poseInWorld: [x, y, 0],
    motion: 'sliding',
    massKg: ball.massKg,
    restitution: ball.restitution,
    velocity: [vx, vy],
  });
  return { serve, world, links, hinges, ball: served, commanded, stroke: null, target: null, isLost: false };
}

/** Takes note of what the ball did in a sub-step. */
function follow(running: Running): void {
  const { ball, links, serve } = running;
  const { x, y } = ball.position;
  if (running.stroke === null) {
    const { velocity } = ball;
    // nothing but the paddle changes the way of a ball
    if (velocity.x !== Math.fround(serve[2]) || velocity.y !== Math.fround(serve[3])) {
      const paddle = links[2] as Body;
      const { x: px, y: py } = paddle.position;
      const angle = paddle.angleRad;
      const left = -Math.sin(angle) * (x - px) + Math.cos(angle) * (y - py);
      running.stroke = left >= 0 ? 0 : 1;
    }
  } else if (running.target === null && !running.isLost && y >= layout.targetY) {
    const reached = layout.targets.findIndex(({ high, low }) => x >= low && x <= high);
    if (reached >= 0) running.target = reached;
    else running.isLost = true;
  }
  if (running.target === null && (Math.abs(x) > lost.x || y < lost.low || y > lost.high))
    running.isLost = true;
}

/** Describes table, targets, arm and ball at the start of an episode. */
function describe([x, y]: Serve): Scene {
  const { halfThickness, shoulder, targetY } = layout;
  const poses = linkPoses(layout.restAngles);
  return {
    parts: [
      {
        name: 'table',
        role: 'table',
        shape: { kind: 'box', halfWidth: tableHalf.width, halfDepth: tableHalf.length },
        height: 0,
        poseInWorld: [0, 0, 0],
      },
      {
        name: 'net',
        role: 'finish',
        shape: { kind: 'box', halfWidth: tableHalf.width, halfDepth: 0.005 },
        height: 0,
        poseInWorld: [0, 0, 0],
      },
      ...layout.targets.map(
        ({ high, low, name }) =>
          ({
            name: `${name} target`,
            role: 'target',
            shape: { kind: 'box', halfWidth: (high - low) / 2, halfDepth: (tableHalf.length - targetY) / 2 },
            height: 0,
            poseInWorld: [(low + high) / 2, (targetY + tableHalf.length) / 2, 0],
          }) as const,
      ),
      {
        name: 'shoulder',
        role: 'robot',
        shape: { kind: 'disc', radius: 0.05 },
        height: 0.15,
        poseInWorld: [shoulder.x, shoulder.y, 0],
      },
      ...(['upper arm', 'forearm', 'paddle'] as const).map(
        (name, i) =>
          ({
            name,
            role: 'robot',
            shape: {
              kind: 'box',
              halfWidth: linkLengths[i as 0 | 1 | 2] / 2,
              halfDepth: name === 'paddle' ? halfThickness.paddle : halfThickness.arm,
            },
            height: name === 'paddle' ? 0.15 : 0.1,
            poseInWorld: poses[i] ?? [0, 0, 0],
            poseIndex: i,
          }) as const,
      ),
      {
        name: 'ball',
        role: 'object',
        shape: { kind: 'disc', radius: ball.radius },
        height: 0.04,
        poseInWorld: [x, y, 0],
        color: '#f4a259',
        poseIndex: 3,
      },
    ],
    bounds: [-0.9, -1.75, 0.9, 1.45],
    movingParts: 4,
  };
}

/** Loads the physics engine and returns the factory of TableTennis, which takes no arguments. */
export async function loadTableTennis(): Promise<EnvFactory> {
  await loadPhysics();
  return (kwargs, spec) => {
    resolveKwargs(kwargs, {});
    return new TableTennis(spec);
  };
}
