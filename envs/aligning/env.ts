import { resolveKwargs } from '../../src/gym/kwargs.ts';
import type { EnvFactory, EnvSpec } from '../../src/gym/registry.ts';
import { loadPhysics } from '../../src/physics/planar-world.ts';
import { EpisodicTask } from '../episodic-task.ts';
import { d3ilControl } from '../table/control.ts';
import { lag } from '../table/mechanics.ts';
import type { Start } from '../table/table-rules.ts';
import { AligningEpisode } from './episode.ts';
import * as layout from './layout.ts';
import { contexts, drawStart, readAligningStart } from './start.ts';

const { controlSeconds, maxDelta, workspace } = d3ilControl;
const [minX, minY, maxX, maxY] = workspace;
const [minZ, maxZ] = layout.heights;
const { boxMargin, lagZ } = layout;

/** What is observed, with its bounds: commanded and measured position of the rod, pose of the box, pose of the target. */
const observed: readonly (readonly [string, number, number])[] = [
  ['commanded_x', minX, maxX],
  ['commanded_y', minY, maxY],
  ['commanded_z', minZ, maxZ],
  ['measured_x', minX - lag, maxX + lag],
  ['measured_y', minY - lag, maxY + lag],
  ['measured_z', 0, maxZ + lagZ],
  ['box_x', minX - boxMargin, maxX + boxMargin],
  ['box_y', minY - boxMargin, maxY + boxMargin],
  ['box_sin_yaw', -1, 1],
  ['box_cos_yaw', -1, 1],
  ['target_x', minX, maxX],
  ['target_y', minY, maxY],
  ['target_sin_yaw', -1, 1],
  ['target_cos_yaw', -1, 1],
];

/**
 * Aligning-v0: push a hollow box to a pose, from inside or from outside. A planar port of D3IL's Aligning in which the rod
 * also has a height: above the walls it passes over them. Its README.md describes spaces, rules and physics.
 */
export class Aligning extends EpisodicTask<Start> {
  constructor(spec: EnvSpec | null = null) {
    super(
      {
        observation: {
          names: observed.map(([name]) => name),
          low: observed.map(([, low]) => low),
          high: observed.map(([, , high]) => high),
        },
        action: {
          names: ['delta_x', 'delta_y', 'delta_z'],
          low: [-maxDelta, -maxDelta, -maxDelta],
          high: [maxDelta, maxDelta, maxDelta],
        },
        modes: layout.modeNames,
        contexts,
        controlSeconds,
        drawStart,
        readStart: readAligningStart,
        begin: (start) => new AligningEpisode(start),
        blankInfo: () => ({
          outcome: {
            success: false,
            mode: null,
            distance: 0,
            metrics: { positionError: 0, rotationError: 0 },
          },
        }),
      },
      spec,
    );
  }
}

/** Loads the physics engine and returns the factory of Aligning, which takes no arguments. */
export async function loadAligning(): Promise<EnvFactory> {
  await loadPhysics();
  return (kwargs, spec) => {
    resolveKwargs(kwargs, {});
    return new Aligning(spec);
  };
}
