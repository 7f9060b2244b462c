import type { ScenePart } from '../../src/physics/scene.ts';
import type { AxisResponse } from '../../src/physics/second-order.ts';
import type { Rng } from '../../src/random.ts';
import type { EvaluationContext } from '../task.ts';

/** Where something lies: [x, y, angleRad] in the world frame, metres. */
export type Pose = readonly [number, number, number];

/** Something that lies on the table: a block, or the mark that one belongs on. */
export interface Piece {
  readonly name: string;
  /** `#rrggbb`. */
  readonly color: string;
}

/** How an episode begins. */
export interface Start {
  /** One pose per block of the rules. */
  readonly blocks: readonly Pose[];
  /** One pose per target of the rules; empty where targets are fixed. */
  readonly targets: readonly Pose[];
}

/** What can be seen of the table; overwritten from step to step. */
export interface TableState {
  /** Commanded position of the rod, metres. */
  readonly commanded: ArrayLike<number>;
  /** Measured position of the rod, metres. */
  readonly rod: { readonly x: number; readonly y: number };
  readonly blocks: readonly { readonly x: number; readonly y: number; readonly angleRad: number }[];
  readonly targets: readonly Pose[];
}

/** Follows one episode and says how it stands by the rules of its task. */
export interface Judge {
  /** Takes note of the state after a control step. */
  observe(state: TableState): void;
  /** Whether everything is where it belongs now. */
  readonly solved: boolean;
  /** Index into the modes; null while undecided or when no mode applies. */
  readonly mode: number | null;
  /** Distance to the goal as the task defines it, metres. */
  readonly distance: number;
  /** Reward earned in the latest step for a part of the task. */
  readonly credit: number;
  /** Writes what else the task measures, under the names that the rules list. */
  measure?(metrics: Record<string, number>, success: boolean): void;
}

/** What observations are made of. */
export interface ObservationLayout {
  readonly names: readonly string[];
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** Writes the observation of a state, shape `[Do]`. */
  write(state: TableState, target: Float32Array): void;
}

/** How the arm is commanded. */
export interface ControlRules {
  /** Duration of a control step. */
  readonly controlSeconds: number;
  /** Physics sub-steps per control step. */
  readonly subSteps: number;
  /** Largest change of the commanded position per axis and control step. */
  readonly maxDelta: number;
  /** The arm's response to its command. */
  readonly responseX: AxisResponse;
  readonly responseY: AxisResponse;
  /** The commanded position is kept inside [minX, minY, maxX, maxY]: the table. */
  readonly workspace: readonly [number, number, number, number];
}

/** A task of a rod that pushes blocks over a table: all in which one differs from the next. */
export interface TableRules {
  readonly control: ControlRules;
  readonly rodStart: { readonly x: number; readonly y: number };
  readonly blocks: readonly Piece[];
  readonly blockSide: number;
  readonly blockMassKg: number;
  /** Targets that lie elsewhere in every episode; fixed ones are among the marks. */
  readonly targets: readonly Piece[];
  /** Half the side of a drawn target. */
  readonly targetHalfSide: number;
  /** Painted on the table, the same in all episodes. */
  readonly marks: readonly ScenePart[];
  /** Visible area [minX, minY, maxX, maxY]. */
  readonly bounds: readonly [number, number, number, number];
  readonly observation: ObservationLayout;
  readonly modes: readonly string[];
  readonly contexts: readonly EvaluationContext[];
  /** Consecutive control steps for which the task must be solved to count as a success. */
  readonly holdSteps: number;
  /** Reward of the step in which the success is complete. */
  readonly successReward: number;
  /** Names of what the judge measures beside success; left out where that is nothing. */
  readonly metrics?: readonly string[];
  drawStart(rng: Rng): Start;
  judge(): Judge;
}
