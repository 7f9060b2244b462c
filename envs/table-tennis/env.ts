import { resolveKwargs } from '../../src/gym/kwargs.ts';
import type { EnvFactory, EnvSpec } from '../../src/gym/registry.ts';
import { loadPhysics } from '../../src/physics/planar-world.ts';
import { EpisodicTask } from '../episodic-task.ts';
import { observationBounds, TableTennisEpisode } from './episode.ts';
import { controlSeconds, maxDelta, targets } from './layout.ts';
import { contexts, drawServe, readServe, type Serve } from './serve.ts';

/** Names of the modes: the face of the paddle that strikes, and the side that the ball returns to. */
export const modeNames: readonly string[] = ['forehand', 'backhand'].flatMap((stroke) =>
  targets.map(({ name }) => `${stroke}-${name}`),
);

const joints = ['shoulder', 'elbow', 'wrist'];

/**
 * TableTennis-v0: an arm of three joints, seen from above, returns a ball to the left or to the right, with one face of
 * its paddle or with the other. Its README.md describes spaces, rules and physics.
 */
export class TableTennis extends EpisodicTask<Serve> {
  constructor(spec: EnvSpec | null = null) {
    super(
      {
        observation: {
          names: [
            ...['commanded', 'measured', 'speed'].flatMap((what) =>
              joints.map((joint) => `${what}_${joint}`),
            ),
            ...['ball_x', 'ball_y', 'ball_vx', 'ball_vy'],
          ],
          low: observationBounds.map((bound) => -bound),
          high: observationBounds,
        },
        action: {
          names: joints.map((joint) => `delta_${joint}`),
          low: joints.map(() => -maxDelta),
          high: joints.map(() => maxDelta),
        },
        modes: modeNames,
        contexts,
        controlSeconds,
        drawStart: drawServe,
        readStart: readServe,
        begin: (serve) => new TableTennisEpisode(serve),
      },
      spec,
    );
  }
}

/** Loads the physics engine and returns the factory of TableTennis, which takes no arguments. */
export async function loadTableTennis(): Promise<EnvFactory> {
  await loadPhysics();
  return (kwargs, spec) => {
    resolveKwargs(kwargs, {});
    return new TableTennis(spec);
  };
}
