import type { ChannelDescription } from './channel.ts';
import { TRAINING_SCHEMAS } from './schemas.ts';
import { TRAINING_TOPICS } from './training-wire.ts';

function describe(kind: keyof typeof TRAINING_TOPICS, schemaName: string): ChannelDescription {
  const schema = TRAINING_SCHEMAS[kind];
  return { topic: TRAINING_TOPICS[kind], encoding: 'json', schemaName, schema, schemaEncoding: 'jsonschema' };
}

/** What is said of the channels that only the server of a training has. */
export const TRAINING_CHANNELS = {
  demonstrations: describe('demonstrations', 'modewise.TrainingDemonstrations'),
  progress: describe('progress', 'modewise.TrainingProgress'),
  curves: describe('curves', 'modewise.TrainingCurves'),
  curricula: describe('curricula', 'modewise.TrainingCurricula'),
} as const;
