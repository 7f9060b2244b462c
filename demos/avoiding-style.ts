import { gapBetween, waysOfMode } from '../envs/avoiding/modes.ts';
import type { Rng } from '../src/random.ts';

/**
 * How one person steers in one episode. Lengths in metres, times in control steps; the stick's rim is 1.
 *
 * The numbers in {@link drawStyle} are fitted, by random search over this model, so that 96 demonstrations, 4 per
 * mode, show the statistics measured on D3IL's 96 human ones (ALRhub/d3il, commit 0046bec). A test computes and
 * bounds all of them.
 */
export interface Style {
  /** Steps of waiting before the stick is touched. */
  readonly idleSteps: number;
  /** Steps straight ahead, alike in every mode, before the first sideways command. */
  readonly aheadSteps: number;
  /** Commanded x at which the person passes each row. */
  readonly aimX: readonly [number, number, number];
  /** How far beyond rows 1 and 2 the rod is, in y, when the person turns to the next gap. */
  readonly turnBeyond: readonly [number, number];
  /** Largest sideways deflection of the stick on the way to each row; at 1 nothing is left for going ahead. */
  readonly deflection: readonly [number, number, number];
  /** Distance from the aim, in x, at which the stick begins to return. */
  readonly easeWidth: number;
  /** Largest change of the sideways deflection per step. */
  readonly slew: number;
  /** Command per step that the rim stands for; what exceeds the action bound of an axis is cut off. */
  readonly rim: number;
  /** Fraction of the speed kept after `easeOffY`, when the finish is as good as reached. */
  readonly easeOff: number;
  readonly easeOffY: number;
  /** Steps of going on after the finish line was crossed. */
  readonly stepsBeyond: number;
}

/** Least distance between aim and obstacle surface: below it few attempts come through. */
const leastDistance = 0.022;

/** Draws the aim in one way past a row: about the middle of an inner gap, some distance out in an open one. */
function drawAim(rng: Rng, gap: { low: number; high: number }, mean: number, deviation: number): number {
  const distance = () => Math.max(leastDistance, rng.normal(mean, deviation));
  if (gap.low === -Infinity) return gap.high - distance();
  if (gap.high === Infinity) return gap.low + distance();
  return rng.normal((gap.low + gap.high) / 2, 0.0065);
}

/** Draws the style of one attempt; every draw is made whatever the mode, so that modes differ in nothing else. */
export function drawStyle(mode: number, trunk: number, rng: Rng): Style {
  const [first, second, third] = waysOfMode(mode);
  // most people let a few steps pass first; the longest wait seen before a sideways command is 23 steps
  const idles = rng.uniform() < 0.85;
  const idleSteps = Math.min(16, Math.floor(-3.8 * Math.log(1 - rng.uniform())));
  const aheadSteps = Math.max(0, rng.normal(4.9, 2.05));
  const turn = () => Math.min(Math.max(rng.normal(0.011, 0.013), -0.05), 0.07);
  const deflection = () => (rng.uniform() < 0.32 ? 1 : rng.uniform(0.8, 1));
  const slow = rng.uniform() < 0.09;
  const pace = rng.uniform(0.7, 1);
  return {
    idleSteps: idles ? Math.round(trunk * idleSteps) : 0,
    aheadSteps: Math.round(trunk * aheadSteps),
    aimX: [
      drawAim(rng, gapBetween(0, first), first === 0 ? 0.041 : 0.034, 0.01),
      drawAim(rng, gapBetween(1, second), 0.046, 0.013),
      drawAim(rng, gapBetween(2, third), 0.062, 0.0115),
    ],
    turnBeyond: [turn(), turn()],
    deflection: [deflection(), deflection(), deflection()],
    easeWidth: rng.uniform(0.034, 0.09),
    slew: rng.uniform(0.32, 0.38),
    rim: rng.uniform(0.0149, 0.0152) * (slow ? pace : 1),
    easeOff: rng.uniform(0.36, 0.9),
    easeOffY: 0.326,
    stepsBeyond: Math.round(rng.uniform(6, 10.5)),
  };
}
