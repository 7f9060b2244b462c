import type { Parameter } from '@foxglove/ws-protocol';
import { type ControlChange, SPEED_RANGE, type StatusMessage } from './wire.ts';

const LIVE_NAMES = ['paused', 'speed', 'rollouts'] as const;
const RECORDING_NAMES = ['paused', 'speed', 'position', 'loop'] as const;

/** Names the parameters through which viewers control what the status tells of. */
function parameterNames(
  status: StatusMessage,
): readonly (typeof LIVE_NAMES | typeof RECORDING_NAMES)[number][] {
  return status.timeline === undefined ? LIVE_NAMES : RECORDING_NAMES;
}

/** Reads the parameters that were asked for out of the status; no names mean all. */
export function parameterValues(status: StatusMessage, names: readonly string[]): Parameter[] {
  const values = { position: 0, loop: false, ...status, ...status.timeline };
  const wanted = parameterNames(status).filter((name) => names.length === 0 || names.includes(name));
  return wanted.map((name) => {
    const value = values[name];
    return typeof value === 'number' ? { name, value, type: 'float64' } : { name, value };
  });
}

/**
 * Turns one parameter that a client wants to set into a change for the loop.
 *
 * @returns the change, or what is wrong as a sentence for the client.
 */
export function controlChange(
  parameter: { readonly name: string; readonly value?: unknown },
  status: StatusMessage,
): { readonly change: ControlChange } | { readonly fault: string } {
  const { name, value } = parameter;
  const known = parameterNames(status);
  if (!known.some((candidate) => candidate === name)) {
    return { fault: `'${name.slice(0, 64)}' is no parameter; there are ${known.join(', ')}` };
  }
  switch (name) {
    case 'paused':
    case 'loop':
      return typeof value === 'boolean'
        ? { change: { [name]: value } }
        : { fault: `${name}: must be true or false` };
    case 'position': {
      const end = status.timeline?.durationSeconds ?? 0;
      const fits = typeof value === 'number' && value >= 0 && value <= end;
      return fits ? { change: { position: value } } : { fault: `position: must be from 0 to ${end} seconds` };
    }
    case 'speed': {
      const [slowest, fastest] = SPEED_RANGE;
      const fits = typeof value === 'number' && value >= slowest && value <= fastest;
      return fits ? { change: { speed: value } } : { fault: `speed: must be from ${slowest} to ${fastest}` };
    }
    case 'rollouts': {
      const most = status.maxRollouts;
      const fits = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;
      return fits
        ? { change: { rollouts: value } }
        : { fault: `rollouts: must be a whole number from 1 to ${most}` };
    }
    default:
      return { fault: `${name}: cannot be set` };
  }
}
