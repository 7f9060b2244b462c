/** The names and JSON forms that server and page share; nothing in here needs Node. */
import type { Scene } from '../physics/scene.ts';

export type { PartRole, Scene, ScenePart, Shape } from '../physics/scene.ts';

/** Name that the server gives in `serverInfo`. */
export const SERVER_NAME = 'modewise';

/** Topics of the channels that the page reads, in the order in which it subscribes: history before frames. */
export const TOPICS = {
  scene: '/scene',
  history: '/history',
  frame: '/frame',
  score: '/score',
  status: '/status',
  teleoperation: '/teleoperation',
} as const;

/** Topics on which the client that operates publishes, in JSON. */
export const CLIENT_TOPICS = {
  /** A {@link TeleoperationInput}. */
  input: '/teleoperation/input',
  /** A {@link TeleoperationCommand}. */
  command: '/teleoperation/command',
} as const;

/** Most policies that are shown side by side. */
export const MAX_COMPARED = 4;

/** One of several policies that are shown side by side, each on a table of its own. */
export interface ComparedPolicy {
  /** Name for people, e.g. that of its run folder. */
  readonly name: string;
  /** What it is, e.g. `imc, 64 components`. */
  readonly description: string;
  /** Its components; 0 for a policy without. */
  readonly components: number;
  /** Where the origin of its world frame lies in the scene: subtract it from the poses of its rollouts; metres. */
  readonly origin: readonly [number, number];
  /** Area that its table takes in the scene: [minX, minY, maxX, maxY], metres. */
  readonly bounds: readonly [number, number, number, number];
}

/** Facts about the task and policy that colours, legends and titles need. */
export interface SceneFacts {
  /** Id of the environment, e.g. `Avoiding-v0`. */
  readonly env: string;
  /** One short name per mode, in mode order. */
  readonly modes: readonly string[];
  /** C, the components of the policy; 0 for a policy without. Of several, the most that one has. */
  readonly components: number;
  /** Duration of one control step, seconds. */
  readonly dtSeconds: number;
  /** Names of the contexts that episodes begin in, in the order of their indices; absent where nobody has said. */
  readonly contexts?: readonly string[];
  /**
   * Policies that are compared, P of them; absent for a single one. A frame of R rollouts has R / P of each, those of the first
   * policy first; rollouts at the same place within their policies run the same episode: same context, same seed.
   */
  readonly policies?: readonly ComparedPolicy[];
}

/** Payload of `/scene`: sent once, and again to whoever joins later. */
export interface SceneMessage extends SceneFacts {
  readonly scene: Scene;
}

/** How a policy has done so far. */
export interface PolicyScore {
  /** Finished rollouts that the numbers rest on. */
  readonly rollouts: number;
  /** Success rate with its 95 % Wilson interval, all in 0..1; null before the first rollout has finished. */
  readonly success: { readonly rate: number; readonly low: number; readonly high: number } | null;
  /**
   * Behavior entropy in 0..1, and what a perfectly uniform policy would be expected to score with as many
   * successes; null before the first success.
   */
  readonly entropy: { readonly value: number; readonly ceiling: number } | null;
  /** Successful rollouts per mode, in mode order. */
  readonly modes: { readonly covered: number; readonly total: number; readonly counts: readonly number[] };
}

/** How two policies have done in the same episodes. */
export interface PairedOutcomes {
  /** Indices of the policies. */
  readonly first: number;
  readonly second: number;
  /** Episodes in which both, only the first, only the second, and neither succeeded. */
  readonly both: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
  readonly neither: number;
}

/** Payload of `/score`; where policies are compared, what is said outside of `comparison` is of the first one. */
export interface ScoreMessage extends PolicyScore {
  /** All policies, over the episodes that every one of them has finished; absent for a single policy. */
  readonly comparison?: {
    readonly policies: readonly PolicyScore[];
    /** Every two policies once. */
    readonly pairs: readonly PairedOutcomes[];
  };
}

/** Payload of `/status`: what is shown, and how the loop that makes the frames is set. */
export interface StatusMessage {
  /** Name of the policy for people, e.g. `imc, 64 components`. */
  readonly policy: string;
  readonly paused: boolean;
  /** Simulated seconds per second. */
  readonly speed: number;
  /** Rollouts that run side by side: R, or R / P of each policy where P are compared. */
  readonly rollouts: number;
  /** Greatest number that the loop accepts. */
  readonly maxRollouts: number;
  /** What is shown is a recording, and this is where it stands; absent for a live loop. */
  readonly timeline?: TimelineStatus;
}

/** How the playback of a recording stands; every client has its own. */
export interface TimelineStatus {
  readonly durationSeconds: number;
  /** Simulated time of the frame that is shown, seconds since the first one. */
  readonly position: number;
  /** Begins again at the end. */
  readonly loop: boolean;
}

/** Payload of `/episode`: a finished episode, with what is needed to run it again and to see whether it is the same. */
export interface EpisodeMessage {
  /** Number of the episode, as in the frames. */
  readonly episode: number;
  readonly env: string;
  /** Index of the policy that acted; absent where there is only one. */
  readonly policy?: number;
  /** Name of the context it began in. */
  readonly context: string;
  /** Options of the reset. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly seed: number;
  /** T, control steps. */
  readonly steps: number;
  readonly success: boolean;
  readonly mode: number | null;
  /** Physical state hash at the end, 16 hexadecimal digits. */
  readonly stateHash: string;
  /** What was observed before each step, shape `[T, Do]`: little-endian float32 in base64. */
  readonly observations: string;
  /** What was commanded at each step, shape `[T, Da]`: little-endian float32 in base64. */
  readonly actions: string;
}

/**
 * What a viewer may ask of the loop: the parameters of the Foxglove protocol; `rollouts` of a live loop, `position`
 * and `loop` of a recording. At least one field is set.
 */
export interface ControlChange {
  readonly paused?: boolean;
  readonly speed?: number;
  readonly rollouts?: number;
  /** Seconds since the first frame. */
  readonly position?: number;
  readonly loop?: boolean;
}

/** Slowest and fastest speed that a viewer may ask for, simulated seconds per second. */
export const SPEED_RANGE = [0.1, 8] as const;

/** What a person may move the command with; `other` is a program. */
export const DEVICES = ['mouse', 'touch', 'pen', 'keyboard', 'gamepad', 'other'] as const;

/** One of {@link DEVICES}. */
export type Device = (typeof DEVICES)[number];

/** What whoever operates may ask for, from any device. */
export const TELEOPERATION_ACTIONS = ['start', 'save', 'discard', 'redo', 'take'] as const;

/** One of {@link TELEOPERATION_ACTIONS}; `take` makes a watching client the one that operates. */
export type TeleoperationAction = (typeof TELEOPERATION_ACTIONS)[number];

/** Payload of `/teleoperation/command`. */
export interface TeleoperationCommand {
  readonly action: TeleoperationAction;
}

/** Payload of `/teleoperation/input`: where the command is to go, or how fast; the newest one counts. */
export type TeleoperationInput = {
  /** `other` unless given. */
  readonly device?: Device;
} & (
  | {
      /** Wanted position in the world frame, metres; holds until another is sent. */
      readonly point: readonly [number, number];
    }
  | {
      /** Share of the greatest speed of each axis, -1 to 1; holds for half a second unless it is sent again. */
      readonly velocity: readonly number[];
    }
);

/**
 * How an episode driven by hand stands: waiting for its start, running, over and to be saved or not, being replayed
 * and written.
 */
export type TeleoperationPhase = 'ready' | 'recording' | 'ended' | 'saving';

/** Payload of `/teleoperation`: all that a page for driving by hand shows beside the rollout. */
export interface TeleoperationMessage {
  readonly phase: TeleoperationPhase;
  /** Id of the client that operates, as `serverInfo` told it in `metadata.client`; null while nobody does. */
  readonly operator: string | null;
  /** Name under which episodes are saved. */
  readonly operatorName: string;
  /** Names of what is moved, in the order of the action. */
  readonly axes: readonly string[];
  /** The axes are x and y of the world frame, so that points can be sent as well as velocities. */
  readonly takesPoints: boolean;
  /** Where the command is, metres in the world frame or radians, shape `[Da]`. */
  readonly commanded: readonly number[];
  /** Number of the episode since the program began. */
  readonly attempt: number;
  /** Control steps done in it. */
  readonly step: number;
  /** Steps at which it is cut off; null for no limit. */
  readonly maxSteps: number | null;
  readonly success: boolean;
  readonly mode: number | null;
  /** Distance to the goal as the task defines it, metres. */
  readonly distance: number;
  /** The episode as it stands can be saved. */
  readonly canSave: boolean;
  /** Successful episodes of each mode in the dataset, whoever made them. */
  readonly counts: readonly number[];
  /** Episodes in the dataset. */
  readonly episodes: number;
  /** Those of them that were saved since the program began. */
  readonly saved: number;
  /** What was last done or refused, for people; the number tells one from the next. */
  readonly note: { readonly number: number; readonly text: string; readonly isGood: boolean };
}
