import type { ChannelDescription } from './channel.ts';
import {
  EPISODE_SCHEMA,
  ROLLOUTS_SCHEMA,
  SCENE_SCHEMA,
  SCENE_UPDATE_SCHEMA,
  SCORE_SCHEMA,
  STATUS_SCHEMA,
  TELEOPERATION_SCHEMA,
} from './schemas.ts';
import { TOPICS } from './wire.ts';

function describe(topic: string, encoding: string, schemaName: string, schema = ''): ChannelDescription {
  return { topic, encoding, schemaName, schema, ...(schema === '' ? {} : { schemaEncoding: 'jsonschema' }) };
}

/** What is said of each channel, on the wire and in a recording. */
export const CHANNELS = {
  scene: describe(TOPICS.scene, 'json', 'modewise.Scene', SCENE_SCHEMA),
  history: describe(TOPICS.history, 'modewise.frames.v2', 'modewise.FrameHistory'),
  frame: describe(TOPICS.frame, 'modewise.frame.v2', 'modewise.Frame'),
  score: describe(TOPICS.score, 'json', 'modewise.Score', SCORE_SCHEMA),
  status: describe(TOPICS.status, 'json', 'modewise.Status', STATUS_SCHEMA),
  episode: describe('/episode', 'json', 'modewise.Episode', EPISODE_SCHEMA),
  rollouts: describe('/rollouts', 'json', 'modewise.Rollouts', ROLLOUTS_SCHEMA),
  sceneMarkers: describe('/markers/scene', 'json', 'foxglove.SceneUpdate', SCENE_UPDATE_SCHEMA),
  rolloutMarkers: describe('/markers/rollouts', 'json', 'foxglove.SceneUpdate', SCENE_UPDATE_SCHEMA),
} as const;

/** What is said of the channel that only a server with an operator has. */
export const TELEOPERATION_CHANNEL = describe(
  TOPICS.teleoperation,
  'json',
  'modewise.Teleoperation',
  TELEOPERATION_SCHEMA,
);

/** Simulated time between two messages of `/rollouts` and `/markers/rollouts`, seconds. */
export const MARKER_PERIOD_SECONDS = 0.1;
