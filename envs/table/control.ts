import { controlSeconds, maxDelta, responseX, responseY, table } from './mechanics.ts';
import type { ControlRules } from './table-rules.ts';

/** How D3IL's arm is commanded; 7 sub-steps of 5 ms, in which a fast push goes 2 mm. */
export const d3ilControl: ControlRules = {
  controlSeconds,
  subSteps: 7,
  maxDelta,
  responseX,
  responseY,
  workspace: table,
};
