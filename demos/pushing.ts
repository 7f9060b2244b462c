import * as layout from '../envs/pushing/layout.ts';
import * as mechanics from '../envs/table/mechanics.ts';
import type { Demonstrator } from './demonstrator.ts';
import { SteadyPilot } from './steady-pusher.ts';

/** [block, target] in the order of pushing, by mode: red 0, green 1. */
const plans = [
  [
    [0, 0],
    [1, 1],
  ],
  [
    [1, 1],
    [0, 0],
  ],
  [
    [0, 1],
    [1, 0],
  ],
  [
    [1, 0],
    [0, 1],
  ],
] as const;

/** Demonstrates Pushing-v0: one block after the other, each to the middle of its target. */
export const pushingDemonstrator: Demonstrator = {
  envId: 'Pushing-v0',
  name: 'block-pusher',
  envKwargs: {},
  begin(request) {
    const jobs = (plans[request.mode] ?? []).map(([block, target]) => ({
      block,
      aim: (layout.blocks[target] as layout.PushedBlock).target,
    }));
    return new SteadyPilot(mechanics, jobs, request);
  },
};
