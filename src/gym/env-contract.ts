import { EnvCheckError } from '../errors.ts';
import { Rng } from '../random.ts';
import type { Env, RenderFrame, ResetResult, StepResult } from './env.ts';
import { sameValue } from './same-value.ts';
import { Box } from './spaces/box.ts';
import { Dict } from './spaces/dict.ts';
import type { Space } from './spaces/space.ts';
import { Tuple } from './spaces/tuple.ts';

/** Details of a breach of the contract. */
export interface Breach {
  readonly found?: string | undefined;
  readonly expected?: string;
}

/** Reports a breach of the contract, naming the environment. @throws EnvCheckError always. */
export function breach(env: Env, what: string, { found, expected }: Breach = {}): never {
  throw new EnvCheckError({
    what,
    where: String(env.spec?.id ?? (env.unwrapped ?? env).constructor.name),
    ...(found === undefined ? {} : { found }),
    ...(expected === undefined ? {} : { expected }),
  });
}

/** Warns of bounds that are allowed but unusual; part by part for compound spaces. */
function unusualBounds(name: string, space: Space<unknown>): string[] {
  if (space instanceof Dict || space instanceof Tuple) {
    const parts = Object.entries(space.spaces as Readonly<Record<string, Space<unknown>>>);
    return parts.flatMap(([key, part]) => unusualBounds(`${name}.${key}`, part));
  }
  if (!(space instanceof Box)) return [];
  const warnings: string[] = [];
  for (let i = 0; i < space.size; i++) {
    const low = Number(space.low[i]);
    const high = Number(space.high[i]);
    if (low === high) warnings.push(`${name}: index ${i} has room for one value only, ${low}`);
    if (!Number.isFinite(low) || !Number.isFinite(high)) warnings.push(`${name}: index ${i} is not bounded`);
  }
  const isByte = space.dtype === 'uint8' && space.low[0] === 0 && space.high[0] === 255;
  if (space.shape.length === 3 && !isByte) {
    warnings.push(`${name}: looks like an image but is not uint8 from 0 to 255`);
  }
  return warnings;
}

/**
 * Checks that a space works: it has its methods, repeats its samples for one generator, and contains them.
 *
 * @returns what is allowed but unusual about it.
 */
export function checkSpace(env: Env, name: 'observationSpace' | 'actionSpace'): string[] {
  const space: Space<unknown> | undefined = env[name];
  const methods = ['seed', 'sample', 'contains', 'explain', 'toJSON'] as const;
  if (space === undefined || methods.some((method) => typeof space[method] !== 'function')) {
    breach(env, `${name} is not a Space`, {
      found: String(space),
      expected: `an object with ${methods.join(', ')}`,
    });
  }
  // from a generator of our own: a check must not change what the user samples
  const first = space.sample(Rng.fromSeed(0));
  if (!sameValue(first, space.sample(Rng.fromSeed(0)))) {
    breach(env, `${name} does not sample the same member from the same generator`);
  }
  if (!space.contains(first)) {
    breach(env, `${name} does not contain what it samples`, { found: space.explain(first) ?? undefined });
  }
  return unusualBounds(name, space);
}

/** Checks that `metadata` is complete and the render mode is one that it states. */
export function checkMetadata(env: Env): void {
  const { renderModes, renderFps } = env.metadata ?? {};
  const listed = Array.isArray(renderModes) && renderModes.every((mode) => typeof mode === 'string');
  if (!listed || !(Number.isFinite(renderFps) && renderFps > 0)) {
    breach(env, 'metadata is incomplete', {
      found: JSON.stringify(env.metadata),
      expected: 'renderModes, a list of strings, and renderFps > 0',
    });
  }
  const mode = env.renderMode ?? null;
  if (mode !== null && !renderModes.includes(mode)) {
    breach(env, 'The render mode is none that metadata states', {
      found: mode,
      expected: renderModes.join(', '),
    });
  }
  if (!env.unwrapped || env.unwrapped.unwrapped !== env.unwrapped)
    breach(env, 'unwrapped is not the innermost environment');
}

function checkObservation(env: Env, from: string, observation: unknown): void {
  const reason = env.observationSpace.explain(observation);
  if (reason !== null)
    breach(env, `The observation of ${from} is not in observationSpace`, { found: reason });
}

function checkInfo(env: Env, from: string, info: unknown): void {
  if (typeof info !== 'object' || info === null || Array.isArray(info)) {
    breach(env, `The info of ${from} is not a plain object`, { found: String(info) });
  }
}

/** Checks what `reset` returned. */
export function checkResetResult(env: Env, result: ResetResult<unknown>): void {
  if (typeof result !== 'object' || result === null) {
    breach(env, 'reset did not return {observation, info}', { found: String(result) });
  }
  checkObservation(env, 'reset', result.observation);
  checkInfo(env, 'reset', result.info);
}

/** Checks what `step` returned. */
export function checkStepResult(env: Env, result: StepResult<unknown>): void {
  if (typeof result !== 'object' || result === null) {
    breach(env, 'step did not return {observation, reward, terminated, truncated, info}', {
      found: String(result),
    });
  }
  checkObservation(env, 'step', result.observation);
  checkInfo(env, 'step', result.info);
  if (!Number.isFinite(result.reward)) {
    breach(env, 'The reward of step is not a finite number', { found: String(result.reward) });
  }
  for (const name of ['terminated', 'truncated'] as const) {
    if (typeof result[name] !== 'boolean') {
      breach(env, `'${name}' of step is not a boolean`, { found: String(result[name]) });
    }
  }
}

/** Checks what `render` returned: pixels of the stated shape in the mode `rgb_array`, otherwise text. */
export function checkFrame(env: Env, frame: RenderFrame): void {
  const mode = env.renderMode;
  if (mode !== 'rgb_array') {
    if (typeof frame === 'string') return;
    breach(env, `render did not return text in the mode '${mode}'`, { found: typeof frame });
  }
  const isFrame = typeof frame === 'object' && frame !== null && frame.data instanceof Uint8Array;
  const [height, width, channels] = isFrame ? frame.shape : [];
  if (!isFrame || channels !== 3 || frame.data.length !== (height ?? 0) * (width ?? 0) * 3) {
    breach(env, 'render did not return pixels', {
      found: isFrame ? `shape [${frame.shape.join(', ')}], ${frame.data.length} bytes` : typeof frame,
      expected: 'a Uint8Array of the shape [height, width, 3]',
    });
  }
}
