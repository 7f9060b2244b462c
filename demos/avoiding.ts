import * as layout from '../envs/avoiding/layout.ts';
import { ModeTracker, rowY } from '../envs/avoiding/modes.ts';
import { ModewiseError } from '../src/errors.ts';
import { ArmModel } from './arm-model.ts';
import { drawStyle, type Style } from './avoiding-style.ts';
import type { DemonstrationRequest, Demonstrator, Pilot } from './demonstrator.ts';

/** Sideways deflections below this are within the stick's dead band. */
const deadBand = 0.0245;
/** Least distance of the rod's centre from an obstacle's surface; D3IL's closest human demonstration has 1.19 cm. */
const leastClearance = 0.0115;
/** Styles rehearsed before giving up; about half come through. */
const maxRehearsals = 200;
const maxSteps = 150;

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/**
 * Steers as a person with a gamepad does: waits, goes straight ahead, then pushes the stick to its rim towards the
 * next gap, lets it return as the commanded position nears the aim, and turns to the next gap once past a row. After
 * the trunk the command depends on what is observed, the aims of the style, and the stick's finite speed.
 */
class GamepadPilot implements Pilot {
  readonly #style: Style;
  #step = 0;
  #row = 0;
  #deflection = 0;
  #stepsLeft: number | null = null;

  constructor(style: Style) {
    this.#style = style;
  }

  act(observation: Float32Array): Float32Array | null {
    const [commandedX = 0, , , measuredY = 0] = observation;
    const style = this.#style;
    if (this.#stepsLeft === null && measuredY > layout.finishY) this.#stepsLeft = style.stepsBeyond;
    if (this.#stepsLeft !== null && this.#stepsLeft-- <= 0) return null;
    const step = this.#step++;
    if (step < style.idleSteps) return new Float32Array(2);
    while (this.#row < 2 && measuredY > (rowY[this.#row] ?? 0) + (style.turnBeyond[this.#row] ?? 0))
      this.#row++;
    const onTrunk = step < style.idleSteps + style.aheadSteps;
    const wanted = onTrunk ? 0 : this.#wantedDeflection(commandedX);
    this.#deflection += clamp(wanted - this.#deflection, -style.slew, style.slew);
    const speed = measuredY > style.easeOffY ? style.easeOff : 1;
    const ahead = speed * Math.sqrt(1 - this.#deflection ** 2);
    return new Float32Array([
      clamp(style.rim * this.#deflection, -layout.maxDelta, layout.maxDelta),
      clamp(style.rim * ahead, 0, layout.maxDelta),
    ]);
  }

  #wantedDeflection(commandedX: number): number {
    const { aimX, deflection, easeWidth } = this.#style;
    const error = (aimX[this.#row] ?? commandedX) - commandedX;
    const wanted = clamp(error / easeWidth, -1, 1) * (deflection[this.#row] ?? 1);
    return Math.abs(wanted) < deadBand ? 0 : wanted;
  }
}

/** Steers in the head, on the arm's known response: says whether a style passes every row in its mode, with room. */
function rehearse(style: Style, mode: number): boolean {
  const arm = new ArmModel(layout);
  const tracker = new ModeTracker();
  const pilot = new GamepadPilot(style);
  const commanded = new Float32Array([layout.start.x, layout.start.y]);
  for (let step = 0; step < maxSteps; step++) {
    const [x = 0, y = 0] = commanded;
    const action = pilot.act(new Float32Array([x, y, arm.x, arm.y]));
    if (action === null) return tracker.mode === mode;
    commanded.set([x + (action[0] ?? 0), y + (action[1] ?? 0)]);
    arm.step(commanded[0] ?? 0, commanded[1] ?? 0);
    tracker.observe(arm.x, arm.y);
    for (const obstacle of layout.obstacles) {
      const distance = Math.hypot(arm.x - obstacle.x, arm.y - obstacle.y);
      if (distance - obstacle.radius < leastClearance) return false;
    }
  }
  return false;
}

/**
 * Demonstrates Avoiding-v0 as people do: their pace, their margins, their shared trunk, their variety. The recording
 * runs some steps past the finish line, as theirs does, so the environment must not end at success.
 */
export const avoidingDemonstrator: Demonstrator = {
  envId: 'Avoiding-v0',
  name: 'gamepad-model',
  envKwargs: { terminateOnSuccess: false },
  begin({ mode, rng, trunk }: DemonstrationRequest): Pilot {
    for (let rehearsal = 0; rehearsal < maxRehearsals; rehearsal++) {
      const style = drawStyle(mode, trunk, rng);
      if (rehearse(style, mode)) return new GamepadPilot(style);
    }
    throw new ModewiseError({
      what: 'No way of steering through the obstacles was found',
      where: `Avoiding-v0, mode ${mode}`,
      found: `${maxRehearsals} styles, none of which passes`,
    });
  },
};
