/** The JSON forms in which a server shows a training to the page; nothing in here needs Node. */

/** Topics of the channels that only the server of a training has, in the order in which the page subscribes. */
export const TRAINING_TOPICS = {
  demonstrations: '/training/demonstrations',
  progress: '/training/progress',
  curves: '/training/curves',
  curricula: '/training/curricula',
} as const;

/** Payload of `/training/demonstrations`: what is learned from, as far as it can be drawn; sent once. */
export interface TrainingDemonstrationsMessage {
  /** E, all demonstrations that are learned from. */
  readonly episodes: number;
  /** What of the observation is drawn, e.g. `measured` for `measured_x` and `measured_y`; null for nothing. */
  readonly position: string | null;
  /** The D demonstrations that are drawn: evenly spaced ones of all where there are very many; shape `[D]`. */
  readonly drawn: readonly number[];
  /** Mode of each of them, -1 for none; shape `[D]`. */
  readonly modes: readonly number[];
  /** First point of each path, and the number of all points P at the end; shape `[D+1]`. */
  readonly pathStarts: readonly number[];
  /** x and y in the world frame, metres, shape `[P, 2]`: little-endian float32 in base64. */
  readonly points: string;
}

/** How a training stands: going on, ended by Ctrl-C, or done. */
export type TrainingState = 'training' | 'interrupted' | 'done';

/** Payload of `/training/progress`. */
export interface TrainingProgressMessage {
  readonly method: string;
  readonly state: TrainingState;
  /** What is being trained, e.g. `experts`. */
  readonly phase: string;
  /** Training steps done, and to do in all. */
  readonly done: number;
  readonly total: number;
  /** Rollouts of each evaluation of the policy so far; 0 where there is none. */
  readonly rollouts: number;
  /** Whether the policy of some moment is being evaluated. */
  readonly evaluating: boolean;
}

/** One quantity over the training. */
export interface TrainingCurve {
  /** Phase whose rows of the log have it, e.g. `select`; `evaluation` for the policy so far. */
  readonly phase: string;
  /** Column of the log, e.g. `bound`. */
  readonly name: string;
  /** Training steps done at each point, ascending; shape `[n]`. */
  readonly at: readonly number[];
  /** Shape `[n]`. */
  readonly values: readonly number[];
}

/** Payload of `/training/curves`: all curves so far. */
export interface TrainingCurvesMessage {
  readonly curves: readonly TrainingCurve[];
}

/** Where the cells of a {@link GateMapMessage} lie: columns along x, rows along y, the first at the least of both. */
export interface GateGrid {
  readonly columns: number;
  readonly rows: number;
  /** Edges of the grid in the world frame, metres: least x and y, greatest x and y. */
  readonly bounds: readonly [number, number, number, number];
}

/** Which expert is preferred where. */
export interface GateMapMessage {
  /**
   * `gate`: the gate's own answer at the observation of the nearest demonstrated step, moved into the middle of the
   * cell. `demonstrations`: no gate is fitted yet, and what it is going to be fitted to is shown, the responsibilities of
   * the experts for the demonstrations nearest to the cell.
   */
  readonly source: 'gate' | 'demonstrations';
  /** Position in {@link TrainingIteration.names} of the preferred expert, shape `[rows, columns]`: u16 in base64. */
  readonly experts: string;
  /** Its probability, 255 for 1, and 0 where no demonstration is near; shape `[rows, columns]`: u8 in base64. */
  readonly shares: string;
}

/** The curricula after one update. */
export interface TrainingIteration {
  /** Counts the snapshots from 0; one that is missing was left out to save room. */
  readonly number: number;
  /** Updates of the curricula done. */
  readonly iteration: number;
  /** Training steps done. */
  readonly at: number;
  /** What the components are called: names stay when others are deleted; shape `[C]`. */
  readonly names: readonly number[];
  /** p(z), shape `[C]`. */
  readonly prior: readonly number[];
  /** H(p(e|z)) over the demonstrations, nats, shape `[C]`; its exponential is the effective number of them. */
  readonly entropy: readonly number[];
  /** Demonstrations that each component claims: it is the most responsible for them, those held out apart; shape `[C]`. */
  readonly claimed: readonly number[];
  /** Mode of most of these, -1 for none; shape `[C]`. */
  readonly modes: readonly number[];
  /** Position in `names` of the component that claims each drawn demonstration, 65535 for none; shape `[D]`: u16 in base64. */
  readonly claims: string;
  /** Its weight in the curriculum of that component, 255 for the greatest there; shape `[D]`: u8 in base64. */
  readonly weights: string;
  readonly map: GateMapMessage | null;
}

/** Payload of `/training/curricula`: the iterations so far; never sent for methods without curricula. */
export interface TrainingCurriculaMessage {
  /** Null where the observation has no position in the plane. */
  readonly grid: GateGrid | null;
  /** Oldest first; the first and the newest are always there. */
  readonly iterations: readonly TrainingIteration[];
}
