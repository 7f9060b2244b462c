import type { Env, StepTarget } from './env.ts';

/**
 * Steps an environment into a target: in place where the environment can, otherwise through `step`.
 *
 * @param target - overwritten; its observation keeps its identity where it is a typed array.
 * @throws what `step` throws; the target is then in no defined state.
 */
export function stepInto<O, A>(env: Env<O, A>, action: A, target: StepTarget<O>): void {
  if (env.stepInto !== undefined) {
    env.stepInto(action, target);
    return;
  }
  const result = env.step(action);
  setObservation(target, result.observation);
  target.reward = result.reward;
  target.terminated = result.terminated;
  target.truncated = result.truncated;
  target.info = result.info;
}

/** Puts an observation into a target: copied where both are typed arrays, otherwise by reference. */
export function setObservation<O>(target: StepTarget<O>, observation: O): void {
  const held: unknown = target.observation;
  if (ArrayBuffer.isView(held) && ArrayBuffer.isView(observation)) {
    (held as Float32Array).set(observation as unknown as Float32Array);
  } else target.observation = observation;
}
