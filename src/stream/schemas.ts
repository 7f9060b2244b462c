/** JSON Schemas of the channels, in the form in which the Foxglove protocol advertises them. */

type Schema = Readonly<Record<string, unknown>>;

const number: Schema = { type: 'number' };
const integer: Schema = { type: 'integer' };
const text: Schema = { type: 'string' };
const flag: Schema = { type: 'boolean' };
const array = (items: Schema): Schema => ({ type: 'array', items });
const object = (properties: Readonly<Record<string, Schema>>): Schema => ({ type: 'object', properties });
const named = (title: string, properties: Readonly<Record<string, Schema>>): string =>
  JSON.stringify({ title, ...object(properties) });

const time = object({ sec: integer, nsec: integer });
const vector = object({ x: number, y: number, z: number });
const quaternion = object({ x: number, y: number, z: number, w: number });
const pose = object({ position: vector, orientation: quaternion });
const color = object({ r: number, g: number, b: number, a: number });
const keyValue = object({ key: text, value: text });

/** The part of `foxglove.SceneUpdate` that is filled in; a stock client draws it in its 3D panel. */
export const SCENE_UPDATE_SCHEMA = named('foxglove.SceneUpdate', {
  deletions: array(object({ timestamp: time, type: integer, id: text })),
  entities: array(
    object({
      timestamp: time,
      frame_id: text,
      id: text,
      lifetime: time,
      frame_locked: flag,
      metadata: array(keyValue),
      cubes: array(object({ pose, size: vector, color })),
      cylinders: array(object({ pose, size: vector, bottom_scale: number, top_scale: number, color })),
      triangles: array(
        object({ pose, points: array(vector), color, colors: array(color), indices: array(integer) }),
      ),
    }),
  ),
});

const part = object({
  name: text,
  role: text,
  shape: object({ kind: text }),
  height: number,
  poseInWorld: array(number),
  color: text,
  poseIndex: integer,
});

/** Schema of `/scene`. */
export const SCENE_SCHEMA = named('modewise.Scene', {
  env: text,
  modes: array(text),
  components: integer,
  dtSeconds: number,
  contexts: array(text),
  policies: array(
    object({
      name: text,
      description: text,
      components: integer,
      origin: array(number),
      bounds: array(number),
    }),
  ),
  scene: object({ parts: array(part), bounds: array(number), movingParts: integer }),
});

/** Schema of `/rollouts`: one entry per rollout in every list, e.g. `/rollouts.mode[3]`. */
export const ROLLOUTS_SCHEMA = named('modewise.Rollouts', {
  timeSeconds: number,
  episode: array(integer),
  seed: array(integer),
  context: array(integer),
  step: array(integer),
  mode: array(integer),
  component: array(integer),
  status: array(integer),
  gateComponent: array(array(integer)),
  gateProbability: array(array(number)),
});

const score = {
  rollouts: integer,
  success: object({ rate: number, low: number, high: number }),
  entropy: object({ value: number, ceiling: number }),
  modes: object({ covered: integer, total: integer, counts: array(integer) }),
};

/** Schema of `/score`: every number in it can be plotted. */
export const SCORE_SCHEMA = named('modewise.Score', {
  ...score,
  comparison: object({
    policies: array(object(score)),
    pairs: array(
      object({
        first: integer,
        second: integer,
        both: integer,
        onlyFirst: integer,
        onlySecond: integer,
        neither: integer,
      }),
    ),
  }),
});

/** Schema of `/status`. */
export const STATUS_SCHEMA = named('modewise.Status', {
  policy: text,
  paused: flag,
  speed: number,
  rollouts: integer,
  maxRollouts: integer,
  timeline: object({ durationSeconds: number, position: number, loop: flag }),
});

/** Schema of `/episode`. */
export const EPISODE_SCHEMA = named('modewise.Episode', {
  episode: integer,
  env: text,
  policy: integer,
  context: text,
  options: object({}),
  seed: integer,
  steps: integer,
  success: flag,
  mode: { type: ['integer', 'null'] },
  stateHash: text,
  observations: { type: 'string', contentEncoding: 'base64' },
  actions: { type: 'string', contentEncoding: 'base64' },
});

/** Schema of `/teleoperation`. */
export const TELEOPERATION_SCHEMA = named('modewise.Teleoperation', {
  phase: text,
  operator: { type: ['string', 'null'] },
  operatorName: text,
  axes: array(text),
  takesPoints: flag,
  commanded: array(number),
  attempt: integer,
  step: integer,
  maxSteps: { type: ['integer', 'null'] },
  success: flag,
  mode: { type: ['integer', 'null'] },
  distance: number,
  canSave: flag,
  counts: array(integer),
  episodes: integer,
  saved: integer,
  note: object({ number: integer, text, isGood: flag }),
});

const bytes: Schema = { type: 'string', contentEncoding: 'base64' };

/** Schemas of the channels under `/training`. */
export const TRAINING_SCHEMAS = {
  demonstrations: named('modewise.TrainingDemonstrations', {
    episodes: integer,
    position: { type: ['string', 'null'] },
    drawn: array(integer),
    modes: array(integer),
    pathStarts: array(integer),
    points: bytes,
  }),
  progress: named('modewise.TrainingProgress', {
    method: text,
    state: text,
    phase: text,
    done: integer,
    total: integer,
    rollouts: integer,
    evaluating: flag,
  }),
  curves: named('modewise.TrainingCurves', {
    curves: array(object({ phase: text, name: text, at: array(integer), values: array(number) })),
  }),
  curricula: named('modewise.TrainingCurricula', {
    grid: { type: ['object', 'null'] },
    iterations: array(
      object({
        number: integer,
        iteration: integer,
        at: integer,
        names: array(integer),
        prior: array(number),
        entropy: array(number),
        claimed: array(integer),
        modes: array(integer),
        claims: bytes,
        weights: bytes,
        map: { type: ['object', 'null'] },
      }),
    ),
  }),
} as const;
