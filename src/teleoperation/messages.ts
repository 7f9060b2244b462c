import { z } from 'zod';
import { DEVICES, type Device, TELEOPERATION_ACTIONS, type TeleoperationAction } from '../stream/wire.ts';
import type { ControlScheme, Wish } from './control-scheme.ts';

/** Farthest place that may be asked for, metres. */
const FARTHEST = 100;

const device = z.enum(DEVICES).optional();
const coordinate = z.number().min(-FARTHEST).max(FARTHEST);
const inputSchema = z.union([
  z.strictObject({ device, point: z.tuple([coordinate, coordinate]) }),
  z.strictObject({ device, velocity: z.array(z.number().min(-1).max(1)).max(16) }),
]);
const commandSchema = z.strictObject({ action: z.enum(TELEOPERATION_ACTIONS) });

/** A message that was read, or what is wrong with it as a sentence for the client. */
export type Parsed<T> = { readonly value: T } | { readonly fault: string };

function parse<T>(schema: z.ZodType<T>, data: Uint8Array, expected: string): Parsed<T> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(data));
  } catch {
    return { fault: `the message is not JSON; expected: ${expected}` };
  }
  const result = schema.safeParse(json);
  return result.success ? { value: result.data } : { fault: `not understood; expected: ${expected}` };
}

/** Reads a message on `/teleoperation/input` for a task that is driven so. */
export function parseInput(
  data: Uint8Array,
  { axes, takesPoints }: ControlScheme,
): Parsed<{ readonly wish: Wish; readonly device: Device }> {
  const velocity = `{"velocity": [${axes.join(', ')}], each from -1 to 1}`;
  const point = `{"point": [x, y] in metres}`;
  const expected = `${takesPoints ? `${point} or ${velocity}` : velocity}, "device" as one of ${DEVICES.join(', ')}`;
  const parsed = parse(inputSchema, data, expected);
  if ('fault' in parsed) return parsed;
  const { value } = parsed;
  const from = value.device ?? 'other';
  if ('point' in value) {
    if (!takesPoints) return { fault: `this task is not driven by points; expected: ${expected}` };
    return { value: { device: from, wish: { kind: 'point', point: value.point } } };
  }
  if (value.velocity.length !== axes.length) {
    return { fault: `velocity has ${value.velocity.length} numbers; expected: ${expected}` };
  }
  return { value: { device: from, wish: { kind: 'velocity', velocity: value.velocity } } };
}

/** Reads a message on `/teleoperation/command`. */
export function parseCommand(data: Uint8Array): Parsed<TeleoperationAction> {
  const parsed = parse(commandSchema, data, `{"action": one of ${TELEOPERATION_ACTIONS.join(', ')}}`);
  return 'fault' in parsed ? parsed : { value: parsed.value.action };
}
