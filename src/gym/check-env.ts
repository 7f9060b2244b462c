import { EnvCheckError, InvalidActionError } from '../errors.ts';
import type { Env, ResetResult, StepResult } from './env.ts';
import { sameValue } from './same-value.ts';
import { Box } from './spaces/box.ts';
import type { Space } from './spaces/space.ts';

/** What to check with. */
export interface CheckEnvOptions {
  /** Seed of the checked episodes; 0 where left out. */
  readonly seed?: number;
  /** Steps of random actions per rollout; 50 where left out. */
  readonly steps?: number;
}

/** What is allowed but unusual. */
export interface CheckEnvReport {
  readonly warnings: readonly string[];
}

/**
 * Checks an environment against the Gymnasium contract (the list of Gymnasium's `utils/env_checker.py`): spaces and
 * metadata, what `reset` and `step` return, that a seed fixes the episode and the ones after it, that the same
 * actions give the same trajectory, that observations are members of their space and not overwritten later, that
 * invalid actions are refused, and that `close` may be called twice. The environment is closed afterwards.
 *
 * @throws EnvCheckError at the first breach.
 * @example
 * const { warnings } = checkEnv(await make('Avoiding-v0'));
 */
export function checkEnv(env: Env, options: CheckEnvOptions = {}): CheckEnvReport {
  const seed = options.seed ?? 0;
  const steps = options.steps ?? 50;
  const warnings = [
    ...checkSpace('observationSpace', env.observationSpace, env),
    ...checkSpace('actionSpace', env.actionSpace, env),
  ];
  checkMetadata(env);
  checkResetSeed(env, seed);
  checkResetOptions(env, seed);
  if (env.spec?.nondeterministic !== true) checkStepDeterminism(env, seed, steps);
  checkInvalidActions(env, seed);
  env.close();
  attempt(env, 'close was called a second time', () => env.close());
  return { warnings };
}

function fail(env: Env, what: string, found?: string, expected?: string): never {
  throw new EnvCheckError({
    what,
    where: String(env.spec?.id ?? env.unwrapped.constructor.name),
    ...(found === undefined ? {} : { found }),
    ...(expected === undefined ? {} : { expected }),
  });
}

/** Runs one call and turns whatever it throws into a breach of the contract. */
function attempt<T>(env: Env, when: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    fail(env, `An error was thrown when ${when}`, String(error));
  }
}

function checkSpace(name: string, space: Space<unknown> | undefined, env: Env): string[] {
  const methods = ['seed', 'sample', 'contains', 'explain', 'toJSON'] as const;
  if (space === undefined || methods.some((method) => typeof space[method] !== 'function')) {
    fail(env, `${name} is not a Space`, String(space), `an object with ${methods.join(', ')}`);
  }
  space.seed(0);
  const first = space.sample();
  space.seed(0);
  if (!sameValue(first, space.sample()))
    fail(env, `${name} does not sample the same member for the same seed`);
  if (!space.contains(first)) {
    fail(env, `${name} does not contain what it samples`, space.explain(first) ?? undefined);
  }
  if (!(space instanceof Box)) return [];
  const warnings: string[] = [];
  for (let i = 0; i < space.size; i++) {
    const low = Number(space.low[i]);
    const high = Number(space.high[i]);
    if (low === high) warnings.push(`${name}: index ${i} has room for one value only, ${low}`);
    if (!Number.isFinite(low) || !Number.isFinite(high)) warnings.push(`${name}: index ${i} is not bounded`);
  }
  return warnings;
}

function checkMetadata(env: Env): void {
  const { renderModes, renderFps } = env.metadata ?? {};
  if (!Array.isArray(renderModes) || !(Number.isFinite(renderFps) && renderFps > 0)) {
    fail(
      env,
      'metadata is incomplete',
      JSON.stringify(env.metadata),
      'renderModes, a list, and renderFps > 0',
    );
  }
  if (env.unwrapped.unwrapped !== env.unwrapped) fail(env, 'unwrapped is not the innermost environment');
}

function checkedReset(env: Env, options: Parameters<Env['reset']>[0]): ResetResult<unknown> {
  const result = attempt(env, `reset(${JSON.stringify(options ?? null)}) was called`, () =>
    env.reset(options),
  );
  checkObservation(env, 'reset', result?.observation);
  checkInfo(env, 'reset', result.info);
  return result;
}

function checkedStep(env: Env, action: unknown): StepResult<unknown> {
  const result = attempt(env, 'step was called with a sampled action', () => env.step(action));
  checkObservation(env, 'step', result?.observation);
  checkInfo(env, 'step', result.info);
  if (!Number.isFinite(result.reward)) {
    fail(env, 'The reward of step is not a finite number', String(result.reward));
  }
  for (const name of ['terminated', 'truncated'] as const) {
    if (typeof result[name] !== 'boolean') {
      fail(env, `'${name}' of step is not a boolean`, String(result[name]));
    }
  }
  return result;
}

function checkObservation(env: Env, from: string, observation: unknown): void {
  const reason = env.observationSpace.explain(observation);
  if (reason !== null) fail(env, `The observation of ${from} is not in observationSpace`, reason);
}

function checkInfo(env: Env, from: string, info: unknown): void {
  if (typeof info !== 'object' || info === null || Array.isArray(info)) {
    fail(env, `The info of ${from} is not a plain object`, String(info));
  }
}

/** The same seed must give the same first reset, and the same resets after it. */
function checkResetSeed(env: Env, seed: number): void {
  const first = checkedReset(env, { seed });
  const firstNext = checkedReset(env, {});
  const second = checkedReset(env, { seed });
  const secondNext = checkedReset(env, {});
  if (!sameValue(first.observation, second.observation)) {
    fail(env, `Two resets with the seed ${seed} gave different observations`);
  }
  if (!sameValue(firstNext.observation, secondNext.observation)) {
    fail(
      env,
      `The reset without a seed that followed one with the seed ${seed} gave different observations`,
      undefined,
      'one generator per environment, replaced by a seed and kept without one',
    );
  }
  checkedReset(env, undefined);
}

function checkResetOptions(env: Env, seed: number): void {
  checkedReset(env, { seed, options: {} });
}

/** One rollout of sampled actions; an ended episode is followed by an unseeded reset. */
function rollout(env: Env, seed: number, steps: number): readonly unknown[] {
  env.actionSpace.seed(seed);
  let last: unknown = checkedReset(env, { seed }).observation;
  const seen: unknown[] = [structuredClone(last)];
  for (let i = 0; i < steps; i++) {
    const before = structuredClone(last);
    const result = checkedStep(env, env.actionSpace.sample());
    if (!sameValue(before, last)) {
      fail(
        env,
        'step changed an observation that it had returned before',
        undefined,
        'a fresh array per step',
      );
    }
    seen.push(structuredClone(result));
    last = result.observation;
    if (result.terminated || result.truncated) last = checkedReset(env, {}).observation;
  }
  return seen;
}

function checkStepDeterminism(env: Env, seed: number, steps: number): void {
  const first = rollout(env, seed, steps);
  const second = rollout(env, seed, steps);
  const at = first.findIndex((step, i) => !sameValue(step, second[i]));
  if (at >= 0) {
    fail(env, `The same seed and actions gave different results at step ${at}`, JSON.stringify(second[at]));
  }
}

/** Actions outside the space must be refused, not swallowed: a policy's NaN would spoil a score in silence. */
function checkInvalidActions(env: Env, seed: number): void {
  const space = env.actionSpace;
  if (!(space instanceof Box)) return;
  const nan = space.sample();
  if (space.dtype.startsWith('float')) nan[0] = Number.NaN;
  const above = space.sample();
  above[0] = Number(space.high[0]) * 2 + 1;
  for (const action of [nan, above]) {
    if (space.contains(action)) continue;
    checkedReset(env, { seed });
    let refused = false;
    try {
      env.step(action);
    } catch (error) {
      refused = error instanceof InvalidActionError;
    }
    if (!refused) {
      fail(
        env,
        'step accepted an action outside the action space',
        space.explain(action) ?? undefined,
        'InvalidActionError',
      );
    }
  }
}
