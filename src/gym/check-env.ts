import { EnvCheckError, InvalidActionError } from '../errors.ts';
import type { Env, ResetOptions, ResetResult, StepResult, StepTarget } from './env.ts';
import {
  breach,
  checkFrame,
  checkMetadata,
  checkResetResult,
  checkSpace,
  checkStepResult,
} from './env-contract.ts';
import { make } from './registry.ts';
import { sameValue } from './same-value.ts';
import { Box } from './spaces/box.ts';
import { stepInto } from './step-into.ts';

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
 * `stepInto` does what `step` does, that invalid actions are refused, that `render` draws in the mode the environment
 * was made with, and that `close` may be called twice. The environment is closed afterwards. {@link checkRegistered}
 * also makes it in every render mode.
 *
 * @throws EnvCheckError at the first breach.
 * @example
 * const { warnings } = checkEnv(await make('Avoiding-v0'));
 */
export function checkEnv(env: Env, options: CheckEnvOptions = {}): CheckEnvReport {
  const seed = options.seed ?? 0;
  const steps = options.steps ?? 50;
  const warnings = [...checkSpace(env, 'observationSpace'), ...checkSpace(env, 'actionSpace')];
  checkSpaceSeed(env, 'observationSpace');
  checkSpaceSeed(env, 'actionSpace');
  checkMetadata(env);
  checkResetSeed(env, seed);
  checkResetOptions(env, seed);
  if (env.spec?.nondeterministic !== true) {
    const first = rollout(env, seed, steps, stepOnce);
    requireSame(
      env,
      first,
      rollout(env, seed, steps, stepOnce),
      'The same seed and actions gave different results',
    );
    if (env.stepInto !== undefined) {
      requireSame(
        env,
        first,
        rollout(env, seed, steps, stepOnceInto),
        'stepInto and step gave different results',
      );
    }
  }
  checkInvalidActions(env, seed);
  checkRender(env, seed);
  attempt(env, 'close was called', () => env.close());
  attempt(env, 'close was called a second time', () => env.close());
  return { warnings };
}

/**
 * Makes a registered environment, checks it with {@link checkEnv}, and again in every render mode that its metadata
 * states.
 *
 * @throws EnvCheckError at the first breach; UnregisteredEnvError or EnvVersionError when the id is unknown.
 */
export async function checkRegistered(id: string, options: CheckEnvOptions = {}): Promise<CheckEnvReport> {
  // without the passive checker, so that the message names the check that found the breach
  const env = await make(id, { disableEnvChecker: true });
  const report = checkEnv(env, options);
  for (const renderMode of env.metadata.renderModes) {
    const drawn = await make(id, { renderMode });
    try {
      checkRender(drawn, options.seed ?? 0);
    } finally {
      drawn.close();
    }
  }
  return report;
}

/** Runs one call and turns whatever it throws into a breach of the contract. */
function attempt<T>(env: Env, when: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof EnvCheckError) throw error;
    breach(env, `An error was thrown when ${when}`, { found: String(error) });
  }
}

/** Copies what the environment returned, as a message to or from a worker thread does. */
function cloned<T>(env: Env, from: string, value: T): T {
  try {
    return structuredClone(value);
  } catch (error) {
    breach(env, `What ${from} returned cannot be copied`, {
      found: String(error),
      expected: 'plain values, as a worker thread can send them',
    });
  }
}

function checkedReset(env: Env, options: ResetOptions | undefined): ResetResult<unknown> {
  const call = `reset(${JSON.stringify(options ?? null)}) was called`;
  const result = attempt(env, call, () => env.reset(options));
  checkResetResult(env, result);
  return result;
}

/** A space repeats its samples once it is seeded again. */
function checkSpaceSeed(env: Env, name: 'observationSpace' | 'actionSpace'): void {
  const space = env[name];
  space.seed(0);
  const first = space.sample();
  space.seed(0);
  if (!sameValue(first, space.sample())) {
    breach(env, `${name} does not sample the same member for the same seed`);
  }
}

/** The same seed must give the same first reset, and the same resets after it. */
function checkResetSeed(env: Env, seed: number): void {
  const first = checkedReset(env, { seed });
  const seen = cloned(env, 'reset', first.observation);
  const firstNext = checkedReset(env, {});
  const second = checkedReset(env, { seed });
  // an array that every reset fills anew would equal itself, whatever the seed
  if (first.observation === second.observation || !sameValue(seen, first.observation)) {
    breach(env, 'reset changed an observation that it had returned before', {
      expected: 'a fresh array per reset',
    });
  }
  const secondNext = checkedReset(env, {});
  if (!sameValue(first.observation, second.observation)) {
    breach(env, `Two resets with the seed ${seed} gave different observations`);
  }
  if (!sameValue(firstNext.observation, secondNext.observation)) {
    breach(
      env,
      `The reset without a seed that followed one with the seed ${seed} gave different observations`,
      { expected: 'one generator per environment, replaced by a seed and kept without one' },
    );
  }
  checkedReset(env, { seed: seed + 1 });
  checkedReset(env, undefined);
}

function checkResetOptions(env: Env, seed: number): void {
  checkedReset(env, { seed, options: {} });
}

type Stepper = (env: Env, action: unknown) => StepResult<unknown>;

const stepOnce: Stepper = (env, action) =>
  attempt(env, 'step was called with a sampled action', () => env.step(action));

const stepOnceInto: Stepper = (env, action) => {
  const { observationSpace: space } = env;
  const target: StepTarget = {
    observation: space instanceof Box ? space.zeros() : null,
    reward: Number.NaN,
    // a target is used again and again: both flags must be written, not left as the last step had them
    terminated: true,
    truncated: true,
    info: {},
  };
  attempt(env, 'stepInto was called with a sampled action', () => stepInto(env, action, target));
  return { ...target };
};

/** One rollout of sampled actions; an ended episode is followed by an unseeded reset. */
function rollout(env: Env, seed: number, steps: number, step: Stepper): readonly unknown[] {
  env.actionSpace.seed(seed);
  let last: unknown = checkedReset(env, { seed }).observation;
  const seen: unknown[] = [cloned(env, 'reset', last)];
  for (let i = 0; i < steps; i++) {
    const before = cloned(env, 'step', last);
    const action = env.actionSpace.sample();
    const given = structuredClone(action);
    const result = step(env, action);
    checkStepResult(env, result);
    if (!sameValue(before, last)) {
      breach(env, 'step changed an observation that it had returned before', {
        expected: 'a fresh array per step',
      });
    }
    if (!sameValue(given, action)) breach(env, 'step changed the action that it was given');
    seen.push(cloned(env, 'step', result));
    last = result.observation;
    if (result.terminated || result.truncated) last = checkedReset(env, {}).observation;
  }
  return seen;
}

/** Writes a result for a message; an info may hold what JSON cannot: cycles, 64-bit integers. */
function shown(result: unknown): string {
  try {
    return JSON.stringify(result);
  } catch {
    return String(result);
  }
}

function requireSame(env: Env, first: readonly unknown[], second: readonly unknown[], what: string): void {
  const at = first.findIndex((step, i) => !sameValue(step, second[i]));
  if (at < 0) return;
  breach(env, `${what} at step ${at}`, { found: shown(second[at]), expected: shown(first[at]) });
}

/** Actions outside the space must be refused, not swallowed: a policy's NaN would spoil a score in silence. */
function checkInvalidActions(env: Env, seed: number): void {
  const space = env.actionSpace;
  if (!(space instanceof Box)) return;
  const nan = space.sample();
  if (space.dtype.startsWith('float')) nan[0] = Number.NaN;
  const above = space.sample();
  above[0] = Number(space.high[0]) * 2 + 1;
  const longer = new Box({ low: 0, high: 1, shape: [space.size + 1], dtype: space.dtype }).zeros();
  for (const action of [nan, above, longer]) {
    if (space.contains(action)) continue;
    checkedReset(env, { seed });
    let refused = false;
    try {
      env.step(action);
    } catch (error) {
      refused = error instanceof InvalidActionError;
    }
    if (!refused) {
      breach(env, 'step accepted an action outside the action space', {
        found: space.explain(action) ?? undefined,
        expected: 'InvalidActionError',
      });
    }
  }
}

/** An environment made with a render mode draws after a reset and after a step. */
function checkRender(env: Env, seed: number): void {
  if ((env.renderMode ?? null) === null) return;
  const draw = (when: string) => {
    const frame = attempt(env, `render was called after ${when}`, () => env.render?.());
    if (frame === undefined) breach(env, `There is no render for the mode '${env.renderMode}'`);
    checkFrame(env, frame);
  };
  checkedReset(env, { seed });
  draw('reset');
  stepOnce(env, env.actionSpace.sample());
  draw('step');
}
