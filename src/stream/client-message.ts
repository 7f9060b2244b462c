import { z } from 'zod';

/** Most entries that one message may list; a longer list is a mistake or an attack. */
const MAX_ENTRIES = 256;

const id = z.number().int().min(0).max(0xffffffff);
const names = z.array(z.string().max(256)).max(MAX_ENTRIES);
const requestId = z.string().max(256).optional();

const clientMessageSchema = z.discriminatedUnion('op', [
  z.object({
    op: z.literal('subscribe'),
    subscriptions: z.array(z.object({ id, channelId: id })).max(MAX_ENTRIES),
  }),
  z.object({ op: z.literal('unsubscribe'), subscriptionIds: z.array(id).max(MAX_ENTRIES) }),
  z.object({ op: z.literal('getParameters'), parameterNames: names, id: requestId }),
  z.object({
    op: z.literal('setParameters'),
    parameters: z.array(z.object({ name: z.string().max(256), value: z.unknown() })).max(MAX_ENTRIES),
    id: requestId,
  }),
  z.object({ op: z.literal('subscribeParameterUpdates'), parameterNames: names }),
  z.object({ op: z.literal('unsubscribeParameterUpdates'), parameterNames: names }),
  z.object({
    op: z.literal('advertise'),
    channels: z
      .array(z.object({ id, topic: z.string().max(256), encoding: z.string().max(256) }))
      .max(MAX_ENTRIES),
  }),
  z.object({ op: z.literal('unadvertise'), channelIds: z.array(id).max(MAX_ENTRIES) }),
]);

/** The messages of the Foxglove protocol that this server answers. */
export type ClientMessage = z.infer<typeof clientMessageSchema>;

/**
 * Reads a text message of a client.
 *
 * @returns the message, or what is wrong with it as a sentence for the client.
 */
export function parseClientMessage(
  text: string,
): { readonly message: ClientMessage } | { readonly fault: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { fault: 'the message is not JSON' };
  }
  const result = clientMessageSchema.safeParse(json);
  if (result.success) return { message: result.data };
  const issue = result.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? 'message' : issue.path.join('.');
  return { fault: `${where}: ${issue?.message ?? 'not understood'}`.slice(0, 300) };
}
