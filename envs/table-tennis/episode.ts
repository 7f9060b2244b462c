import type { Hinge } from '../../src/physics/hinge.ts';
import { type Body, PlanarWorld } from '../../src/physics/planar-world.ts';
import type { Scene } from '../../src/physics/scene.ts';
import type { Episode, TaskInfo } from '../episode.ts';
import { linkPoses } from './kinematics.ts';
import * as layout from './layout.ts';
import { linkNames, tableTennisScene } from './scene.ts';
import type { Serve } from './serve.ts';

const { ball, controlSeconds, jointLimits, linkLengths, subSteps, targets, targetY } = layout;

/** Where the ball is lost. */
const lost = { x: 1, low: -1.6, high: 1.5 } as const;
/** Faster than any ball or joint gets, m/s and rad/s; observations are kept within. */
const fastest = { ball: 40, joint: 100 } as const;
/** A joint can be pressed a little beyond its limit. */
const limitMargin = 0.5;

/** Bounds of the observation to either side of 0: commanded and measured angles, speeds, then the ball's state. */
export const observationBounds: readonly number[] = [
  ...jointLimits,
  ...jointLimits.map((limit) => limit + limitMargin),
  ...jointLimits.map(() => fastest.joint),
  ...[lost.x + 1, 3, fastest.ball, fastest.ball],
];

/** One episode of TableTennis: the ball reaching a target after a stroke earns 1 and ends it, losing the ball ends it too. */
export class TableTennisEpisode implements Episode {
  reward = 0;
  readonly #serve: Serve;
  readonly #world: PlanarWorld;
  readonly #links: readonly Body[];
  readonly #hinges: readonly Hinge[];
  readonly #ball: Body;
  /** Commanded angles of the joints; single precision, like what is observed of them. */
  readonly #commanded = new Float32Array(layout.restAngles);
  readonly #position = { x: 0, y: 0 };
  readonly #velocity = { x: 0, y: 0 };
  readonly #paddleAt = { x: 0, y: 0 };
  /** 0 forehand, 1 backhand; null before the paddle has touched the ball. */
  #stroke: number | null = null;
  /** Index of the target that the ball has reached. */
  #target: number | null = null;
  #isLost = false;

  /** @throws ModewiseError before `loadPhysics`. */
  constructor(serve: Serve) {
    this.#serve = serve;
    this.#world = new PlanarWorld({ subStepSeconds: controlSeconds / subSteps, lengthUnit: 0.1 });
    this.#links = addLinks(this.#world);
    this.#hinges = joinLinks(this.#world, this.#links);
    for (let i = 0; i < this.#hinges.length; i++) this.#hinges[i]?.command(this.#commanded[i] as number);
    const [x, y, vx, vy] = serve;
    this.#ball = this.#world.add({
      name: 'ball',
      shape: { kind: 'disc', radius: ball.radius },
      poseInWorld: [x, y, 0],
      motion: 'sliding',
      massKg: ball.massKg,
      restitution: ball.restitution,
      velocity: [vx, vy],
    });
    this.#look();
  }

  get scene(): Scene {
    return tableTennisScene(this.#serve);
  }

  get terminated(): boolean {
    return this.#isLost || this.#target !== null;
  }

  advance(action: Float32Array): void {
    const commanded = this.#commanded;
    for (let i = 0; i < commanded.length; i++) {
      const limit = jointLimits[i] as number;
      commanded[i] = Math.min(Math.max((commanded[i] as number) + (action[i] as number), -limit), limit);
      this.#hinges[i]?.command(commanded[i] as number);
    }
    const reachedBefore = this.#target;
    for (let i = 0; i < subSteps; i++) {
      this.#world.step();
      this.#look();
      this.#follow();
    }
    this.reward = this.#target !== null && reachedBefore === null ? 1 : 0;
  }

  #look(): void {
    this.#ball.rigidBody.translation(this.#position);
    this.#ball.rigidBody.linvel(this.#velocity);
  }

  /** Takes note of what the ball did in a sub-step. */
  #follow(): void {
    const { x, y } = this.#position;
    if (this.#stroke === null) this.#watchForStroke();
    else if (this.#target === null && !this.#isLost && y >= targetY) {
      const reached = targets.findIndex(({ high, low }) => x >= low && x <= high);
      if (reached >= 0) this.#target = reached;
      else this.#isLost = true;
    }
    if (this.#target === null && (Math.abs(x) > lost.x || y < lost.low || y > lost.high)) this.#isLost = true;
  }

  /** Nothing but the paddle changes the way of a ball. */
  #watchForStroke(): void {
    const { x: vx, y: vy } = this.#velocity;
    if (vx === Math.fround(this.#serve[2]) && vy === Math.fround(this.#serve[3])) return;
    const { rigidBody } = this.#links[2] as Body;
    const { x: px, y: py } = rigidBody.translation(this.#paddleAt);
    const angle = rigidBody.rotation();
    const left = -Math.sin(angle) * (this.#position.x - px) + Math.cos(angle) * (this.#position.y - py);
    this.#stroke = left >= 0 ? 0 : 1;
  }

  observe(target: Float32Array): void {
    for (let i = 0; i < 3; i++) {
      const hinge = this.#hinges[i] as Hinge;
      target[i] = this.#commanded[i] as number;
      target[3 + i] = hinge.angleRad;
      target[6 + i] = hinge.speed;
    }
    target[9] = this.#position.x;
    target[10] = this.#position.y;
    target[11] = this.#velocity.x;
    target[12] = this.#velocity.y;
    for (let i = 3; i < target.length; i++) {
      const bound = observationBounds[i] as number;
      target[i] = Math.min(Math.max(target[i] as number, -bound), bound);
    }
  }

  /** Distance is from the ball to the nearest target. */
  report({ outcome }: TaskInfo): void {
    outcome.success = this.#target !== null && this.#stroke !== null;
    outcome.mode = outcome.success ? 2 * (this.#stroke as number) + (this.#target as number) : null;
    outcome.distance = outcome.success ? 0 : this.#distance();
  }

  #distance(): number {
    const { x, y } = this.#position;
    let aside = Infinity;
    for (const { high, low } of targets) aside = Math.min(aside, Math.max(low - x, x - high, 0));
    const ahead = targetY - y;
    return Math.sqrt(aside * aside + ahead * ahead);
  }

  poses(target: Float32Array): void {
    let at = 0;
    for (const body of this.#links) {
      const { x, y } = body.position;
      target[at++] = x;
      target[at++] = y;
      target[at++] = body.angleRad;
    }
    target[at++] = this.#position.x;
    target[at++] = this.#position.y;
    target[at++] = 0;
  }

  stateHash(): string {
    return this.#world.stateHash([...this.#commanded, this.#stroke ?? -1]);
  }

  dispose(): void {
    this.#world.dispose();
  }
}

function addLinks(world: PlanarWorld): readonly Body[] {
  const poses = linkPoses(layout.restAngles);
  return linkNames.map((name, i) =>
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
}

/** Joins shoulder, upper arm, forearm and paddle. */
function joinLinks(world: PlanarWorld, links: readonly Body[]): readonly Hinge[] {
  const base = world.add({
    name: 'shoulder',
    shape: { kind: 'disc', radius: 0.05 },
    poseInWorld: [layout.shoulder.x, layout.shoulder.y, Math.PI / 2],
    motion: 'fixed',
    collides: false,
  });
  return links.map((child, i) => {
    const parent = links[i - 1];
    return world.join({
      parent: parent ?? base,
      child,
      axisInParent: [parent === undefined ? 0 : (linkLengths[(i - 1) as 0 | 1] as number) / 2, 0],
      axisInChild: [-linkLengths[i as 0 | 1 | 2] / 2, 0],
      limits: [-jointLimits[i as 0 | 1 | 2], jointLimits[i as 0 | 1 | 2]],
      ...layout.motor,
    });
  });
}
