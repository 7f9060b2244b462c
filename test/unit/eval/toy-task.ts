import type { MadeTask, Task } from '../../../envs/task.ts';
import { Box } from '../../../src/gym/spaces/box.ts';
import type { Policy } from '../../../src/policies/policy.ts';
import { Rng } from '../../../src/random.ts';

/**
 * A task of one step: the action names the mode, as (mode + 0.5) / modes; a negative action fails. Observes nothing
 * but the number of its context.
 */
export function toyTask(modes: number, contexts = 1): MadeTask {
  let mode: number | null = null;
  let context = 0;
  const task: Task = {
    observationSpace: new Box({ low: 0, high: 1000, shape: [1] }),
    actionSpace: new Box({ low: -1, high: 1, shape: [1] }),
    metadata: { renderModes: [], renderFps: 10 },
    spec: null,
    get unwrapped() {
      return task;
    },
    behavior: { modes: Array.from({ length: modes }, (_, i) => `way ${i}`) },
    contexts: Array.from({ length: contexts }, (_, i) => ({ name: `start ${i}`, options: { context: i } })),
    dtSeconds: 0.1,
    observationNames: ['context'],
    actionNames: ['choice'],
    scene: { parts: [], bounds: [0, 0, 1, 1], movingParts: 0 },
    reset({ options } = {}) {
      mode = null;
      context = Number(options?.context ?? 0);
      return { observation: Float32Array.of(context), info: {} };
    },
    step([choice = 0]) {
      mode = choice < 0 ? null : Math.floor(choice * modes);
      const observation = Float32Array.of(context);
      return { observation, reward: 0, terminated: true, truncated: false, info: {} };
    },
    close() {},
    outcome: () => ({ success: mode !== null, mode, distance: mode === null ? 1 : 0 }),
    poses() {},
    stateHash: () => `${context}:${mode}`,
  };
  return { env: task, task };
}

/** A policy for {@link toyTask} that picks its mode by `choose`, once per episode. */
export function toyPolicy(modes: number, choose: (rng: Rng, context: number) => number | null): Policy {
  let rng = Rng.fromSeed(0);
  return {
    method: 'toy',
    observationSize: 1,
    actionSize: 1,
    reset([seed = 0]) {
      rng = Rng.fromSeed(seed);
    },
    restart(_, seed) {
      rng = Rng.fromSeed(seed);
    },
    act([context = 0]) {
      const mode = choose(rng, context);
      return Float32Array.of(mode === null ? -1 : (mode + 0.5) / modes);
    },
  };
}
