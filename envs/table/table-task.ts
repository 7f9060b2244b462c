import type { EnvSpec } from '../../src/gym/registry.ts';
import { EpisodicTask } from '../episodic-task.ts';
import { readStart } from './start-options.ts';
import { TableEpisode } from './table-episode.ts';
import type { Start, TableRules } from './table-rules.ts';

/**
 * A task in which a rod, moved by an arm that lags behind its command, pushes blocks over a table with friction.
 * {@link TableRules} say which: geometry, observation, success and modes.
 */
export class TableTask extends EpisodicTask<Start> {
  constructor(rules: TableRules, spec: EnvSpec | null = null) {
    const { control, metrics } = rules;
    const { maxDelta } = control;
    super(
      {
        observation: rules.observation,
        action: {
          names: ['delta_x', 'delta_y'],
          low: [-maxDelta, -maxDelta],
          high: [maxDelta, maxDelta],
        },
        modes: rules.modes,
        contexts: rules.contexts,
        controlSeconds: control.controlSeconds,
        drawStart: (rng) => rules.drawStart(rng),
        readStart: (options) => readStart(options, rules),
        begin: (start) => new TableEpisode(rules, start),
        blankInfo: () => ({
          outcome: {
            success: false,
            mode: null,
            distance: 0,
            ...(metrics === undefined ? {} : { metrics: zeros(metrics) }),
          },
        }),
      },
      spec,
    );
  }
}

function zeros(names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, 0]));
}
