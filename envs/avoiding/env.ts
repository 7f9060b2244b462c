import { resolveKwargs } from '../../src/gym/kwargs.ts';
import type { EnvFactory, EnvKwargs, EnvSpec } from '../../src/gym/registry.ts';
import { loadPhysics } from '../../src/physics/planar-world.ts';
import { EpisodicTask } from '../episodic-task.ts';
import { knownOptions } from '../reset-options.ts';
import { AvoidingEpisode } from './episode.ts';
import * as layout from './layout.ts';
import { modeNames } from './modes.ts';

/** Arguments of the environment; see README.md, section Arguments. */
export interface AvoidingKwargs {
  /** Whether crossing the finish line ends the episode; false lets a recording run on, as the human ones do. */
  readonly terminateOnSuccess: boolean;
}

const defaults: AvoidingKwargs = { terminateOnSuccess: true };

const [minX, minY, maxX, maxY] = layout.table;
/**
 * How far the rod can be from its command: the impulse response of the lag, summed in absolute value, times the
 * largest command speed is 0.16 m ahead and 0.09 m across.
 */
const lag = 0.2;

/**
 * Avoiding-v0: move a rod through three rows of obstacles to the finish line, in one of 24 ways. A planar port of
 * D3IL's Avoiding; its README.md describes spaces, rules and physics.
 */
export class Avoiding extends EpisodicTask<true> {
  /** @throws ConfigError when an argument is unknown or of another type. */
  constructor(kwargs: EnvKwargs = {}, spec: EnvSpec | null = null) {
    const { terminateOnSuccess } = resolveKwargs(kwargs, defaults);
    const { maxDelta } = layout;
    super(
      {
        observation: {
          names: ['commanded_x', 'commanded_y', 'measured_x', 'measured_y'],
          low: [minX, minY, minX - lag, minY - lag],
          high: [maxX, maxY, maxX + lag, maxY + lag],
        },
        action: {
          names: ['delta_x', 'delta_y'],
          low: [-maxDelta, -maxDelta],
          high: [maxDelta, maxDelta],
        },
        modes: modeNames,
        contexts: [{ name: 'fixed start', options: {} }],
        controlSeconds: layout.controlSeconds,
        drawStart: () => true,
        readStart: (options) => (knownOptions(options, []) === null ? null : true),
        begin: () => new AvoidingEpisode(terminateOnSuccess),
        blankInfo: () => ({ outcome: { success: false, mode: null, distance: 0 }, touched: null }),
      },
      spec,
    );
  }
}

/** Loads the physics engine and returns the factory of Avoiding. */
export async function loadAvoiding(): Promise<EnvFactory> {
  await loadPhysics();
  return (kwargs, spec) => new Avoiding(kwargs, spec);
}
