import { z } from 'zod';
import { MAX_MOVING_PARTS, MAX_ROLLOUTS } from './frame.ts';
import {
  type ComparedPolicy,
  type EpisodeMessage,
  MAX_COMPARED,
  type SceneMessage,
  type ScoreMessage,
  type StatusMessage,
} from './wire.ts';

/** Most parts, modes, contexts or corners that anything recorded may have. */
const MOST = 65_536;

const length = z.number().nonnegative().max(1000);
const coordinate = z.number().min(-1000).max(1000);
const pose = z.tuple([coordinate, coordinate, z.number()]);
const text = z.string().max(1024);
const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);

const shape = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('disc'), radius: length }),
  z.object({ kind: z.literal('box'), halfWidth: length, halfDepth: length }),
  z.object({
    kind: z.literal('polygon'),
    points: z
      .array(z.tuple([coordinate, coordinate]))
      .min(3)
      .max(MOST),
  }),
]);

const part = z.object({
  name: text,
  role: z.enum(['robot', 'obstacle', 'object', 'target', 'finish', 'table']),
  shape,
  height: length,
  poseInWorld: pose,
  color: z.exactOptional(z.string().regex(/^#[0-9a-f]{6}$/i)),
  poseIndex: z.exactOptional(count.max(MAX_MOVING_PARTS - 1)),
});

const bounds = z.tuple([coordinate, coordinate, coordinate, coordinate]);

const policy: z.ZodType<ComparedPolicy> = z.object({
  name: text,
  description: text,
  components: count.max(MOST),
  origin: z.tuple([coordinate, coordinate]),
  bounds,
});

const scene: z.ZodType<SceneMessage> = z.object({
  env: text,
  modes: z.array(text).max(MOST),
  components: count.max(MOST),
  dtSeconds: z.number().positive().max(1000),
  contexts: z.exactOptional(z.array(text).max(MOST)),
  policies: z.exactOptional(z.array(policy).min(1).max(MAX_COMPARED)),
  scene: z.object({
    parts: z.array(part).max(MOST),
    bounds,
    movingParts: count.max(MAX_MOVING_PARTS),
  }),
});

const status: z.ZodType<StatusMessage> = z.object({
  policy: text,
  paused: z.boolean(),
  speed: z.number(),
  rollouts: count.max(MAX_ROLLOUTS),
  maxRollouts: count,
});

const policyScore = z.object({
  rollouts: count,
  success: z.object({ rate: share, low: share, high: share }).nullable(),
  entropy: z.object({ value: z.number(), ceiling: z.number() }).nullable(),
  modes: z.object({ covered: count, total: count, counts: z.array(count).max(MOST) }),
});

const index = count.max(MAX_COMPARED - 1);

const score: z.ZodType<ScoreMessage> = policyScore.extend({
  comparison: z.exactOptional(
    z.object({
      policies: z.array(policyScore).max(MAX_COMPARED),
      pairs: z
        .array(
          z.object({
            first: index,
            second: index,
            both: count,
            onlyFirst: count,
            onlySecond: count,
            neither: count,
          }),
        )
        .max(MAX_COMPARED ** 2),
    }),
  ),
});

const episode: z.ZodType<EpisodeMessage> = z.object({
  episode: count,
  env: text,
  policy: z.exactOptional(index),
  context: text,
  options: z.record(z.string(), z.unknown()),
  seed: count.max(0xffffffff),
  steps: count,
  success: z.boolean(),
  mode: z.number().int().nullable(),
  stateHash: z.string().regex(/^[0-9a-f]{16}$/),
  observations: z.string(),
  actions: z.string(),
});

const schemas = { scene, status, score, episode } as const;

/** The JSON messages of a recording that are read back, by kind. */
export interface RecordedMessages {
  readonly scene: SceneMessage;
  readonly status: StatusMessage;
  readonly score: ScoreMessage;
  readonly episode: EpisodeMessage;
}

/**
 * Reads a JSON message of a recording. Whoever wrote the file may have written anything into it.
 *
 * @returns the message, or what is wrong with it: the field, and what it should be.
 */
export function readMessage<K extends keyof RecordedMessages>(
  kind: K,
  bytes: Uint8Array,
): { readonly message: RecordedMessages[K] } | { readonly fault: string } {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
  const result = schemas[kind].safeParse(json);
  if (result.success) return { message: result.data as RecordedMessages[K] };
  const issue = result.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? 'message' : issue.path.join('.');
  return { fault: `${where}: ${issue?.message ?? 'not understood'}`.slice(0, 300) };
}
