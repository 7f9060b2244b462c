import { TableTennis } from '../envs/table-tennis/env.ts';
import { type JointAngles, linkPoses } from '../envs/table-tennis/kinematics.ts';
import * as layout from '../envs/table-tennis/layout.ts';
import { wrapAngle } from '../src/physics/wrap-angle.ts';
import type { Rng } from '../src/random.ts';
import type { DemonstrationRequest, Demonstrator, Pilot } from './demonstrator.ts';
import type { Point } from './way-around.ts';

const { ball, controlSeconds, jointLimits, linkLengths, maxDelta, motor, restAngles, shoulder } = layout;
const [upperArm, forearm, paddle] = linkLengths;

/** Strokes that are tried before a ball is given up; few need more than ten. */
const maxStrokes = 300;
/** How often the aim of a stroke is corrected by where the ball of the last rehearsal went. */
const corrections = 5;
/** Control steps of an episode that are planned. */
const horizon = 145;
/** Fastest that a joint is asked to turn, rad/s. */
const maxJointSpeed = 7;
/** How far within its target a rehearsed ball must arrive, metres. */
const margin = 0.04;

/** What a stroke is to do. */
interface Stroke {
  /** 0 forehand, 1 backhand. */
  readonly face: number;
  /** 1 bends the elbow to the left, -1 to the right. */
  readonly elbow: number;
  /** y at which the ball is met. */
  readonly meetY: number;
  /** Speed of the ball afterwards, m/s. */
  readonly speed: number;
  /** Seconds from the beginning of the swing to the hit. */
  readonly swing: number;
}

/** Angles and rates of the joints when the ball is hit. */
interface Hit {
  readonly seconds: number;
  readonly angles: JointAngles;
  readonly rates: JointAngles;
}

/**
 * Finds the joint angles that put the middle of the paddle at a place with a given direction, by the law of cosines.
 *
 * @returns null when it cannot be reached.
 */
function reach(middle: Point, direction: number, elbow: number): JointAngles | null {
  const x = middle.x - (paddle / 2) * Math.cos(direction) - shoulder.x;
  const y = middle.y - (paddle / 2) * Math.sin(direction) - shoulder.y;
  const distance = Math.hypot(x, y);
  const bend = (distance ** 2 - upperArm ** 2 - forearm ** 2) / (2 * upperArm * forearm);
  if (Math.abs(bend) > 0.97) return null;
  const second = -elbow * Math.acos(bend);
  const first =
    Math.atan2(y, x) - Math.atan2(forearm * Math.sin(second), upperArm + forearm * Math.cos(second));
  const angles = [wrapAngle(first - Math.PI / 2), second, wrapAngle(direction - first - second)] as const;
  return angles.every((angle, i) => Math.abs(angle) < (jointLimits[i] as number) - 0.1) ? angles : null;
}

/** Finds the joint rates that move the middle of the paddle at a velocity without turning it. */
function ratesFor(angles: JointAngles, vx: number, vy: number): JointAngles {
  const [first = 0, second = 0] = linkPoses(angles).map(([, , angle]) => angle);
  // without turning, the paddle moves as the wrist does: two rates, and the wrist takes both back
  const determinant = upperArm * forearm * Math.sin(second - first);
  const a = (forearm * (vx * Math.cos(second) + vy * Math.sin(second))) / determinant;
  const b = (-upperArm * (vx * Math.cos(first) + vy * Math.sin(first))) / determinant;
  return [a, b - a, -b];
}

/** Finds how the arm must hit a ball for it to go to `aimX` on the target line; null when it cannot. */
function planHit([x, y, vx, vy]: readonly number[], stroke: Stroke, aimX: number): Hit | null {
  const seconds = (stroke.meetY - (y as number)) / (vy as number);
  const met = { x: (x as number) + (vx as number) * seconds, y: stroke.meetY };
  const away = Math.hypot(aimX - met.x, layout.targetY - met.y);
  const outX = ((aimX - met.x) / away) * stroke.speed;
  const outY = ((layout.targetY - met.y) / away) * stroke.speed;
  // without friction the ball's velocity changes along the normal of the paddle alone
  const changeX = outX - (vx as number);
  const changeY = outY - (vy as number);
  const change = Math.hypot(changeX, changeY);
  const nx = changeX / change;
  const ny = changeY / change;
  const incoming = (vx as number) * nx + (vy as number) * ny;
  const along = (outX * nx + outY * ny + ball.restitution * incoming) / (1 + ball.restitution);
  const gap = ball.radius + layout.halfThickness.paddle;
  const direction = Math.atan2(ny, nx) + (stroke.face === 0 ? -Math.PI / 2 : Math.PI / 2);
  const angles = reach({ x: met.x - gap * nx, y: met.y - gap * ny }, direction, stroke.elbow);
  if (angles === null) return null;
  const rates = ratesFor(angles, along * nx, along * ny);
  return rates.every((rate) => Math.abs(rate) < maxJointSpeed) ? { seconds, angles, rates } : null;
}

/**
 * Turns a hit into commands: rest, a cubic to the hit, and an even slowing down after it. The commands lead the wanted
 * angles by what the motors lag behind.
 *
 * @returns actions, shape [horizon][3]; null when a joint would have to turn faster than it can.
 */
function planSwing({ angles, rates, seconds }: Hit, swing: number): readonly Float32Array[] | null {
  const begin = seconds - Math.min(swing, seconds - controlSeconds);
  const duration = seconds - begin;
  const slowing = 0.12;
  const lag = (2 * motor.dampingRatio) / motor.naturalFrequency;
  const command = (joint: number, t: number): number => {
    const rest = restAngles[joint] as number;
    const hit = angles[joint] as number;
    const rate = rates[joint] as number;
    if (t <= begin) return rest;
    if (t > seconds) {
      const left = Math.exp(-(t - seconds) / slowing);
      return hit + rate * slowing * (1 - left) + lag * rate * left;
    }
    const s = (t - begin) / duration;
    const way = hit - rest;
    const square = 3 * way - rate * duration;
    const cube = rate * duration - 2 * way;
    const speed = (2 * square * s + 3 * cube * s * s) / duration;
    const acceleration = (2 * square + 6 * cube * s) / duration ** 2;
    return rest + square * s * s + cube * s ** 3 + lag * speed + acceleration / motor.naturalFrequency ** 2;
  };
  const commanded = new Float32Array(restAngles);
  const actions: Float32Array[] = [];
  for (let step = 0; step < horizon; step++) {
    const action = new Float32Array(3);
    for (let joint = 0; joint < 3; joint++) {
      // a command holds for a whole step: the middle of it is what counts
      const wanted = command(joint, (step + 0.5) * controlSeconds) - (commanded[joint] as number);
      action[joint] = Math.min(Math.max(wanted, -maxDelta), maxDelta);
      if (Math.abs(wanted) > 2 * maxDelta) return null;
      commanded[joint] = (commanded[joint] as number) + (action[joint] as number);
    }
    actions.push(action);
  }
  return actions;
}

/** What a rehearsal came to. */
interface Rehearsal {
  readonly mode: number | null;
  /** x at which the returned ball crossed, or would have crossed, the target line; null when it was not returned. */
  readonly arrivedX: number | null;
}

function rehearse(
  simulator: TableTennis,
  serve: readonly number[],
  actions: readonly Float32Array[],
): Rehearsal {
  let { observation } = simulator.reset({ seed: 0, options: { ball: serve } });
  for (const action of actions) {
    const step = simulator.step(action);
    observation = step.observation;
    if (step.terminated) break;
  }
  const [x, y, vx, vy] = observation.slice(9) as unknown as [number, number, number, number];
  return {
    mode: simulator.outcome().mode,
    arrivedX: vy > 0.1 ? x + ((layout.targetY - y) / vy) * vx : null,
  };
}

function drawStroke(face: number, rng: Rng): Stroke {
  return {
    face,
    elbow: rng.uniform() < 0.7 ? 1 : -1,
    meetY: rng.uniform(-1.1, -0.85),
    speed: rng.uniform(1.8, 2.6),
    swing: rng.uniform(0.45, 0.8),
  };
}

/**
 * Searches a swing that returns the ball in a mode: strokes drawn at random, each corrected by rehearsing it.
 *
 * @returns actions, shape [horizon][3]; null when no stroke was found.
 */
function findSwing(serve: readonly number[], mode: number, rng: Rng): readonly Float32Array[] | null {
  const target = layout.targets[(mode % 2) as 0 | 1];
  const simulator = new TableTennis();
  try {
    for (let attempt = 0; attempt < maxStrokes; attempt++) {
      const stroke = drawStroke(Math.floor(mode / 2), rng);
      const wantedX = rng.uniform(target.low + 0.15, target.high - 0.15);
      let aimX = wantedX;
      for (let i = 0; i < corrections; i++) {
        const hit = planHit(serve, stroke, aimX);
        const actions = hit === null ? null : planSwing(hit, stroke.swing);
        if (actions === null) break;
        const { arrivedX, mode: came } = rehearse(simulator, serve, actions);
        if (arrivedX === null) break;
        if (came === mode && arrivedX > target.low + margin && arrivedX < target.high - margin)
          return actions;
        aimX += wantedX - arrivedX;
      }
    }
  } finally {
    simulator.close();
  }
  return null;
}

/** Looks at the serve, finds a swing, and plays it. */
class TableTennisPilot implements Pilot {
  readonly #request: DemonstrationRequest;
  #actions: readonly Float32Array[] | null = null;
  #step = 0;

  constructor(request: DemonstrationRequest) {
    this.#request = request;
  }

  act(observation: Float32Array): Float32Array | null {
    this.#actions ??= findSwing([...observation.slice(9)], this.#request.mode, this.#request.rng);
    return this.#actions?.[this.#step++] ?? null;
  }
}

/** Demonstrates TableTennis-v0. */
export const tableTennisDemonstrator: Demonstrator = {
  envId: 'TableTennis-v0',
  name: 'rehearsing-player',
  envKwargs: {},
  begin: (request) => new TableTennisPilot(request),
};
