import { resolveKwargs } from '../../src/gym/kwargs.ts';
import type { EnvFactory, EnvSpec } from '../../src/gym/registry.ts';
import { loadPhysics } from '../../src/physics/planar-world.ts';
import { EpisodicTask } from '../episodic-task.ts';
import { margin, PushTEpisode } from './episode.ts';
import { controlSeconds, side } from './layout.ts';
import { contexts, drawStart, type PushTStart, readStart } from './start.ts';

/** Names of the modes: the side of the stem on which the pusher touches the block first. */
export const modeNames: readonly string[] = ['left', 'right'];

/**
 * PushT-v0: push a T-shaped block onto a mark of its shape, by a round pusher. A port of Diffusion Policy's task; its
 * README.md describes spaces, rules and physics.
 */
export class PushT extends EpisodicTask<PushTStart> {
  constructor(spec: EnvSpec | null = null) {
    const place = [-margin, side + margin] as const;
    const bounds = [place, place, place, place, [-1, 1], [-1, 1]] as const;
    super(
      {
        observation: {
          names: ['pusher_x', 'pusher_y', 'block_x', 'block_y', 'block_sin_yaw', 'block_cos_yaw'],
          low: bounds.map(([low]) => low),
          high: bounds.map(([, high]) => high),
        },
        action: { names: ['target_x', 'target_y'], low: [0, 0], high: [side, side] },
        modes: modeNames,
        contexts,
        controlSeconds,
        drawStart,
        readStart,
        begin: (start) => new PushTEpisode(start),
        blankInfo: () => ({
          outcome: {
            success: false,
            mode: null,
            distance: 0,
            metrics: { maxCoverage: 0, finalCoverage: 0 },
          },
          coverage: 0,
          maxCoverage: 0,
        }),
      },
      spec,
    );
  }
}

/** Loads the physics engine and returns the factory of PushT, which takes no arguments. */
export async function loadPushT(): Promise<EnvFactory> {
  await loadPhysics();
  return (kwargs, spec) => {
    resolveKwargs(kwargs, {});
    return new PushT(spec);
  };
}
