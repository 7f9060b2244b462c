import type { Parameter } from '@foxglove/ws-protocol';
import { type ControlChange, SPEED_RANGE, type StatusMessage } from './wire.ts';

/** Names of the parameters through which viewers control the loop. */
export const PARAMETER_NAMES = ['paused', 'speed', 'rollouts'] as const;

/** Reads the parameters that were asked for out of the status; no names mean all. */
export function parameterValues(status: StatusMessage, names: readonly string[]): Parameter[] {
  const wanted =
    names.length === 0 ? PARAMETER_NAMES : PARAMETER_NAMES.filter((name) => names.includes(name));
  return wanted.map((name) => {
    const value = status[name];
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
  switch (name) {
    case 'paused':
      return typeof value === 'boolean'
        ? { change: { paused: value } }
        : { fault: 'paused: must be true or false' };
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
      return { fault: `'${name.slice(0, 64)}' is no parameter; there are ${PARAMETER_NAMES.join(', ')}` };
  }
}
